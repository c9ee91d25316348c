"""`sirekap user`, as it is typed."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from typer.testing import CliRunner, Result

from pipeline.cli import app
from pipeline.store import accounts, open_store
from pipeline.store.accounts import Session, log_in


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    monkeypatch.setenv("SIREKAP_HOME", str(folder))
    monkeypatch.setenv("SIREKAP_LANGUAGE", "en")
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.setattr(accounts, "_HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    return folder


def run(*arguments: str, typed: str = "") -> Result:
    result = CliRunner().invoke(app, ["user", *arguments], input=typed)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def can_log_in(home: Path, name: str, password: str) -> bool:
    store = open_store(f"sqlite:///{home / 'sirekap.db'}")
    session = log_in(store, name, password, address="test", now=datetime.now(UTC))
    store.dispose()
    return isinstance(session, Session)


def test_account_is_added_with_a_password_that_is_shown_once(home: Path) -> None:
    result = run("add", "budi", "--role", "admin")
    assert result.exit_code == 0
    made = re.search(r"Password: (\S+)", result.output)
    assert made is not None
    assert can_log_in(home, "budi", made[1])


def test_password_from_standard_input_is_not_shown(home: Path) -> None:
    result = run("add", "budi", "--role", "national", "--password-stdin", typed="tiga kata acak\n")
    assert result.exit_code == 0
    assert "tiga kata acak" not in result.output
    assert can_log_in(home, "budi", "tiga kata acak")


def test_what_is_wrong_is_said_and_nothing_is_added(home: Path) -> None:
    assert run("add", "budi", "--role", "king").exit_code == 2
    wrong = run("add", "budi", "--role", "pps", "--region", "18")
    assert wrong.exit_code == 1
    assert "The region of the role pps is a code of 10 signs" in wrong.output
    short = run("add", "budi", "--role", "admin", "--password-stdin", typed="short\n")
    assert "A password has 10 to 200 signs" in short.output
    assert "budi" not in run("list").output


def test_accounts_are_listed_changed_and_deactivated(home: Path) -> None:
    run("add", "budi", "--role", "admin", "--password-stdin", typed="tiga kata acak\n")
    assert re.search(r"budi\s+│ admin\s+│\s+│ active", run("list").output)
    assert run("password", "budi", "--password-stdin", typed="empat kata acak\n").exit_code == 0
    assert can_log_in(home, "budi", "empat kata acak")
    assert run("deactivate", "budi").exit_code == 0
    assert not can_log_in(home, "budi", "empat kata acak")
    assert "not active" in run("list").output
    assert "There is no account ani" in run("deactivate", "ani").output


def test_store_that_is_not_there_is_not_made_by_looking(home: Path) -> None:
    assert run("list").exit_code == 1
    assert not home.exists()

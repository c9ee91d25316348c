"""`sirekap link`, as it is typed."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from typer.testing import CliRunner, Result

from pipeline.cli import app
from pipeline.regions import Region
from pipeline.store import accounts, open_store
from pipeline.store.links import enter, link_at
from pipeline.store.regions import import_regions
from pipeline.store.signing import Signer

STATION = "1805082001003"


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The folder of a store that knows the village of the station."""
    folder = tmp_path / "home"
    folder.mkdir()
    for name, value in {"SIREKAP_HOME": str(folder), "SIREKAP_LANGUAGE": "en", "COLUMNS": "160"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(accounts, "_HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    store = open_store(f"sqlite:///{folder / 'sirekap.db'}")
    with store.begin() as connection:
        codes = ("18", "1805", "180508", "1805082001")
        import_regions(connection, [Region(code, f"Wilayah {code}", 11 if len(code) == 10 else None) for code in codes])
    store.dispose()
    return folder


def run(*arguments: str) -> Result:
    result = CliRunner().invoke(app, ["link", *arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def lets_in(home: Path, token: str) -> bool:
    store = open_store(f"sqlite:///{home / 'sirekap.db'}")
    with store.begin() as connection:
        session = enter(connection, token, Signer(home / "signing.pem"), now=datetime.now(UTC))
    store.dispose()
    return session is not None


def test_link_is_made_listed_and_revoked(home: Path, tmp_path: Path) -> None:
    made = run("add", STATION, "--address", "https://sirekap.example", "--qr", str(tmp_path / "qr"))
    assert made.exit_code == 0
    station, address = made.output.split()
    assert station == STATION
    assert address.startswith("https://sirekap.example/m#masuk=1.")
    assert (tmp_path / "qr" / f"{STATION}.svg").read_text("utf-8").startswith("<svg")
    token = address.partition("#masuk=")[2]
    assert lets_in(home, token)
    assert all(said in run("list", "1805").output for said in (STATION, "valid"))
    assert STATION not in run("list", "11").output
    assert run("revoke", "1").exit_code == 0
    assert not lets_in(home, token)
    assert "revoked" in run("list").output


def test_link_ends_with_the_day_that_was_named(home: Path) -> None:
    assert run("add", STATION, "--address", "https://sirekap.example", "--until", "2030-01-31").exit_code == 0
    store = open_store(f"sqlite:///{home / 'sirekap.db'}")
    with store.connect() as connection:
        link = link_at(connection, 1)
    store.dispose()
    assert link is not None
    assert link.expires == "2030-01-31T17:00:00.000000Z"
    assert "2030-02-01 00:00 WIB" in run("list").output


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("add", STATION, "--address", "sirekap.example"), 2, "https://sirekap.example"),
        (("add", "18050820010", "--address", "https://sirekap.example"), 2, "18050820010: not the code of a polling station"),
        (("add", STATION, "1101012001001", "--address", "https://sirekap.example"), 1, "There is no region 1101012001"),
        (("revoke", "7"), 1, "There is no link 7"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_is_made(home: Path, arguments: tuple[str, ...], code: int, said: str) -> None:
    result = run(*arguments)
    assert result.exit_code == code
    assert said in result.output
    assert "masuk=" not in result.output
    assert STATION not in run("list").output

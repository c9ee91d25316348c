"""`sirekap export` and `sirekap report`, as they are typed."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from pipeline.cli import app
from pipeline.store import open_store
from tests.sheets import make_sheet
from tests.stores import add_photo, add_reading


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    monkeypatch.setenv("SIREKAP_HOME", str(folder))
    monkeypatch.setenv("SIREKAP_LANGUAGE", "en")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.chdir(tmp_path)
    return folder


@pytest.fixture
def filled(home: Path) -> Path:
    """A store with one reading, whose photo is lost; gives its folder."""
    (home / "photos").mkdir(parents=True)
    store = open_store(f"sqlite:///{home / 'sirekap.db'}")
    with store.begin() as connection:
        add_reading(connection, add_photo(connection, "a.jpg"), make_sheet(), likeness=None)
    store.dispose()
    return home


def run(*arguments: str) -> Result:
    result = CliRunner().invoke(app, list(arguments))
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_tables_are_written_and_counted(filled: Path) -> None:
    result = run("export", "out")
    assert result.exit_code == 0
    assert "2 numbers of 1 sheets are in out; 0 photos not yet read; head of the ledger: row 2" in result.output
    assert len(pd.read_parquet("out/numbers")) == 2
    assert Path("out/numbers.csv").exists()
    assert run("export", "out", "--no-csv", "--all").exit_code == 0
    assert not Path("out/numbers.csv").exists()
    assert json.loads(Path("out/head.json").read_text("utf-8"))["rows"] == "all"


def test_ledger_is_verified_against_the_head_of_an_export(filled: Path) -> None:
    run("export", "out")
    assert run("ledger", "verify", "--head", "out/head.json").exit_code == 0


def test_folder_of_something_else_is_left_alone(filled: Path) -> None:
    Path("out").mkdir()
    Path("out/thesis.txt").write_text("years of work")
    result = run("export", "out")
    assert result.exit_code == 2
    assert "out: holds thesis.txt" in result.output
    assert [path.name for path in Path("out").iterdir()] == ["thesis.txt"]
    assert run("export", "out/thesis.txt").exit_code == 2


def test_folder_that_cannot_be_made_is_one_message(filled: Path) -> None:
    Path("file").write_text("")
    for command in (("export", "file/out"), ("report", "file/out.html")):
        result = run(*command)
        assert result.exit_code == 1
        assert "cannot_write" in result.output
        assert "Traceback" not in result.output


def test_report_is_written(filled: Path) -> None:
    result = run("report", "report.html", "--language", "id")
    assert result.exit_code == 0
    assert "Laporan tentang 1 lembar ada di report.html" in result.output
    assert '<html lang="id">' in Path("report.html").read_text("utf-8")


def test_photos_that_cannot_be_reached_are_one_message(filled: Path) -> None:
    (filled / "photos").rmdir()
    result = run("report", "report.html")
    assert result.exit_code == 1
    assert "the photos cannot be reached" in result.output
    assert not Path("report.html").exists()


@pytest.mark.parametrize("command", [("export", "out"), ("report", "out.html")])
def test_store_that_is_not_there_is_not_made_by_looking(home: Path, command: tuple[str, ...]) -> None:
    result = run(*command)
    assert result.exit_code == 1
    assert "there is no store here" in result.output
    assert not home.exists()
    assert not Path(command[1]).exists()

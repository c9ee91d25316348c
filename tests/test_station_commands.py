"""`sirekap election` and `sirekap photo`, as they are typed."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from pipeline.cli import app
from pipeline.regions import Region
from pipeline.store import open_store
from pipeline.store.readings import StoredPhoto
from pipeline.store.regions import import_regions
from tests.stores import add_photo, add_reading, sheet_saying

HERE, THERE = "1805082001010", "1805082001011"
ELECTION = ("election", "add", "pilpres-2024", "--name", "Pilpres", "--day", "2024-02-14", "--sheet", "c-hasil-ppwp-2024/2")


@pytest.fixture(autouse=True)
def photo(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> StoredPhoto:
    """A store with one photo that was read, of a station that exists."""
    monkeypatch.setenv("SIREKAP_HOME", str(tmp_path))
    monkeypatch.setenv("SIREKAP_LANGUAGE", "en")
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("NO_COLOR", "1")
    store = open_store(f"sqlite:///{tmp_path / 'sirekap.db'}")
    with store.begin() as connection:
        codes = [Region("18", "LAMPUNG", None), Region("1805", "TULANG BAWANG", None), Region("180508", "BANJAR AGUNG", None)]
        import_regions(connection, [*codes, Region("1805082001", "BANJAR AGUNG", 11)])
        added = add_photo(connection, "first.jpg", tps=HERE)
        add_reading(connection, added, sheet_saying("c-hasil-ppwp-2024", "2", paslon_1=125))
        again = add_photo(connection, "again.jpg", tps=HERE)
        add_reading(connection, again, sheet_saying("c-hasil-ppwp-2024", "2", paslon_1=725))
    store.dispose()
    return added


def run(*arguments: str) -> Result:
    result = CliRunner().invoke(app, list(arguments))
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_election_is_added_and_listed() -> None:
    added = run(*ELECTION, "--sheet", "c-hasil-salinan-ppwp-2024/1")
    assert "2 sheets of each station" in added.output
    listed = run("election", "list").output
    assert all(part in listed for part in ("pilpres-2024", "2024-02-14", "Pilpres", "c-hasil-salinan-ppwp-2024/1"))


def test_sheet_of_another_election_is_refused() -> None:
    assert run(*ELECTION).exit_code == 0
    result = run("election", "add", "pilkada", "--name", "Pilkada", "--day", "2024-11-27", "--sheet", "c-hasil-ppwp-2024/2")
    assert result.exit_code == 1
    assert "pilpres-2024 already" in result.output


@pytest.mark.parametrize(
    ("change", "said"), [("c-hasil-ppwp-2024/9", "write FORM/PAGE"), ("none", "write FORM/PAGE"), ("14.2.2024", "not a day")]
)
def test_election_that_cannot_be_is_usage(change: str, said: str) -> None:
    place = -3 if "day" in said else -1
    arguments = [*ELECTION]
    arguments[place] = change
    result = run(*arguments)
    assert result.exit_code == 2
    assert said in result.output


def test_photo_is_shown_with_what_stands_and_why(photo: StoredPhoto) -> None:
    shown = run("photo", "show", photo.sha256[:12]).output
    assert all(part in shown for part in ("first.jpg", HERE, "superseded (better_photo)"))


def test_photo_of_another_station_is_moved_and_both_stand(photo: StoredPhoto) -> None:
    assert f"now a photo of station {THERE}" in run("photo", "move", photo.sha256, THERE).output
    shown = run("photo", "show", photo.sha256).output
    assert "accepted, stands" in shown
    assert THERE in shown
    assert "unknown" in run("photo", "move", photo.sha256).output


@pytest.mark.parametrize(
    ("tps", "code", "said"), [("1805082001", 2, "10 signs"), ("9999992001001", 1, "no village"), ("1.80508E+12", 2, "spreadsheet")]
)
def test_station_that_is_none_is_refused(photo: StoredPhoto, tps: str, code: int, said: str) -> None:
    result = run("photo", "move", photo.sha256, tps)
    assert result.exit_code == code
    assert said in result.output


@pytest.mark.parametrize("sha256", ["ffff0000", "%"])
def test_photo_that_is_not_there_says_so(sha256: str) -> None:
    result = run("photo", "show", sha256)
    assert result.exit_code == 1
    assert "there is no photo" in result.output

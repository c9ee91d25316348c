"""`sirekap ledger` and `sirekap regions`, as they are typed."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner, Result

from pipeline.bench.own_cluster import own_cluster
from pipeline.cli import app
from pipeline.store import append, entries, open_store
from pipeline.store.ledger import Kind

SAMPLES = Path(__file__).parents[1] / "sample_forms"

TABLE = "kode,nama,tingkat,tps\n18,LAMPUNG,1,\n1805,TULANG BAWANG,2,\n180508,BANJAR AGUNG,3,\n1805082001,BANJAR AGUNG,4,11\n"


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    monkeypatch.setenv("SIREKAP_HOME", str(folder))
    monkeypatch.setenv("SIREKAP_LANGUAGE", "en")
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.chdir(tmp_path)
    return folder


@pytest.fixture
def filled(home: Path) -> Path:
    """A store with three rows; gives its database file."""
    store = open_store(f"sqlite:///{home / 'sirekap.db'}")
    with store.begin() as connection:
        append(connection, [(Kind.DECISION, {"name": f"{number}.jpg"}) for number in range(3)])
    store.dispose()
    return home / "sirekap.db"


def run(*arguments: str) -> Result:
    result = CliRunner().invoke(app, list(arguments))
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_store_that_is_not_there_is_not_made_by_looking(home: Path) -> None:
    result = run("ledger", "verify")
    assert result.exit_code == 1
    assert "there is no store here" in result.output
    assert not home.exists()


def test_key_without_a_head_is_usage(filled: Path) -> None:
    assert run("ledger", "verify", "--key", "none.pub").exit_code == 2


def test_kept_head_tells_later_that_rows_were_cut_off(filled: Path) -> None:
    assert run("ledger", "head", "--out", "head.json").exit_code == 0
    assert run("ledger", "verify", "--head", "head.json").exit_code == 0
    with sqlite3.connect(filled) as connection:
        connection.execute("DROP TRIGGER ledger_no_delete")
        connection.execute("DELETE FROM ledger WHERE position = 3")
    connection.close()
    assert run("ledger", "verify").exit_code == 0
    result = run("ledger", "verify", "--head", "head.json")
    assert result.exit_code == 1
    assert "truncated" in result.output
    assert "Keep this database as it is" in result.output


def test_signed_head_is_checked_with_the_public_key(filled: Path) -> None:
    assert run("ledger", "key", "signing").exit_code == 0
    assert Path("signing").stat().st_mode & 0o077 == 0
    assert run("ledger", "head", "--out", "head.json", "--key", "signing").exit_code == 0
    assert run("ledger", "verify", "--head", "head.json", "--key", "signing.pub").exit_code == 0
    assert run("ledger", "key", "other").exit_code == 0
    refused = run("ledger", "verify", "--head", "head.json", "--key", "other.pub")
    assert refused.exit_code == 1
    assert "not of this key" in refused.output
    assert run("ledger", "key", "signing").exit_code == 1


def test_head_is_printed_as_one_line(filled: Path) -> None:
    said = json.loads(run("ledger", "head").output)
    assert said["position"] == 3


def test_export_holds_every_row_and_the_head(filled: Path) -> None:
    assert run("ledger", "export", "ledger.jsonl").exit_code == 0
    *rows, last = map(json.loads, Path("ledger.jsonl").read_text("utf-8").splitlines())
    assert [json.loads(row["body"])["name"] for row in rows] == ["0.jpg", "1.jpg", "2.jpg"]
    assert last["head"] == {"position": 3, "hash": rows[-1]["hash"]}


def test_database_that_cannot_be_opened_is_one_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIREKAP_DATABASE", "postgresql+psycopg://me:secret@127.0.0.1:9/none")
    result = run("ledger", "verify")
    assert result.exit_code == 1
    assert "cannot be opened" in result.output
    assert "secret" not in result.output


def test_regions_are_imported_and_shown() -> None:
    Path("regions.csv").write_text(TABLE, "utf-8")
    assert "4 regions added" in run("regions", "import", "regions.csv").output
    assert "0 regions added, 0 changed, 4 as they were" in run("regions", "import", "regions.csv").output
    shown = run("regions", "show", "18").output
    assert "TULANG BAWANG" in shown
    assert "11" in shown
    assert "LAMPUNG" in run("regions", "show").output
    assert run("regions", "show", "19").exit_code == 1
    assert run("regions", "show", "1.8E+5").exit_code == 2


def test_rows_left_out_are_named_and_counted() -> None:
    Path("regions.csv").write_text(TABLE + "".join(f"1.8050{number}E+09,LOST,4,1\n" for number in range(30)), "utf-8")
    result = run("regions", "import", "regions.csv")
    assert result.exit_code == 3
    assert "line 6:" in result.output
    assert "and 10 more" in result.output
    assert "TULANG BAWANG" in run("regions", "show", "18").output


def test_table_that_is_none_is_one_message() -> None:
    result = run("regions", "import", "missing.csv")
    assert result.exit_code == 1
    assert "No such file" in result.output


@pytest.fixture
def photos(tmp_path: Path, colour_reader: None) -> Path:
    folder = tmp_path / "sent"
    folder.mkdir()
    for blue in (40, 80):
        cv2.imwrite(str(folder / f"180508200101{blue // 40}.png"), np.full((200, 300, 3), (blue, 100, 50), np.uint8))
    (folder / "notes.jpg").write_text("no photo")
    return folder


def test_photos_are_taken_in_and_read(photos: Path) -> None:
    first = run("ingest", "sent")
    assert "3 photos taken in, 0 known already" in first.output
    assert "there is no village 1805082001 in the table of regions" in first.output
    Path("regions.csv").write_text(TABLE, "utf-8")
    run("regions", "import", "regions.csv")
    assert "0 photos taken in, 3 known already" in run("ingest", "sent").output
    result = run("run", "--workers", "0")
    assert result.exit_code == 0
    assert "3 photos in the store, 0 not yet read" in result.output
    assert "1 refused" in result.output
    assert "6 rows" in run("ledger", "verify").output


def test_manifest_goes_in_but_for_its_bad_rows(photos: Path) -> None:
    Path("sent/manifest.csv").write_text("path,tps\n1805082001011.png,1805082001011\n1805082001012.png,1.805E+12\ngone.png,\n", "utf-8")
    result = run("ingest", "sent/manifest.csv")
    assert result.exit_code == 3
    assert "line 3" in result.output
    assert "gone.png: not_found" in result.output
    said = "1 photos taken in, 0 known already, 0 now with the manifest's station, 1 refused, 1 rows of the manifest left out"
    assert said in result.output


def test_manifest_again_takes_in_what_has_come_since(photos: Path) -> None:
    Path("sent/manifest.csv").write_text("path,tps,page\n1805082001011.png,,2\nlate.png,,\n", "utf-8")
    assert "1 photos taken in" in run("ingest", "sent/manifest.csv").output
    Path("sent/1805082001011.png").unlink()
    Path("sent/late.png").write_bytes(Path("sent/1805082001012.png").read_bytes())
    again = run("ingest", "sent/manifest.csv")
    assert again.exit_code == 0
    assert "1 photos taken in, 0 known already" in again.output
    assert "0 photos taken in" in run("ingest", "sent/manifest.csv").output


def test_manifest_names_the_stations_of_photos_that_had_none(photos: Path) -> None:
    Path("regions.csv").write_text(TABLE, "utf-8")
    run("regions", "import", "regions.csv")
    Path("sent/1805082001011.png").rename("sent/scan.png")
    run("ingest", "sent/scan.png")
    Path("sent/manifest.csv").write_text("path,tps\nscan.png,1805082001011\n", "utf-8")
    result = run("ingest", "sent/manifest.csv")
    assert "0 photos taken in, 0 known already, 1 now with the manifest's station" in result.output


def test_reason_of_later_photos_is_kept(photos: Path, home: Path) -> None:
    assert run("ingest", "sent", "--reason", "recount").exit_code == 0
    assert run("ingest", "sent", "--reason", "boredom").exit_code == 2
    with sqlite3.connect(home / "sirekap.db") as connection:
        assert set(connection.execute("SELECT reason FROM photos")) == {("recount",)}
    connection.close()


@pytest.mark.parametrize("path", ["nonsense://x", "nonsense://x/manifest.csv"])
def test_place_that_cannot_be_reached_is_one_message(path: str) -> None:
    result = run("ingest", path)
    assert result.exit_code == 1
    assert "not a place for files" in result.output


def test_nothing_to_take_in_is_usage(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert run("ingest", "empty").exit_code == 2


def test_run_without_photos_says_so(colour_reader: None) -> None:
    result = run("run", "--workers", "0")
    assert result.exit_code == 0
    assert "0 photos in the store, 0 not yet read" in result.output


def test_reading_is_made_again_and_compared(photos: Path) -> None:
    run("ingest", "sent")
    run("run", "--workers", "0")
    same = run("replay", "4")
    assert same.exit_code == 0
    assert "exactly the same" in same.output
    none = run("replay", "1")
    assert none.exit_code == 1
    assert "no reading" in none.output


def test_this_process_a_local_cluster_and_one_by_address_tell_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told, elsewhere = [], tmp_path / "elsewhere"
    elsewhere.mkdir()
    with own_cluster(elsewhere, workers=1) as cluster:
        for number, where in enumerate((("--workers", "0"), ("--workers", "2"), ("--scheduler", cluster.address))):
            monkeypatch.setenv("SIREKAP_HOME", f"home-{number}")  # a relative path, which the workers by address have to find too
            run("ingest", *(str(SAMPLES / name) for name in ("page2-fluid.jpg", "page2-scan.jpg", "page3-scan.jpg")))
            assert run("run", *where).exit_code == 0
            store = open_store(f"sqlite:///home-{number}/sirekap.db")
            with store.connect() as connection:
                told.append([(row.kind, row.body) for row in entries(connection)])
            store.dispose()
    assert len(told[0]) >= 6
    assert told[0] == told[1] == told[2]

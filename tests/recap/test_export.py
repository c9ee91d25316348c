"""What an export holds is what the store held at one moment, and can be read by whoever has pandas or a spreadsheet."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import sqlalchemy as sa

from pipeline.recap import export as export_module
from pipeline.recap.columns import TABLES
from pipeline.recap.export import export, strangers
from pipeline.recap.moment import one_moment
from pipeline.recap.rows import Exported
from pipeline.sheet import FieldState, Sheet
from pipeline.store import entries, head, verify
from pipeline.store.checkpoint import read_head
from pipeline.store.decisions import DecisionKind, Outcome, Typed, tell_decision
from pipeline.store.ledger import Head
from pipeline.store.readings import StoredPhoto
from pipeline.store.sheets import StoredSheet, sheet_at
from pipeline.store.standing import settle
from pipeline.writing import OutputError
from tests.recap.conftest import HOSTILE, LAMPUNG, PAPUA
from tests.sheets import make_refused, make_sheet
from tests.stores import add_photo, add_reading

SAMPLES = Path(__file__).parents[2] / "sample_forms" / "expected.jsonl"


def written(store: sa.Engine, folder: Path, *, everything: bool = False, as_csv: bool = True) -> Head:
    with one_moment(store) as connection:
        last, _ = export(connection, folder, everything=everything, as_csv=as_csv)
    return last


def test_numbers_of_what_stands_are_parted_by_province(filled: sa.Engine, out: Path) -> None:
    written(filled, out)
    assert {path.name for path in (out / "numbers").iterdir()} == {"province=18", "province=92", "province=unknown"}
    numbers = pd.read_parquet(out / "numbers").sort_values(["reading", "field"])
    assert list(zip(numbers["province"], numbers["tps"].fillna("-"), numbers["field"], numbers["value"].fillna(-1), strict=True)) == [
        ("18", LAMPUNG, "paslon_1", 125), ("18", LAMPUNG, "paslon_2", -1),
        ("92", PAPUA, "paslon_1", 80), ("92", PAPUA, "paslon_2", -1),
        ("unknown", "-", "paslon_1", 60), ("unknown", "-", "paslon_2", -1),
    ]  # fmt: skip
    assert numbers["stands"].all()
    assert set(numbers["election"]) == {"pilpres-2024"}


def test_what_people_decided_stands_beside_what_was_read(filled: sa.Engine, out: Path) -> None:
    written(filled, out)
    before = pd.read_parquet(out / "numbers")
    assert before["decision"].isna().all()
    reading = int(before[before["tps"] == PAPUA]["reading"].iloc[0])
    with filled.begin() as connection:
        numbers = {"paslon_1": Typed(FieldState.NUMBER, 90), "paslon_2": Typed(FieldState.ILLEGIBLE, None)}
        row = tell_decision(connection, reading, DecisionKind.RESOLVED, account="ani", numbers=numbers, outcome=Outcome.PAPER_WRONG)
        settle(connection, sheet_at(connection, reading).photo)
    written(filled, out)
    table = pd.read_parquet(out / "numbers").set_index(["tps", "field"])
    assert table.loc[(PAPUA, "paslon_1"), ["value", "decided_value", "decided_state", "decision", "decision_row"]].tolist() == [
        80, 90, "number", "paper_wrong", row,
    ]  # fmt: skip
    assert table.loc[(PAPUA, "paslon_2"), "decided_state"] == "illegible"
    assert pd.isna(table.loc[(LAMPUNG, "paslon_1"), "decided_value"])
    assert "ani" not in (out / "numbers.csv").read_text("utf-8")


def test_number_carries_its_evidence(filled: sa.Engine, out: Path) -> None:
    written(filled, out)
    numbers = pd.read_parquet(out / "numbers")
    row = numbers[(numbers["tps"] == PAPUA) & (numbers["field"] == "paslon_1")].iloc[0]
    assert (row["boxes_value"], row["boxes_probability"], row["bubbles_value"]) == (80, 0.98, 80)
    assert pd.isna(row["tally_value"])
    assert pd.isna(row["tally_probability"])
    assert (row["alternative_1_value"], row["alternative_2_value"], row["alternative_2_probability"]) == (80, 126, 0.002)
    assert pd.isna(row["alternative_3_value"])
    assert row["alternative_3_probability"] == 1e-6
    assert (row["findings"], row["verdict"], row["models"], row["software"]) == ("unsure", "review", "digits=0123", "sirekap 0.1.0")
    with filled.connect() as connection:
        (entry,) = [entry for entry in entries(connection) if entry.position == row["reading"]]
    assert (entry.kind, entry.hash) == ("reading", row["reading_hash"])
    assert json.loads(entry.body)["photo"] == row["photo"]


def test_types_survive_pandas(filled: sa.Engine, out: Path) -> None:
    written(filled, out)
    for name, columns in TABLES.items():
        table = pd.read_parquet(out / name)
        assert {column.name: str(table[column.name].dtype) for column in columns} == {column.name: column.type.value for column in columns}
        assert str(table["province"].dtype) == "category"


def test_replaced_readings_are_written_when_asked_for_with_the_reason(filled: sa.Engine, out: Path) -> None:
    written(filled, out, everything=True)
    sheets = pd.read_parquet(out / "sheets").set_index("name")
    assert list(sheets.index[~sheets["stands"]]) == ["first.jpg"]
    assert sheets.loc["first.jpg", "superseded"] == "better_photo"
    assert len(sheets) == 5


def test_refused_sheet_has_its_reason_and_no_numbers(filled: sa.Engine, out: Path) -> None:
    written(filled, out)
    sheets = pd.read_parquet(out / "sheets").set_index("name")
    assert sheets.loc["blurred.jpg", "refusal"] == "page_not_found"
    assert sheets.loc["blurred.jpg", "numbers"] == 0
    assert sheets.loc["blurred.jpg", "seconds"] == 0.1
    assert "blurred.jpg" not in set(pd.read_parquet(out / "numbers")["name"])


def test_doubts_of_the_sheet_and_of_the_set_are_told_apart(filled: sa.Engine, out: Path) -> None:
    written(filled, out)
    findings = pd.read_parquet(out / "findings")
    assert set(findings[findings["origin"] == "sheet"]["code"]) == {"unsure"}
    assert set(findings[findings["origin"] == "set"]["code"]) == {"documents_differ", "page_missing"}
    assert set(findings[findings["code"] == "unsure"]["fields"]) == {"paslon_1"}


def test_csv_says_the_same(filled: sa.Engine, out: Path) -> None:
    written(filled, out)
    for name in TABLES:
        text = pd.read_csv(out / f"{name}.csv", dtype=str, keep_default_na=False)
        table = pd.read_parquet(out / name)
        assert len(text) == len(table)
        assert set(text.columns) == set(table.columns)
        if name == "numbers":
            assert sorted(text["value"]) == sorted("" if pd.isna(value) else str(value) for value in table["value"])
    assert HOSTILE in set(pd.read_csv(out / "sheets.csv")["name"])


def test_every_column_is_explained(filled: sa.Engine, out: Path) -> None:
    written(filled, out)
    with (out / "columns.csv").open(encoding="utf-8", newline="") as file:
        explained = {(row["table"], row["column"]): row["meaning"] for row in csv.DictReader(file)}
    assert set(explained) == {(name, column) for name in TABLES for column in pd.read_parquet(out / name).columns}
    assert all(explained.values())


def test_rows_have_no_other_columns() -> None:
    about = StoredSheet(2, 1, "ab" * 32, "a.jpg", 1, LAMPUNG, "recount", False, make_sheet().findings, make_sheet())
    for sheet in (make_sheet(), make_refused()):
        one = Exported(replace(about, sheet=sheet), "cd" * 32, None)
        for name, rows_of in export_module.ROWS.items():
            for row in rows_of(one):
                assert set(row) <= {column.name for column in TABLES[name]}


def test_head_is_the_one_a_ledger_is_verified_against(filled: sa.Engine, out: Path) -> None:
    last = written(filled, out, as_csv=False)
    assert not list(out.glob("numbers.csv"))
    kept = read_head(out / "head.json")
    assert kept == last
    with filled.connect() as connection:
        assert isinstance(verify(entries(connection), against=kept), Head)
    said = json.loads((out / "head.json").read_text("utf-8"))
    assert said["counts"] == {"numbers": 6, "sheets": 4, "findings": 6, "photos": 6, "waiting": 1}
    assert said["rows"] == "standing"


def test_readings_that_come_meanwhile_are_of_the_next_export(filled: sa.Engine, out: Path) -> None:
    reached: list[int] = []

    def another(position: int) -> None:
        if not reached:
            with filled.begin() as writer:
                add_reading(writer, add_photo(writer, "late.jpg", tps="1805082001011"), make_sheet(tps=None), likeness=None)
        reached.append(position)

    with one_moment(filled) as connection:
        last, counts = export(connection, out, everything=True, as_csv=False, told=another)
    with filled.connect() as connection:
        assert head(connection).position > last.position
    assert "late.jpg" not in set(pd.read_parquet(out / "sheets")["name"])
    assert counts.sheets == 5
    assert max(reached) <= last.position


def test_empty_store_gives_tables_without_rows(store: sa.Engine, out: Path) -> None:
    assert written(store, out).position == 0
    assert all(pd.read_parquet(out / name).empty for name in TABLES)


def test_many_rows_are_written_in_groups(filled: sa.Engine, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export_module, "ROWS_HELD", 2)
    monkeypatch.setattr(export_module, "SHEETS_AT_ONCE", 1)
    written(filled, out, everything=True)
    assert len(pd.read_parquet(out / "numbers")) == 8


def test_sample_readings_come_back_from_the_tables(store: sa.Engine, out: Path) -> None:
    sheets = [Sheet.from_dict(json.loads(line)) for line in SAMPLES.read_text("utf-8").splitlines()]
    with store.begin() as connection:
        for sheet in sheets:
            photo = add_photo(connection, sheet.source)
            add_reading(connection, StoredPhoto(photo.position, photo.sha256, photo.name), sheet, likeness=None)
    written(store, out)
    numbers = pd.read_parquet(out / "numbers")
    assert len(numbers) == sum(len(sheet.fields) for sheet in sheets)
    assert {(row.name, row.field): None if pd.isna(row.value) else row.value for row in numbers.itertuples(index=False)} == {
        (sheet.source, name): field.value for sheet in sheets for name, field in sheet.fields.items()
    }


def test_earlier_export_is_replaced_whole(filled: sa.Engine, out: Path) -> None:
    written(filled, out, everything=True)
    assert strangers(out) == []
    written(filled, out, as_csv=False)
    assert not (out / "numbers.csv").exists()
    assert len(pd.read_parquet(out / "sheets")) == 4
    assert [path.name for path in out.parent.iterdir()] == ["export"]


def test_what_is_of_no_export_is_not_replaced(filled: sa.Engine, out: Path) -> None:
    out.mkdir(parents=True)
    assert strangers(out) == []
    (out / "thesis.txt").write_text("years of work")
    assert strangers(out) == ["thesis.txt"]
    with pytest.raises(OutputError, match=r"thesis\.txt"):
        written(filled, out)
    assert [path.name for path in out.parent.iterdir()] == ["export"]
    (out / "thesis.txt").unlink()
    written(filled, out)
    (out / "thesis.txt").write_text("years of work")
    assert strangers(out) == ["thesis.txt"]


def test_export_that_fails_leaves_the_earlier_one(filled: sa.Engine, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = written(filled, out)

    def stop(position: int) -> None:
        raise KeyboardInterrupt

    with one_moment(filled) as connection, pytest.raises(KeyboardInterrupt):
        export(connection, out, everything=True, as_csv=True, told=stop)
    assert [path.name for path in out.parent.iterdir()] == ["export"]
    assert read_head(out / "head.json") == before
    assert len(pd.read_parquet(out / "sheets")) == 4


def test_full_disk_is_one_error_and_leaves_nothing(filled: sa.Engine, small_disk: Path) -> None:
    (small_disk / "filler").write_bytes(b"0" * 250_000)
    with pytest.raises(OutputError, match="No space"):
        written(filled, small_disk / "export")
    assert [path.name for path in small_disk.iterdir()] == ["filler"]

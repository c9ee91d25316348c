"""The result files: the same bytes for the same sheets, valid by the schema, whole or not there."""

from __future__ import annotations

import csv
import errno
import json
from collections.abc import Iterable
from dataclasses import fields
from enum import StrEnum
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pyarrow.parquet as pq
import pytest

from pipeline import results
from pipeline.results import FIELD_COLUMNS, FINDING_COLUMNS, results_in, sheet_line
from pipeline.sheet import FieldState, FindingCode, RefusalCode, Severity, Sheet, SourceKind, Verdict
from pipeline.writing import OutputError
from tests.sheets import make_field, make_refused, make_sheet

SHEETS = (make_sheet(), make_refused(), make_sheet("photos/é #1.jpg", tps=None, registration=None))
NAMES = {"sheets.jsonl", "fields.csv", "fields.parquet", "findings.csv"}


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(files("pipeline").joinpath("sheet.schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(loaded)
    return loaded


def write(folder: Path, sheets: Iterable[Sheet] = SHEETS) -> dict[str, bytes]:
    with results_in(folder) as writer:
        for sheet in sheets:
            writer.write(sheet)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_same_sheets_give_the_same_bytes(tmp_path: Path) -> None:
    first = write(tmp_path / "a")
    assert set(first) == NAMES
    assert write(tmp_path / "b") == first


def test_run_without_sheets_gives_files_with_headers(tmp_path: Path) -> None:
    written = write(tmp_path, ())
    assert written["sheets.jsonl"] == b""
    assert written["fields.csv"].decode().strip() == ",".join(FIELD_COLUMNS)
    assert pq.read_table(tmp_path / "fields.parquet").num_rows == 0


def test_lines_load_back(tmp_path: Path) -> None:
    lines = write(tmp_path)["sheets.jsonl"].decode().splitlines()
    assert [Sheet.from_dict(json.loads(line)).to_dict() for line in lines] == [sheet.to_dict() for sheet in SHEETS]
    assert "é" in lines[2]


def test_fields_are_a_row_a_number_in_both_files(tmp_path: Path) -> None:
    write(tmp_path)
    with (tmp_path / "fields.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    table = pq.read_table(tmp_path / "fields.parquet").to_pylist()
    assert list(table[0]) == list(FIELD_COLUMNS) == list(rows[0])
    assert len(rows) == len(table) == 4
    assert (rows[0]["field"], rows[0]["value"], rows[0]["raw"], rows[0]["boxes_value"]) == ("paslon_1", "125", "125", "125")
    assert (rows[1]["value"], rows[1]["state"], rows[1]["tally_value"]) == ("", "blank", "")
    assert (table[0]["value"], table[1]["value"], table[0]["bubbles_probability"]) == (125, None, 0.999999)


def test_findings_have_refusals_among_them(tmp_path: Path) -> None:
    write(tmp_path)
    with (tmp_path / "findings.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == FINDING_COLUMNS
    assert [(row["kind"], row["code"]) for row in rows] == [("finding", "unsure"), ("refusal", "page_not_found"), ("finding", "unsure")]
    assert rows[0]["message_id"] == 'Ragu; "1", 7'
    assert rows[1]["message_en"].startswith("no hypothesis matched the printed lines. Take the photo again")


def test_parquet_is_written_in_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "ROWS_AT_ONCE", 3)
    write(tmp_path, SHEETS * 4)
    file = pq.ParquetFile(tmp_path / "fields.parquet")
    assert file.num_row_groups > 2
    assert file.read().num_rows == 16


def test_stopped_run_leaves_the_earlier_results(tmp_path: Path) -> None:
    before = write(tmp_path)

    def stopped() -> Iterable[Sheet]:
        yield make_sheet("z.jpg")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(tmp_path, stopped())
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize("broken", ["write_table", "close"])
def test_full_disk_leaves_the_earlier_results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str) -> None:
    before = write(tmp_path)

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(results.pq.ParquetWriter, broken, full)
        with pytest.raises(OutputError, match="No space left"):
            write(tmp_path, SHEETS[:1])
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize("sheet", SHEETS, ids=["read", "refused", "without station"])
def test_lines_are_valid_by_the_schema(sheet: Sheet, schema: dict[str, Any]) -> None:
    jsonschema.Draft202012Validator(schema).validate(json.loads(sheet_line(sheet)))


@pytest.mark.parametrize(
    "wrong",
    [
        make_sheet(probability=0.5).to_dict() | {"probability": 1.0},
        make_sheet().to_dict() | {"verdict": "refused"},
        make_refused().to_dict() | {"verdict": "accepted"},
        make_sheet().to_dict() | {"colour": "red"},
        make_sheet(fields={"paslon_1": make_field(raw="12a")}).to_dict(),
    ],
    ids=["certain", "refused with numbers", "accepted without", "unknown key", "unknown sign"],
)
def test_schema_refuses_what_cannot_be(wrong: dict[str, Any], schema: dict[str, Any]) -> None:
    assert not jsonschema.Draft202012Validator(schema).is_valid(wrong)


def test_schema_knows_the_keys_and_codes_of_the_types(schema: dict[str, Any]) -> None:
    def codes(of: type[StrEnum]) -> list[str]:
        return [code.value for code in of]

    parts = schema["$defs"]
    assert list(schema["properties"]) == schema["required"] == [attribute.name for attribute in fields(Sheet)]
    assert schema["properties"]["verdict"]["enum"] == codes(Verdict)
    assert parts["field"]["properties"]["state"]["enum"] == codes(FieldState)
    assert parts["field"]["properties"]["sources"]["propertyNames"]["enum"] == codes(SourceKind)
    assert parts["finding"]["properties"]["code"]["enum"] == codes(FindingCode)
    assert parts["finding"]["properties"]["severity"]["enum"] == codes(Severity)
    assert parts["refusal"]["properties"]["code"]["enum"] == codes(RefusalCode)
    assert list(parts["field"]["properties"]) == list(make_field().to_dict())

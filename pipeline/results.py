"""Sheets to files: `sheets.jsonl` whole, `fields.csv` and `fields.parquet` a row a number, `findings.csv` a row a doubt or refusal.

Sheets are written as they come, in their final order, and the four files get their names together at the end. The same sheets give
the same bytes.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.sheet import Sheet, SourceKind, rounded
from pipeline.writing import StagedFiles, output_errors

SHEETS, FIELDS_CSV, FIELDS_PARQUET, FINDINGS = "sheets.jsonl", "fields.csv", "fields.parquet", "findings.csv"

ROWS_AT_ONCE = 20_000
"""Rows of a Parquet row group: a few megabytes in memory."""

FIELD_COLUMNS: dict[str, pa.DataType] = {
    "source": pa.string(),
    "sha256": pa.string(),
    "form": pa.string(),
    "form_version": pa.string(),
    "page": pa.string(),
    "tps": pa.string(),
    "verdict": pa.string(),
    "field": pa.string(),
    "value": pa.int64(),
    "state": pa.string(),
    "raw": pa.string(),
    "corrected": pa.bool_(),
    "probability": pa.float64(),
} | {f"{kind}_{part}": type for kind in SourceKind for part, type in (("value", pa.int64()), ("probability", pa.float64()))}

FINDING_COLUMNS = ("source", "sha256", "form", "page", "verdict", "kind", "code", "severity", "fields", "message_id", "message_en")


def sheet_line(sheet: Sheet) -> str:
    """The line of a sheet in `sheets.jsonl`, without its end."""
    return json.dumps(sheet.to_dict(), ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def field_rows(sheet: Sheet) -> Iterator[dict[str, Any]]:
    """A row a number of the sheet, with the columns of `FIELD_COLUMNS`."""
    for name, field in sheet.fields.items():
        row = {
            "source": sheet.source,
            "sha256": sheet.sha256,
            "form": sheet.form,
            "form_version": sheet.form_version,
            "page": sheet.page,
            "tps": sheet.tps.code if sheet.tps else None,
            "verdict": sheet.verdict.value,
            "field": name,
            "value": field.value,
            "state": field.state.value,
            "raw": field.raw,
            "corrected": field.corrected,
            "probability": rounded(field.probability),
        }
        for kind in SourceKind:
            reading = field.sources.get(kind)
            row[f"{kind}_value"] = reading.value if reading else None
            row[f"{kind}_probability"] = rounded(reading.probability) if reading else None
        yield row


def finding_rows(sheet: Sheet) -> Iterator[dict[str, Any]]:
    """A row a finding, and one for the refusal, with the columns of `FINDING_COLUMNS`."""
    about = {"source": sheet.source, "sha256": sheet.sha256, "form": sheet.form, "page": sheet.page, "verdict": sheet.verdict.value}
    if sheet.refusal:
        advice = sheet.refusal.advice
        yield about | {
            "kind": "refusal",
            "code": sheet.refusal.code.value,
            "severity": "error",
            "fields": "",
            "message_id": f"{sheet.refusal.detail}. {advice.id}",
            "message_en": f"{sheet.refusal.detail}. {advice.en}",
        }
    for finding in sheet.findings:
        yield about | {
            "kind": "finding",
            "code": finding.code.value,
            "severity": finding.severity.value,
            "fields": " ".join(finding.fields),
            "message_id": finding.message.id,
            "message_en": finding.message.en,
        }


class ResultsWriter:
    """Adds sheets to the result files of a run; made by `results_in`."""

    def __init__(self, staged: StagedFiles, folder: Path) -> None:
        self._folder = folder
        self._sheets = staged.create(SHEETS)
        self._fields = csv.DictWriter(_Encoded(staged.create(FIELDS_CSV)), FIELD_COLUMNS, lineterminator="\n")
        self._findings = csv.DictWriter(_Encoded(staged.create(FINDINGS)), FINDING_COLUMNS, lineterminator="\n")
        self._schema = pa.schema(list(FIELD_COLUMNS.items()))
        self._rows: list[dict[str, Any]] = []
        parquet = staged.create(FIELDS_PARQUET)
        with output_errors(folder):
            self._fields.writeheader()
            self._findings.writeheader()
            self._parquet = pq.ParquetWriter(parquet, self._schema)

    def write(self, sheet: Sheet) -> None:
        """Add one sheet; sheets come in their final order."""
        with output_errors(self._folder):
            self._sheets.write((sheet_line(sheet) + "\n").encode())
            rows = list(field_rows(sheet))
            self._fields.writerows(rows)
            self._findings.writerows(finding_rows(sheet))
            self._rows.extend(rows)
            if len(self._rows) >= ROWS_AT_ONCE:
                self._write_rows()

    def finish(self) -> None:
        """Write what is still held."""
        with output_errors(self._folder):
            self._write_rows()
            self._parquet.close()

    def abandon(self) -> None:
        """Let go of the Parquet file: when collected it would try to write its end into a file that is gone."""
        with suppress(OSError, ValueError, pa.ArrowException):
            self._parquet.close()
        self._parquet.is_open = False

    def _write_rows(self) -> None:
        self._parquet.write_table(pa.Table.from_pylist(self._rows, schema=self._schema))
        self._rows.clear()


@contextmanager
def results_in(folder: Path) -> Iterator[ResultsWriter]:
    """The result files of a run in a folder, which is made; they appear when the `with` block ends well.

    Raises
    ------
    OutputError
        A file cannot be written; those of an earlier run are then as they were.
    """
    with StagedFiles(folder) as staged:
        writer = ResultsWriter(staged, folder)
        try:
            yield writer
            writer.finish()
        except BaseException:
            writer.abandon()
            raise


class _Encoded:
    """A text file for the csv module over a binary one, with nothing buffered between."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def write(self, text: str) -> int:
        return self._file.write(text.encode())

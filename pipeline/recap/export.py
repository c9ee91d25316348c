"""Every number of the store in tables that others can open: Parquet by province, CSV, and the head of the ledger they were made of.

A connection of one moment comes in, a folder goes out. The idea: sheets pass by one after the other, in the order of the ledger; what is
held are the last rows of each province, until they are many.
"""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy as sa
from sqlalchemy import Connection

from pipeline.recap.columns import PROVINCE, TABLES, UNKNOWN, Column, column_rows, schema_of
from pipeline.recap.folder import whole_folder
from pipeline.recap.rows import Exported, Row, finding_rows, number_rows, sheet_rows
from pipeline.store.decisions import standing_decisions
from pipeline.store.elections import all_elections
from pipeline.store.ledger import Head, head
from pipeline.store.readings import progress
from pipeline.store.schema import ledger
from pipeline.store.sheets import StoredSheet, stored_sheets
from pipeline.writing import output_errors

HEAD, COLUMNS = "head.json", "columns.csv"

MARK = "sirekap export 1"
"""What `head.json` says an export is; the number changes with the columns."""

SHEETS_AT_ONCE = 500

ROWS_HELD = 50_000
"""Rows of a table that are held: 40 MB. Then the province that has most of them, a fortieth or more, is written as a Parquet row group."""

ROWS: dict[str, Callable[[Exported], Iterator[Row]]] = {"numbers": number_rows, "sheets": sheet_rows, "findings": finding_rows}


@dataclass(frozen=True, slots=True)
class Counts:
    """Rows of the tables, and photos of the store, of which `waiting` have no reading yet and so no rows."""

    numbers: int
    sheets: int
    findings: int
    photos: int
    waiting: int


def strangers(folder: Path) -> list[str]:
    """What lies in a folder that no export made: nothing of it may be replaced."""
    if not folder.exists():
        return []
    there = sorted(path.name for path in folder.iterdir())
    if not _is_export(folder):
        return there
    return [name for name in there if name not in {*TABLES, *(f"{table}.csv" for table in TABLES), HEAD, COLUMNS}]


def export(
    connection: Connection, folder: Path, *, everything: bool, as_csv: bool, told: Callable[[int], None] = lambda position: None
) -> tuple[Head, Counts]:
    """Write the tables of what stands into a folder, in the place of an earlier export.

    Parameters
    ----------
    connection
        One that sees one moment of the store.
    everything
        Whether readings that another one has replaced are written too, and say so.
    as_csv
        Whether there is a CSV file of each table, too.
    told
        Called with the row of the ledger of each reading that is written.

    Raises
    ------
    OutputError
        A file cannot be written; an earlier export is then as it was.
    """
    last = head(connection)
    with whole_folder(folder, strangers=strangers) as staged:
        tables: dict[str, _Table] = {}
        try:
            with output_errors(folder):
                for name, columns in TABLES.items():
                    tables[name] = _Table(staged, name, columns, as_csv=as_csv)
            for batch in _batches(connection, standing_only=not everything):
                for one in batch:
                    with output_errors(folder):
                        for name, table in tables.items():
                            table.write(one.province, ROWS[name](one))
                    told(one.stored.position)
            with output_errors(folder):
                for table in tables.values():
                    table.finish()
        finally:
            for table in tables.values():
                table.close()
        done = progress(connection)
        counts = Counts(**{name: table.rows for name, table in tables.items()}, photos=done.photos, waiting=done.pending)
        with output_errors(folder):
            _describe(staged, last, counts, everything=everything)
    return last, counts


def _batches(connection: Connection, *, standing_only: bool) -> Iterator[list[Exported]]:
    """The readings, some at a time, with their hashes and elections."""
    election_of = {page: election.id for election in all_elections(connection) for page in election.sheets}
    sheets = stored_sheets(connection, standing_only=standing_only)
    while some := list(islice(sheets, SHEETS_AT_ONCE)):
        positions = [one.position for one in some]
        query = sa.select(ledger.c.position, ledger.c.hash).where(ledger.c.position.in_(positions))
        hashes: dict[int, str] = {row.position: row.hash for row in connection.execute(query)}
        decided = standing_decisions(connection, [one.position for one in some if not one.waits])
        yield [Exported(one, hashes[one.position], election_of.get(_page(one)), decided.get(one.position)) for one in some]


def _page(one: StoredSheet) -> tuple[str, str]:
    return one.sheet.form or "", one.sheet.page or ""


class _Table:
    """One table of an export: a Parquet file a province, and a CSV file of all."""

    def __init__(self, folder: Path, name: str, columns: Sequence[Column], *, as_csv: bool) -> None:
        self.rows = 0
        self._folder = folder / name
        self._schema = schema_of(columns)
        self._files: dict[str, pq.ParquetWriter] = {}
        self._held: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
        self._text: TextIO | None = None
        if as_csv:
            self._text = (folder / f"{name}.csv").open("w", newline="", encoding="utf-8")
            self._csv = csv.writer(self._text, lineterminator="\n")
            self._csv.writerow((PROVINCE, *self._schema.names))

    def write(self, province: str, rows: Iterable[Row]) -> None:
        """Add the rows of a reading."""
        for row in rows:
            cells = tuple(row.get(name) for name in self._schema.names)
            self._held[province].append(cells)
            if self._text is not None:
                self._csv.writerow((province, *cells))
            self.rows += 1
        if sum(map(len, self._held.values())) > ROWS_HELD:
            self._write_held(max(self._held, key=lambda province: len(self._held[province])))

    def finish(self) -> None:
        """Write what is still held and end the files."""
        for province in sorted({*self._held, UNKNOWN}):  # that one always, so that readers take all for texts
            self._write_held(province)
        for file in self._files.values():
            file.close()
        if self._text is not None:
            self._text.close()

    def close(self) -> None:
        """Let go of files that were not finished: when collected they would try to write their ends into a folder that is gone."""
        for file in self._files.values():
            if file.is_open:
                with suppress(OSError, pa.ArrowException):
                    file.close()
                file.is_open = False
        if self._text is not None:
            with suppress(OSError):
                self._text.close()

    def _write_held(self, province: str) -> None:
        rows = self._held.pop(province, [])
        if province not in self._files:
            part = self._folder / f"{PROVINCE}={province}"
            part.mkdir(parents=True)
            self._files[province] = pq.ParquetWriter(part / "part-0.parquet", self._schema, compression="zstd")
        columns = zip(*rows, strict=True) if rows else ((),) * len(self._schema)
        arrays = [pa.array(cells, type=type) for cells, type in zip(columns, self._schema.types, strict=True)]
        self._files[province].write_table(pa.Table.from_arrays(arrays, schema=self._schema))


def _describe(folder: Path, last: Head, counts: Counts, *, everything: bool) -> None:
    """Write the head, which `sirekap ledger verify --head` takes, and what the columns mean."""
    said = {
        "at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "hash": last.hash,
        "position": last.position,
        "export": MARK,
        "rows": "all" if everything else "standing",
        "counts": asdict(counts),
        "note": "Bukan hasil resmi. Not an official result.",
    }
    (folder / HEAD).write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")
    with (folder / COLUMNS).open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(("table", "column", "type", "meaning"))
        table.writerows(column_rows())


def _is_export(folder: Path) -> bool:
    try:
        said = json.loads((folder / HEAD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(said, dict) and str(said.get("export", "")).startswith("sirekap export")

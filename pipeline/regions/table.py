"""Read a table of regions from a CSV file (also .gz or .xz): the good rows, and what is wrong with each other one.

Columns `kode`, `nama` and `tps` (polling stations of a village, may be empty); others are left alone. A row is good when its code is one,
its region has a name, the region above it is in the table, and no earlier row has its code.
"""

from __future__ import annotations

import csv
import gzip
import lzma
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from pipeline.regions.codes import CodeError, Level, parent_of, region_code

COLUMNS = ("kode", "nama", "tps")

OPENERS: dict[str, Callable[..., TextIO]] = {".gz": gzip.open, ".xz": lzma.open}


class TableError(Exception):
    """The table as a whole cannot be read; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Region:
    """A region: `stations` is the number of its polling stations where it is a village and they are known."""

    code: str
    name: str
    stations: int | None

    @property
    def level(self) -> Level:
        return Level(len(self.code))

    @property
    def parent(self) -> str | None:
        return parent_of(self.code)


@dataclass(frozen=True, slots=True)
class RowFault:
    """A row that was left out: its line in the file, from 1, and why."""

    line: int
    detail: str


def read_regions(path: Path) -> tuple[list[Region], list[RowFault]]:
    """The regions of a table, those above before those below, and the rows that were left out.

    Raises
    ------
    TableError
        The file cannot be read, is no UTF-8 text, or has no such columns.
    """
    try:
        with OPENERS.get(path.suffix, open)(path, "rt", newline="", encoding="utf-8-sig") as lines:
            rows = list(_rows(lines, path))
    except OSError as error:
        raise TableError(f"{path}: {error.strerror or error}") from error
    except (UnicodeDecodeError, EOFError, lzma.LZMAError, csv.Error) as error:
        raise TableError(f"{path}: not a CSV file in UTF-8 ({error})") from error
    regions: dict[str, Region] = {}
    lines_of: dict[str, int] = {}
    faults: list[RowFault] = []
    for line, row in rows:
        try:
            region = _region(row)
            if region.code in lines_of:
                raise CodeError(f"{region.code} stands in line {lines_of[region.code]} already")
        except CodeError as error:
            faults.append(RowFault(line, str(error)))
            continue
        regions[region.code], lines_of[region.code] = region, line
    kept: dict[str, Region] = {}
    for region in sorted(regions.values(), key=lambda region: (region.level, region.code)):
        if region.parent is not None and region.parent not in kept:
            faults.append(RowFault(lines_of[region.code], f"{region.code} lies in {region.parent}, which is not in the table"))
        else:
            kept[region.code] = region
    return list(kept.values()), sorted(faults, key=lambda fault: fault.line)


def _rows(lines: TextIO, path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Line number and row of each row of the table."""
    reader = csv.DictReader(lines, strict=True)
    missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
    if missing:
        raise TableError(f"{path}: there is no column {', '.join(missing)}; a table of regions has {', '.join(COLUMNS)}")
    for row in reader:
        yield reader.line_num, {name: row[name] or "" for name in COLUMNS}


def _region(row: dict[str, str]) -> Region:
    code, name, count = region_code(row["kode"]), row["nama"].strip(), row["tps"].strip()
    if not name:
        raise CodeError(f"{code} has no name")
    if count and not count.isdecimal():
        raise CodeError(f"{code} has {count!r} polling stations, which is no number")
    return Region(code, name, int(count) if count else None)

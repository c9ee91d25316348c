"""Read a table of regions from a CSV file (also .gz or .xz): the good rows, and what is wrong with each other one.

Columns `kode`, `nama` and `tps` (polling stations of a village, may be empty); others are left alone. A row is good when its code is one,
its region has a name, the region above it is in the table, and no earlier row has its code.
"""

from __future__ import annotations

import gzip
import lzma
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from pipeline.regions.codes import CodeError, Level, parent_of, region_code
from pipeline.regions.rows import READ_AS, RowFault, rows, table_errors

COLUMNS = ("kode", "nama", "tps")

COUNT = re.compile(r"[0-9]{1,4}")

OPENERS: dict[str, Callable[..., TextIO]] = {".gz": gzip.open, ".xz": lzma.open}


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


def read_regions(path: Path) -> tuple[list[Region], list[RowFault]]:
    """The regions of a table, those above before those below, and the rows that were left out.

    Raises
    ------
    TableError
        The file cannot be read, or its first line does not name the columns.
    """
    regions: dict[str, Region] = {}
    lines_of: dict[str, int] = {}
    faults: list[RowFault] = []
    with table_errors(str(path)), OPENERS.get(path.suffix, open)(path, "rt", **READ_AS) as lines:
        for line, row in rows(lines, name=str(path), required=COLUMNS, kind="a table of regions"):
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


def _region(row: dict[str, str] | CodeError) -> Region:
    if isinstance(row, CodeError):
        raise row
    code, name, count = region_code(row["kode"]), row["nama"], row["tps"]
    if not name:
        raise CodeError(f"{code} has no name")
    if count and not COUNT.fullmatch(count):
        raise CodeError(f"{code} has {count!r} polling stations, which is no number")
    return Region(code, name, int(count) if count else None)

"""Read the rows of a CSV file that nobody vouches for, one a line, without holding them: what is wrong with a line costs that line alone.

A quote that is never closed, a byte that is no UTF-8 or a line without an end would else take all that follows with it.
"""

from __future__ import annotations

import csv
import lzma
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TextIO

from pipeline.regions.codes import CodeError

LONGEST_LINE = 65_536
"""Signs of a line; the longest path of a file has 4,096."""

READ_AS = {"encoding": "utf-8-sig", "errors": "surrogateescape", "newline": ""}
"""How such a file is opened: a byte that is no UTF-8 becomes a surrogate, which `rows` finds in its line."""


class TableError(Exception):
    """The table as a whole cannot be read; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class RowFault:
    """A row that was left out: its line in the file, from 1, and why."""

    line: int
    detail: str


@contextmanager
def table_errors(name: str) -> Iterator[None]:
    """Turn what can befall the reading of a file into a `TableError` about it."""
    try:
        yield
    except OSError as error:
        raise TableError(f"{name}: {error.strerror or error}") from error
    except (EOFError, lzma.LZMAError) as error:
        raise TableError(f"{name}: not a CSV file in UTF-8 ({error})") from error


def rows(lines: TextIO, *, name: str, required: Sequence[str], kind: str) -> Iterator[tuple[int, dict[str, str] | CodeError]]:
    """Line number and cells by column of each row, or what is wrong with it; empty lines are left out.

    Parameters
    ----------
    name, kind
        How messages call this file, and files of its kind.
    required
        Columns that must be there; missing cells are empty.

    Raises
    ------
    TableError
        The first line does not name the columns.
    """
    numbered = enumerate(_lines(lines), start=1)
    _, first = next(numbered, (1, ""))
    try:
        columns = _cells(first) if first.strip() else []
    except CodeError as error:
        raise TableError(f"{name}: not a CSV file in UTF-8 ({error})") from error
    missing = [column for column in required if column not in columns]
    if missing:
        raise TableError(f"{name}: there is no column {', '.join(missing)}; {kind} has {', '.join(required)}")
    for number, line in numbered:
        if not line.strip():
            continue
        try:
            cells = _cells(line)
            if len(cells) > len(columns):
                surplus = cells[len(columns) :]
                raise CodeError(f"there are more cells than columns: {surplus}; put quotes around a cell with a comma in it")
        except CodeError as error:
            yield number, error
            continue
        yield number, dict.fromkeys(columns, "") | dict(zip(columns, cells, strict=False))


def _lines(lines: TextIO) -> Iterator[str]:
    """Every line, of one that is too long the beginning, which is still too long."""
    while line := lines.readline(LONGEST_LINE + 1):
        rest = line
        while len(rest) > LONGEST_LINE and not rest.endswith(("\n", "\r")):
            rest = lines.readline(LONGEST_LINE + 1)
        yield line


def _cells(line: str) -> list[str]:
    if len(line) > LONGEST_LINE:
        raise CodeError(f"the line is longer than {LONGEST_LINE} signs")
    if "\0" in line:
        raise CodeError("there is a zero byte in the line")  # which PostgreSQL keeps in no text
    if not line.isascii():
        try:
            line.encode()
        except UnicodeEncodeError as error:
            raise CodeError(f"byte {ord(line[error.start]) & 0xFF:#04x} is not UTF-8; save the file anew as CSV in UTF-8") from error
    try:
        (cells,) = csv.reader([line], strict=True)
    except csv.Error as error:
        raise CodeError(f"not a line of a CSV file ({error})") from error
    return [cell.strip() for cell in cells]

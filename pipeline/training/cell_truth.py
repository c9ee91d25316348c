"""What stands in every cell of a tally grid and in every box of its row sums.

`CellCrops` come in, the classes that each may be come out. The idea: a tally repeats the number in the digit boxes, and is filled row
by row from the left, so the number says what is in every cell; `tally_truth.csv` and `row_sums_truth.csv` list the fields where the paper
was looked at and does not. Where the ink may be one of several (an X, a 0 or nothing before a single digit) all of them are allowed.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.recognition.row_sums import CLASSES, CLOSED, FILLER
from pipeline.recognition.tally import MARKS
from pipeline.sheet import BOX_CLASSES
from pipeline.training.cells import NO_FIELD, UNKNOWN, CellCrops

TALLY_EXCEPTIONS = Path(__file__).with_name("tally_truth.csv")
ROW_SUM_EXCEPTIONS = Path(__file__).with_name("row_sums_truth.csv")

Written = tuple[int, ...] | int | None
"""Of a field that does not repeat its number: marks a cell (sums a row) with UNKNOWN where it cannot be told, and 0 after the last one
named; or the number that was tallied instead; or None to leave the field out."""


def tally_allowed(crops: CellCrops, exceptions: Mapping[str, Written]) -> NDArray[np.bool_]:
    """(N, 6) bool, the counts that each cell may show: one, or none at all where it is not known."""
    marks = _written(crops, crops.places, exceptions)
    return np.asarray(marks[:, None] == np.arange(MARKS + 1), np.bool_)


def row_sums_allowed(crops: CellCrops, exceptions: Mapping[str, Written]) -> NDArray[np.bool_]:
    """(N, 12) bool, the classes that each box may be; none at all where it is not known."""
    rows, is_tens = crops.places // 2, crops.places % 2 == 0
    sums = _written(crops, rows, exceptions)
    allowed = np.zeros((len(crops), CLASSES), np.bool_)
    digits = np.where(is_tens, sums // 10, sums % 10)
    written = (sums > 0) & ~(is_tens & (digits == 0))
    allowed[written, digits[written]] = True
    allowed[(sums > 0) & is_tens & (digits == 0)] = _allowed(0, FILLER, CLOSED)
    allowed[sums == 0] = _allowed(FILLER, CLOSED)
    allowed[(sums == 0) & (rows == 0), 0] = True
    return allowed


def digit_box_allowed(crops: CellCrops) -> NDArray[np.bool_]:
    """(N, 12) bool for digit boxes among the row sums: a digit, a filler (X, dash), or closed (empty)."""
    allowed = np.zeros((len(crops), CLASSES), np.bool_)
    classes = np.array([int(sign) if sign.isdigit() else FILLER if sign in "x-" else CLOSED for sign in BOX_CLASSES])
    allowed[np.arange(len(crops)), classes[crops.numbers]] = True
    return allowed


def totals(crops: CellCrops, exceptions: Mapping[str, Written]) -> Mapping[str, int]:
    """The number that each field's grid adds up to; fields where that is not known are left out."""
    found = {}
    for field, number in zip(crops.fields.tolist(), crops.numbers.tolist(), strict=True):
        written = exceptions.get(field, number)
        if isinstance(written, tuple):
            written = None if UNKNOWN in written else sum(written)
        if field != NO_FIELD and written is not None and written != UNKNOWN:
            found[field] = written
    return found


def read_written(path: Path) -> Mapping[str, Written]:
    """Field (`photo:field`) to what its grid says: `?`, a number such as `123`, or a list such as `[5 5 4 ? 2]`."""
    with path.open(newline="", encoding="utf-8") as lines:
        return {f"{row['image']}:{row['field']}": _parsed(row["written"]) for row in csv.DictReader(lines)}


def _parsed(text: str) -> Written:
    if text == "?":
        return None
    if text.startswith("["):
        return tuple(UNKNOWN if part == "?" else int(part) for part in text.strip("[]").split())
    return int(text)


def _written(crops: CellCrops, places: NDArray[np.int64], exceptions: Mapping[str, Written]) -> NDArray[np.int64]:
    """(N,) what stands at the place of each crop, filled contiguously unless listed; UNKNOWN where it cannot be told."""
    numbers, listed = crops.numbers.copy(), np.full(len(crops), UNKNOWN)
    is_listed = np.zeros(len(crops), np.bool_)
    for field, written in exceptions.items():
        here = np.flatnonzero(crops.fields == field)
        if isinstance(written, tuple):
            padded = np.array([*written, *[0] * len(here)], np.int64)
            listed[here], is_listed[here] = padded[places[here]], True
        else:
            numbers[here] = UNKNOWN if written is None else written
    filled = np.clip(numbers - crops.capacities * places, 0, crops.capacities)
    filled[numbers == UNKNOWN] = UNKNOWN
    return np.where(is_listed, listed, filled)


def _allowed(*classes: int) -> NDArray[np.bool_]:
    allowed = np.zeros(CLASSES, np.bool_)
    allowed[list(classes)] = True
    return allowed

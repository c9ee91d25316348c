"""One sheet as it was read, held against what stands on it.

The rules are those by which sheets that are held back are scored: an empty field is right only when it is reported as empty, and an
accepted sheet is wrong when any of its numbers is, when it has one that nobody can read, or when it is another page.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from pipeline.bench.truth import TrueSheet
from pipeline.crosscheck import VerdictPolicy, boxes_corrected
from pipeline.read import Reading
from pipeline.recognition.bubbles import NONE, SEVERAL
from pipeline.sheet import BOX_CLASSES, Field, FieldState, Sheet, Verdict
from pipeline.training.bubbles import ColumnTruth


class Place(StrEnum):
    """Where a photo was taken to belong."""

    REFUSED = "refused"
    RIGHT = "right page"
    WRONG = "wrong page"


@dataclass(frozen=True, slots=True)
class NumberOutcome:
    """A number of the truth and how it was read; `read` None = it is not on the page that was found."""

    field: str
    truth: int | None
    read: Field | None

    @property
    def right(self) -> bool:
        if self.read is None:
            return False
        return self.read.state is FieldState.BLANK if self.truth is None else self.read.value == self.truth


@dataclass(frozen=True, slots=True)
class ColumnOutcome:
    """A bubble column of a number, the first is 0: the digit filled, `NONE` or `SEVERAL`, and how it was read."""

    field: str
    column: int
    truth: int
    read: int

    @property
    def right(self) -> bool:
        return self.read == self.truth


@dataclass(frozen=True, slots=True)
class CorrectionOutcome:
    """Whether a person saw that a box was corrected, and how probable that is by the box alone and beside the bubbles under it."""

    corrected: bool
    alone: float
    beside_bubbles: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """A sheet and its truth.

    Attributes
    ----------
    known
        Whether its form is in the catalogue; if not, anything but a refusal is wrong.
    numbers
        Those a person could read; empty when the sheet was refused.
    unsure
        Those a person could not read from the ink alone, when the sheet was not refused.
    boxes
        (true sign, sign read) of every box with one sign, when the page is right.
    columns
        Every bubble column whose truth is known, when the page is right.
    corrections
        Every box of which it is known whether it was corrected, when the page is right.
    """

    truth: TrueSheet
    sheet: Sheet
    known: bool
    place: Place
    numbers: tuple[NumberOutcome, ...]
    unsure: tuple[NumberOutcome, ...]
    boxes: tuple[tuple[str, str], ...]
    columns: tuple[ColumnOutcome, ...]
    corrections: tuple[CorrectionOutcome, ...]

    @property
    def wrong(self) -> tuple[NumberOutcome, ...]:
        return tuple(number for number in self.numbers if not number.right)

    @property
    def accepted(self) -> bool:
        return self.sheet.verdict is Verdict.ACCEPTED

    @property
    def wrong_accepted(self) -> bool:
        wrongly_sure = any(number.truth is None or not number.right for number in self.unsure)
        return self.accepted and (self.place is not Place.RIGHT or bool(self.wrong) or wrongly_sure)


Exceptions = Mapping[tuple[str, str, int], ColumnTruth | None]
"""(image, field, column from 0) of bubble columns that were looked at because they do not repeat the number; None = cannot be told."""


def judge(truth: TrueSheet, reading: Reading, *, known: bool, exceptions: Exceptions) -> Outcome:
    """How well one sheet was read."""
    sheet = reading.sheet
    if sheet.verdict is Verdict.REFUSED:
        return Outcome(truth, sheet, known, Place.REFUSED, (), (), (), (), ())
    place = Place.RIGHT if (sheet.form, sheet.page) == (truth.form, truth.page) else Place.WRONG
    right = place is Place.RIGHT
    return Outcome(
        truth=truth,
        sheet=sheet,
        known=known,
        place=place,
        numbers=_numbers(truth.fields, sheet),
        unsure=_numbers(truth.unsure, sheet),
        boxes=tuple(_boxes(truth, sheet)) if right else (),
        columns=tuple(_columns(truth, reading, exceptions)) if right else (),
        corrections=tuple(_corrections(truth, reading)) if right else (),
    )


def _numbers(truth: Mapping[str, int | None], sheet: Sheet) -> tuple[NumberOutcome, ...]:
    return tuple(NumberOutcome(field, value, sheet.fields.get(field)) for field, value in truth.items())


def _boxes(truth: TrueSheet, sheet: Sheet) -> Iterator[tuple[str, str]]:
    for field, signs in truth.boxes.items():
        read = sheet.fields.get(field)
        if read is None or field in truth.struck or len(read.raw) != len(signs):
            continue
        yield from ((true, seen) for true, seen in zip(signs, read.raw, strict=True) if true in BOX_CLASSES)


def _corrections(truth: TrueSheet, reading: Reading) -> Iterator[CorrectionOutcome]:
    if truth.corrected is None:
        return
    policy = VerdictPolicy()
    for field in sorted(truth.boxes.keys() & (reading.fields.keys() - truth.struck)):
        seen = reading.fields[field]
        beside = boxes_corrected(seen, policy)
        for box, (alone, both) in enumerate(zip(seen.corrected, beside, strict=True)):
            yield CorrectionOutcome((field, box) in truth.corrected, float(alone), float(both))


def columns_of(reading: Reading) -> Mapping[str, tuple[int, ...]]:
    """Field id to the most probable state of each bubble column: the digit, `NONE` or `SEVERAL`."""
    return {name: tuple(map(int, seen.bubbles.argmax(axis=1))) for name, seen in reading.fields.items() if seen.bubbles is not None}


def _columns(truth: TrueSheet, reading: Reading, exceptions: Exceptions) -> Iterator[ColumnOutcome]:
    for field, states in columns_of(reading).items():
        number = truth.fields.get(field)
        for column, seen in enumerate(states):
            place = (truth.image, field, column)
            if place in exceptions:
                looked_at = exceptions[place]
                if looked_at is not None:
                    yield ColumnOutcome(field, column, _state(looked_at), seen)
            elif number is not None and not truth.noted:
                yield ColumnOutcome(field, column, int(f"{number:0{len(states)}d}"[column]), seen)


def _state(column: ColumnTruth) -> int:
    """The digit filled, `NONE` or `SEVERAL`."""
    if len(column.filled) > 1:
        return SEVERAL
    return column.filled[0] if column.filled else NONE

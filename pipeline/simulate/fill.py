"""Fill a drawn page by hand: every writing of every number, with the mistakes that officers make.

First it is decided what stands on the paper (`plan_writing`), which is the truth of the sheet; then it is written (`fill_page`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from pipeline.forms import FieldLayout, Page, Rect, RowSums, TallyGrid
from pipeline.forms.number_words import number_to_words
from pipeline.simulate.hands import DigitKind, Filler, Hand, write_sign, write_text
from pipeline.simulate.marks import blob, close_cells, fill_bubble, scribble_over, write_tally
from pipeline.simulate.pack import HandwritingPack
from pipeline.simulate.pen import Paper, Pen, draw_blob, draw_strokes

_FLUID = Pen(colour=(246, 249, 250), width_mm=1.0, strength=0.96)
_WORDS_HEIGHT_MM = 13.0
_SLIGHT = "17"
"""Digits of little ink: what is written over them can be read, while a 1 over an 8 stays an 8."""


class Mistake(StrEnum):
    """What can go wrong while one number is written."""

    OVERWRITTEN = "overwritten"
    STRUCK_OUT = "struck_out"
    FLUID = "fluid"
    SCRAWL = "scrawl"
    EMPTY = "empty"
    BUBBLES_DISAGREE = "bubbles_disagree"
    TWO_BUBBLES = "two_bubbles"


@dataclass(frozen=True, slots=True)
class Writing:
    """All that is written for one number.

    Attributes
    ----------
    value
        The number in the boxes, None when they are empty or illegible.
    signs
        One sign a box, as in truth.json: digits, x, -, _ and ?.
    bubbles
        The digits filled in each column; empty when the number has no bubbles.
    counted
        The number that tally marks, row sums and words say; None when they are left empty.
    spoilt_box
        Index of the box or bubble column that the mistake is in.
    """

    value: int | None
    signs: str
    bubbles: tuple[tuple[int, ...], ...]
    counted: int | None
    mistake: Mistake | None = None
    spoilt_box: int = 0

    @property
    def readable(self) -> bool:
        """Whether a person can tell the number from the boxes alone: not from a scrawl, nor from a 1 written over a 7."""
        slight = self.mistake is Mistake.OVERWRITTEN and self.signs[self.spoilt_box] in _SLIGHT
        return self.mistake is not Mistake.SCRAWL and not slight


def plan_writing(layout: FieldLayout, value: int, hand: Hand, rng: np.random.Generator, *, mistake: Mistake | None = None) -> Writing:
    """Decide how a hand writes a number.

    Raises
    ------
    ValueError
        When the number has more digits than boxes, or the mistake needs bubbles and there are none.
    """
    digits, boxes = str(value), len(layout.boxes)
    if value < 0 or len(digits) > boxes:
        raise ValueError(f"{value} does not fit into the {boxes} boxes of {layout.id}")
    signs = hand.filler * (boxes - len(digits)) + digits
    if value == 0 and hand.filler is not Filler.BLANK and rng.random() < 0.5:
        signs = hand.filler * boxes
    columns = len(layout.bubbles.columns) if layout.bubbles else 0
    bubbles = tuple(() if sign == Filler.BLANK else (int(digit),) for sign, digit in zip(signs, digits.zfill(boxes), strict=True))[:columns]
    written = Writing(value=value, signs=signs, bubbles=bubbles, counted=value)
    return written if mistake is None else _spoilt(written, mistake, rng)


def fill_page(
    paper: Paper, page: Page, writings: Mapping[str, Writing], hand: Hand, pack: HandwritingPack, rng: np.random.Generator
) -> None:
    """Write all numbers of a page; a number without a `Writing` is left untouched."""
    for name, writing in writings.items():
        layout = page.fields[name]
        for index, (box, sign) in enumerate(zip(layout.boxes, writing.signs, strict=True)):
            spoilt = writing.mistake if index == writing.spoilt_box else None
            _write_box(paper, box, sign, spoilt, hand, pack, rng)
        if layout.bubbles is not None:
            for column, filled in zip(layout.bubbles.columns, writing.bubbles, strict=True):
                for digit in filled:
                    fill_bubble(paper, column[digit], hand, rng)
        if writing.counted is None:
            continue
        if layout.tally is not None:
            write_tally(paper, layout.tally, writing.counted, hand, rng)
            if layout.row_sums is not None:
                _write_row_sums(paper, layout.tally, layout.row_sums, writing.counted, hand, pack, rng)
        if layout.words is not None:
            _write_words(paper, layout.words, number_to_words(writing.counted).upper(), hand, pack, rng)


def _spoilt(written: Writing, mistake: Mistake, rng: np.random.Generator) -> Writing:
    """The same number with a mistake in one of the boxes that hold a digit."""
    boxes = [index for index, sign in enumerate(written.signs) if sign.isdigit()] or [len(written.signs) - 1]
    if mistake is Mistake.OVERWRITTEN:
        boxes = [index for index in boxes if written.signs[index] not in _SLIGHT] or boxes
    at = int(rng.choice(boxes))
    if mistake is Mistake.EMPTY:
        nothing = tuple(() for _ in written.bubbles)
        return Writing(value=None, signs=Filler.BLANK * len(written.signs), bubbles=nothing, counted=None, mistake=mistake)
    if mistake is Mistake.SCRAWL:
        return replace(written, value=None, signs=written.signs[:at] + "?" + written.signs[at + 1 :], mistake=mistake, spoilt_box=at)
    if mistake in (Mistake.BUBBLES_DISAGREE, Mistake.TWO_BUBBLES):
        if not written.bubbles:
            raise ValueError(f"the mistake {mistake.value} needs a number with bubbles")
        true = int(written.signs[at]) if written.signs[at].isdigit() else 0
        other = (true + int(rng.integers(1, 10))) % 10
        column = (other,) if mistake is Mistake.BUBBLES_DISAGREE else (true, other)
        return replace(written, bubbles=(*written.bubbles[:at], column, *written.bubbles[at + 1 :]), mistake=mistake, spoilt_box=at)
    return replace(written, mistake=mistake, spoilt_box=at)


def _write_box(
    paper: Paper, box: Rect, sign: str, mistake: Mistake | None, hand: Hand, pack: HandwritingPack, rng: np.random.Generator
) -> None:
    if mistake is Mistake.SCRAWL:
        scribble_over(paper, box, hand, rng)
        return
    wrong = str(rng.choice([digit for digit in "0123456789" if digit != sign]))
    if mistake is Mistake.OVERWRITTEN:
        below = str(rng.choice([digit for digit in _SLIGHT if digit != sign]))
        write_sign(paper, box, below, replace(hand, pen=replace(hand.pen, strength=0.8 * hand.pen.strength)), pack, rng)
        write_sign(paper, box, sign, replace(hand, pen=replace(hand.pen, width_mm=hand.pen.width_mm * 1.5, strength=1.0)), pack, rng)
    elif mistake is Mistake.FLUID:
        spot = blob(np.array(box.centre) + rng.normal(0, 0.08 * box.width, 2), 0.5 * box.width, roughness=0.12, rng=rng)
        write_sign(paper, box, wrong, hand, pack, rng)
        draw_blob(paper, spot, _FLUID, rng, opaque=True)
        write_sign(paper, box, sign, hand, pack, rng)
    elif mistake is Mistake.STRUCK_OUT:
        left = Rect(box.x + 0.04 * box.width, box.y + 0.2 * box.height, 0.5 * box.width, 0.75 * box.height)
        right = Rect(box.x + 0.5 * box.width, box.y + 0.05 * box.height, 0.46 * box.width, 0.7 * box.height)
        write_sign(paper, left, wrong, hand, pack, rng)
        for shift in (0.36, 0.6):
            ends = [(left.x, left.y + (shift + 0.15) * left.height), (left.x1, left.y + (shift - 0.1) * left.height)]
            draw_strokes(paper, [np.array(ends)], hand.pen, rng)
        write_sign(paper, right, sign, hand, pack, rng)
    else:
        write_sign(paper, box, sign, hand, pack, rng)


def _write_row_sums(
    paper: Paper, tally: TallyGrid, sums: RowSums, value: int, hand: Hand, pack: HandwritingPack, rng: np.random.Generator
) -> None:
    """The number of marks in each row of the tally grid; rows without marks are closed like the grid."""
    a_row = tally.columns * tally.marks
    used = -(-value // a_row)
    free_hand = replace(hand, digits=DigitKind.FONT if hand.digits is DigitKind.SEGMENTS else hand.digits)
    filler = hand.filler if hand.filler is not Filler.DASH else Filler.BLANK
    for index, cells in enumerate(sums.cells()[:used]):
        digits = str(min(a_row, value - index * a_row))
        for cell, sign in zip(cells, filler * (len(cells) - len(digits)) + digits, strict=True):
            write_sign(paper, cell, sign, free_hand, pack, rng)
    close_cells(paper, sums.cells(), used * sums.digits, hand, rng)


def _write_words(paper: Paper, room: Rect, text: str, hand: Hand, pack: HandwritingPack, rng: np.random.Generator) -> None:
    height = min(_WORDS_HEIGHT_MM * rng.uniform(0.8, 1.15), room.height * 0.45)
    indent = room.width * rng.uniform(0.03, 0.25 if room.width > 150 else 0.08)
    left, baseline = room.x + indent, room.y + room.height * rng.uniform(0.55, 0.7)
    write_text(paper, text, hand, pack, rng, left=left, baseline=baseline, height=height, room=room.x1 - left - 4)

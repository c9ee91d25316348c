"""Fuse the writings of one number, and decide what to report.

Boxes, bubbles, tally marks and row sums are writings by the same hands of what should be the same number. With probability 1 - d the
bubbles carry the number of the boxes; with probability d the paper contradicts itself, and then they say half the time a number one digit
off and half the time any number. So with what was counted, marks and row sums together: it is off by a few marks, or any number. Thus the
others sharpen a doubtful row of boxes, and can never speak for it: whatever they say, a row that can be read is reported as it is
written, one that cannot stays illegible, and a disagreement is left for the caller to see in `sources`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pipeline.crosscheck.numbers import BubblePosterior, RowPosterior, bubble_posterior, meaning_of, most_probable_signs, row_posterior
from pipeline.crosscheck.policy import VerdictPolicy
from pipeline.crosscheck.reading import FieldReading
from pipeline.crosscheck.tally_numbers import NumberPosterior, row_sums_posterior, tally_posterior
from pipeline.sheet import Field, FieldState, SourceKind, ValueProbability

REPORTED_ALTERNATIVES = 3

ROW_CAPACITY = 60
"""Marks in a full row of the grids of 2019 and 2024."""

FEW_MARKS = 5
"""Marks, a bundle of them, that a count is off by when it is off by a few."""


@dataclass(frozen=True, slots=True, eq=False)
class FusedField:
    """A number as reported, and the distributions behind it.

    Attributes
    ----------
    field
        The number as it goes into the sheet.
    boxes
        What the boxes say by themselves.
    bubbles
        What the bubbles say by themselves; None where the form has none.
    bubbles_corrected
        Greatest probability that a column of bubbles was corrected; 0 where the form has none.
    tally, row_sums
        What each of the two says by itself; None where the form has none.
    posterior
        What all writings say together.
    followed
        The boxes alone would have been read as another number, but too doubtfully to stand against the other writings.
    beside_sums
        Probability of the number as reported when the other numbers of the page and its sums are seen too; None where it is in no sum.
    """

    field: Field
    boxes: RowPosterior
    bubbles: BubblePosterior | None
    bubbles_corrected: float
    tally: NumberPosterior | None
    row_sums: NumberPosterior | None
    posterior: RowPosterior
    followed: bool
    beside_sums: float | None = None


def fuse_field(reading: FieldReading, policy: VerdictPolicy, *, row_capacity: int = ROW_CAPACITY) -> FusedField:
    """Read one number from all its writings; `row_capacity` is how many marks a row of its tally grid holds."""
    boxes = row_posterior(reading.boxes, reading.illegible)
    bubbles = None if reading.bubbles is None else bubble_posterior(reading.bubbles)
    unreadable = bool((reading.illegible > policy.max_illegible).any())
    posterior = boxes
    if bubbles is not None:
        posterior = fuse(boxes, bubbles, inconsistent=policy.paper_inconsistent, skipped=policy.bubbles_skipped)
    tally = None if reading.tally is None else tally_posterior(reading.tally, marks=reading.tally.shape[1] - 1)
    row_sums = None if reading.row_sums is None else row_sums_posterior(reading.row_sums, row_capacity=row_capacity)
    counts = [one for one in (tally, row_sums) if one is not None]
    if counts:
        posterior = beside_counts(posterior, counts, inconsistent=policy.paper_inconsistent, skipped=policy.counts_skipped)
    state, value = (FieldState.ILLEGIBLE, None) if unreadable else _reported(boxes, posterior, policy)
    if state is FieldState.ILLEGIBLE:
        posterior = boxes
    sources = {SourceKind.BOXES: _by_boxes(boxes, unreadable=unreadable)}
    if bubbles is not None:
        sources[SourceKind.BUBBLES] = bubbles.best()
    if tally is not None:
        sources[SourceKind.TALLY] = tally.best()
    if row_sums is not None:
        sources[SourceKind.ROW_SUMS] = row_sums.best()
    probability = posterior.of(state, value)
    if state is FieldState.ILLEGIBLE:
        probability = min(probability, policy.max_unread_probability)
    followed = value is not None and value != boxes.best_number()
    field = Field(
        value=value,
        state=state,
        raw=_raw(reading, state, value, policy),
        corrected=bool((boxes_corrected(reading, policy) > policy.max_corrected).any()),
        probability=probability,
        alternatives=posterior.alternatives(REPORTED_ALTERNATIVES),
        quad=reading.quad,
        sources=sources,
    )
    bubbles_corrected = 0.0 if reading.bubbles_corrected is None else float(reading.bubbles_corrected.max())
    return FusedField(field, boxes, bubbles, bubbles_corrected, tally, row_sums, posterior, followed)


def boxes_corrected(reading: FieldReading, policy: VerdictPolicy) -> NDArray[np.float64]:
    """(B,) probability that each box was corrected, once the column of bubbles under it has been seen.

    By Bayes: a column that was corrected is so many times likelier under a box that was than under one that was not.
    """
    columns = reading.bubbles_corrected
    if columns is None or len(columns) != len(reading.corrected):
        return reading.corrected
    usual, with_box = policy.bubbles_corrected_usual, policy.bubbles_corrected_with_box
    # How many times likelier what is seen of a column is under a corrected box than under a clean one, under which it is as usual.
    likelier = with_box * columns / usual + (1 - with_box) * (1 - columns) / (1 - usual)
    both = reading.corrected * likelier
    share: NDArray[np.float64] = both / (both + 1 - reading.corrected)
    return share


def beside_counts(said: RowPosterior, counts: Sequence[NumberPosterior], *, inconsistent: float, skipped: float) -> RowPosterior:
    """What boxes and bubbles say, once what was counted has been seen.

    The tally and the sums of its rows are one count written twice, so they stand or fall together: the count is the number in the boxes, or
    with probability `inconsistent` another one, half the time a few marks off.

    Parameters
    ----------
    skipped
        Probability that the grid was left empty beside boxes that were filled in.
    """
    size = len(said.numbers)
    counted = np.ones(size)
    for one in counts:
        known = one.numbers[:size]
        # A number that the grid cannot hold says nothing of what is in it.
        beyond = np.full(size - len(known), 1 / len(one.numbers))
        counted *= np.concatenate([known, beyond])
    any_count = float(counted.mean())
    contradicted = 0.5 * _few_off(counted) + 0.5 * any_count
    beside_number = (1 - skipped) * ((1 - inconsistent) * counted + inconsistent * contradicted) + skipped * counted[0]
    numbers = said.numbers * beside_number
    crossed = said.crossed * float(beside_number[0])
    blank, illegible = said.blank * any_count, said.illegible * any_count
    total = float(numbers.sum()) + crossed + blank + illegible
    if total <= 0:
        return said
    return RowPosterior(numbers=numbers / total, crossed=crossed / total, blank=blank / total, illegible=illegible / total)


def settle(fused: FusedField, reading: FieldReading, beside: Mapping[int | None, float], policy: VerdictPolicy) -> FusedField:
    """The number once the sums of the page have been seen.

    Of several readings of doubtful boxes the one that the sums bear out is reported, and stays doubtful, also where by itself the row could
    not be read. A clear reading is reported as it is; when another one would close the sums, it is less sure.

    Parameters
    ----------
    beside
        Probability of each reading given the other numbers of the page.
    """
    field = fused.field
    seen = {value: share for value, share in beside.items() if value is not None and _seen(fused.boxes, value, policy)}
    value = max(seen, key=lambda value: (seen[value], value == field.value), default=None)
    if field.state is FieldState.BLANK or value is None or (field.value is None and seen[value] < policy.min_field_probability):
        return fused
    if field.value is not None and fused.boxes.of_value(field.value) >= policy.min_boxes_beside_sums:
        probability = beside.get(field.value, 0.0)
        return replace(fused, field=replace(field, probability=min(field.probability, probability)), beside_sums=probability)
    probability = seen[value]
    state = field.state if value == field.value else fused.boxes.state_of(value)
    settled = replace(
        field,
        value=value,
        state=state,
        raw=most_probable_signs(reading.boxes, state, value),
        probability=min(probability, policy.max_settled_probability),
    )
    return replace(fused, field=settled, beside_sums=probability)


def _seen(boxes: RowPosterior, value: int, policy: VerdictPolicy) -> bool:
    """Whether a reading is something that a person could see in the ink."""
    return boxes.of_value(value) >= policy.min_boxes_support


def fuse(boxes: RowPosterior, bubbles: BubblePosterior, *, inconsistent: float, skipped: float) -> RowPosterior:
    """What the boxes say, once the bubbles have been seen.

    Parameters
    ----------
    inconsistent
        Probability that the two writings of one number differ on the paper.
    skipped
        Probability that the bubbles were left empty beside boxes that were filled in.
    """
    count = max(len(boxes.numbers), len(bubbles.numbers))
    said = np.zeros(count)
    said[: len(bubbles.numbers)] = bubbles.numbers
    same = said + bubbles.unclear / count
    any_number = float(same.mean())
    contradicted = 0.5 * _one_digit_off(same) + 0.5 * any_number
    beside_number = (1 - skipped) * ((1 - inconsistent) * same + inconsistent * contradicted) + skipped * bubbles.blank
    beside_blank = (1 - inconsistent) * (bubbles.blank + bubbles.unclear / count) + inconsistent * any_number
    beside_unknown = (1 - skipped) * any_number + skipped * bubbles.blank
    numbers = boxes.numbers * beside_number[: len(boxes.numbers)]
    crossed = boxes.crossed * float(beside_number[0])
    blank = boxes.blank * beside_blank
    illegible = boxes.illegible * beside_unknown
    total = float(numbers.sum()) + crossed + blank + illegible
    if total <= 0:
        return boxes
    return RowPosterior(numbers=numbers / total, crossed=crossed / total, blank=blank / total, illegible=illegible / total)


def _reported(boxes: RowPosterior, posterior: RowPosterior, policy: VerdictPolicy) -> tuple[FieldState, int | None]:
    """State and value to report: those of the boxes, or where they are doubtful, the one of their readings that the bubbles bear out."""
    state, value = boxes.best()
    if state is FieldState.BLANK or (value is not None and boxes.of_value(value) >= policy.min_boxes_probability):
        return state, value
    fused_state, fused = posterior.best()
    if fused is None or not _seen(boxes, fused, policy):
        return state, value
    return fused_state, fused


def _raw(reading: FieldReading, state: FieldState, value: int | None, policy: VerdictPolicy) -> str:
    """The signs in the boxes, ? where none can be read; an illegible row never shows signs that would mean a number."""
    signs = most_probable_signs(reading.boxes, state, value)
    hidden = reading.illegible > policy.max_illegible
    if state is FieldState.ILLEGIBLE and not hidden.any() and meaning_of(signs)[0] is not FieldState.ILLEGIBLE:
        hidden[int(((1 - reading.illegible) * reading.boxes.max(axis=1)).argmin())] = True
    return "".join("?" if unread else sign for sign, unread in zip(signs, hidden, strict=True))


def _by_boxes(boxes: RowPosterior, *, unreadable: bool) -> ValueProbability:
    """What the boxes say by themselves, as a source."""
    if unreadable:
        return ValueProbability(None, boxes.illegible)
    state, value = boxes.best()
    return ValueProbability(value, boxes.of(state, value))


def _few_off(numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N,) mean probability of the numbers at most `FEW_MARKS` away from the index, itself left out."""
    window = np.ones(2 * FEW_MARKS + 1)
    window[FEW_MARKS] = 0
    mean: NDArray[np.float64] = np.convolve(numbers, window / window.sum(), mode="same")
    return mean


def _one_digit_off(numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    """(10^n,) mean probability of the numbers that differ from the index in exactly one digit."""
    digits = round(float(np.log10(len(numbers))))
    cube = numbers.reshape((10,) * digits)
    total = np.zeros_like(cube)
    for axis in range(digits):
        total += cube.sum(axis=axis, keepdims=True) - cube
    mean: NDArray[np.float64] = total.ravel() / (9 * digits)
    return mean

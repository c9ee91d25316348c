"""From the cells of a tally grid, or the boxes of its row sums, to a distribution over the number they add up to.

Both are filled one after the other: full places, then at most one that is partly full, then nothing. So a number says what is in every
place, and the probability of a number is the product of what the places say, summed once along the grid. The idea: each place may
with a small probability `skip` show anything (a bundle of four, a blot, a sum struck out), so that one bad place takes a share from a
number and does not veto it. The readers' classes are taken as equally likely beforehand, and so are the numbers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pipeline.crosscheck.reading import distributions
from pipeline.sheet import ValueProbability

TALLY_CLASSES = 6
"""A cell holds 0 to 5 marks."""

ROW_SUM_FILLER = 10
ROW_SUM_CLOSED = 11
ROW_SUM_CLASSES = 12
"""Places, in a row sum's box, of an X or dash of its own and of nothing or part of the stroke that closes the grid; classes in all."""

SKIP = 0.01
"""Probability that a place shows anything whatever the number says. Of values from 0.0001 to 0.1 it gives the totals of the development
sheets' tally grids, read out of fold, the greatest likelihood; that of row sums differs little below 0.01."""

WHOLE = 0.02
"""Share of numbers above a full row and below 100 that are written whole beside the first row: 8 of some 300 on the development sheets."""

LEFT_EMPTY = 0.015
"""Share of the numbers above 0 beside which no row sum is written: 13 of 895 on 300 real photos of 2024, four whole sheets and
one number. So a column in which nothing stands is no 0: five of those photos' numbers are."""


@dataclass(frozen=True, slots=True, eq=False)
class NumberPosterior:
    """What a tally grid or a column of row sums adds up to.

    Attributes
    ----------
    numbers
        (capacity + 1,) float64, probability that they add up to the index; sums to 1.
    unwritten
        Probability that nothing was written, so that it may be any of them.
    """

    numbers: NDArray[np.float64]
    unwritten: float = 0.0

    def best(self) -> ValueProbability:
        """The most probable number, the least of equal ones; none where it is likelier that nothing was written."""
        number = int(self.numbers.argmax())
        if self.unwritten > self.numbers[number]:
            return ValueProbability(None, self.unwritten)
        return ValueProbability(number, float(self.numbers[number]))


def tally_posterior(cells: NDArray[np.float64], *, marks: int, skip: float = SKIP) -> NumberPosterior:
    """Exact distribution over the number of marks in a grid.

    Parameters
    ----------
    cells
        (rows * columns, 6) float64, distributions over 0 to 5 marks, row by row from the top left.
    marks
        Marks in a full cell, 1 to 5.
    skip
        Probability that a cell shows anything at all, whatever the number; in (0, 1].

    Raises
    ------
    ValueError
        When `cells` are no distributions, or `marks` or `skip` lies outside its range.
    """
    if not 1 <= marks < TALLY_CLASSES:
        raise ValueError(f"a cell holds 1 to {TALLY_CLASSES - 1} marks, not {marks}")
    return _posterior(_contiguous(distributions(cells, TALLY_CLASSES)[:, : marks + 1], skip))


def row_sums_posterior(boxes: NDArray[np.float64], *, row_capacity: int, skip: float = SKIP) -> NumberPosterior:
    """Exact distribution over the number that the sums of the rows add up to.

    A sum below ten has a 0, a filler or nothing in its first box; no sum is a 0, a filler or nothing in both. A number of two digits
    that takes several rows may also stand whole beside the first, and any number may have no row sums at all.

    Parameters
    ----------
    boxes
        (rows, 2, 12) float64, distributions over the digits, filler, closed, from the top row down.
    row_capacity
        Sum of a full row, 1 to 99.
    skip
        Probability that a row shows anything at all, whatever the number; in (0, 1].

    Raises
    ------
    ValueError
        When `boxes` are no distributions in pairs, or `row_capacity` or `skip` lies outside its range.
    """
    if boxes.ndim != 3 or boxes.shape[1] != 2:
        raise ValueError(f"row sums are (rows, 2, {ROW_SUM_CLASSES}), these are {boxes.shape}")
    if not 1 <= row_capacity <= 99:
        raise ValueError(f"two boxes hold a sum of 1 to 99, not {row_capacity}")
    pairs = distributions(boxes.reshape(-1, boxes.shape[2]), ROW_SUM_CLASSES).reshape(boxes.shape)
    digits = pairs[:, :, :10].copy()
    digits[:, :, 0] += pairs[:, :, ROW_SUM_FILLER] + pairs[:, :, ROW_SUM_CLOSED]
    tens, ones = digits[:, 0], pairs[:, 1, :10].copy()
    sums = (tens[:, :, None] * ones[:, None, :]).reshape(len(boxes), 100)
    sums[:, 0] = tens[:, 0] * digits[:, 1, 0]
    totals = _contiguous(sums[:, : row_capacity + 1], skip)
    whole = np.arange(row_capacity + 1, min(100, len(totals)))
    mixed = (1 - skip) * sums + skip / 100
    beside_first = np.log(mixed[0, whole]) + np.log(mixed[1:, 0]).sum()
    totals[whole] = np.logaddexp(np.log(1 - WHOLE) + totals[whole], np.log(WHOLE) + beside_first)
    nothing = (1 - skip) * pairs[:, :, ROW_SUM_CLOSED].prod(axis=1) + skip / 100
    unwritten = np.log(LEFT_EMPTY) + np.log(nothing).sum()
    totals = np.logaddexp(np.log(1 - LEFT_EMPTY) + totals, unwritten)
    # Nothing written says as much of one number as of another, so it counts once for each.
    return replace(_posterior(totals), unwritten=float(len(totals) * np.exp(unwritten - np.logaddexp.reduce(totals))))


def _contiguous(places: NDArray[np.float64], skip: float) -> NDArray[np.float64]:
    """Log likelihood of each total of (K, full + 1) probabilities of what K places hold, when they are filled one after the other."""
    if not 0 < skip <= 1:
        raise ValueError(f"skip is a probability above 0, not {skip}")
    count, full = places.shape[0], places.shape[1] - 1
    log = np.log((1 - skip) * places + skip / (full + 1))
    before = np.concatenate([[0.0], np.cumsum(log[:, full])])
    after = np.concatenate([np.cumsum(log[::-1, 0])[::-1], [0.0]])
    partly = before[:count, None] + log[:, :full] + after[1:, None]
    return np.concatenate([partly.ravel(), before[count:]])


def _posterior(totals: NDArray[np.float64]) -> NumberPosterior:
    likelihood = np.exp(totals - totals.max())
    return NumberPosterior(np.asarray(likelihood / likelihood.sum(), np.float64))

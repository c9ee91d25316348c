"""Read the numbers of a page together: what its sums say about numbers that were written unclearly.

A distribution for each number and the sums that must close come in; how probable each reading is beside all the others comes out. The
idea: a page rarely contradicts itself, so of two readings of a doubtful digit the one that closes the sums is likelier by far. All
numbers are laid out one after the other, a sum is weighed as soon as its last number is there, and only the most probable layouts are
carried on, since a page has few doubtful numbers and all others leave no choice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.crosscheck.numbers import RowPosterior
from pipeline.forms import LinearConstraint

LAYOUTS = 500
"""Most probable layouts of a page that are carried on."""

READINGS = 6
"""Readings of a number that are considered."""

LEAST_SUPPORT = 1e-3
"""A reading less probable than this by itself is not considered: the sums choose among what is seen, they bring in nothing."""

MISSES = 100.0
"""Differences a sum that does not close on the paper may have, taken as equally likely: slips of the pen are of all sizes."""


def readings_beside_sums(
    numbers: Mapping[str, RowPosterior], sums: Sequence[LinearConstraint], *, broken: float
) -> Mapping[str, Mapping[int | None, float]]:
    """Probability of each reading of the numbers that stand in a sum, given all other numbers; None = no number.

    Parameters
    ----------
    numbers
        What each number says by itself.
    sums
        Equalities; one with a number that is not in `numbers`, or that has no value, is not weighed.
    broken
        Probability that a sum does not close on the paper.
    """
    sums = [one for one in sums if set(one.coefficients) <= set(numbers)]
    order = list(dict.fromkeys(name for one in sorted(sums, key=lambda one: len(one.coefficients)) for name in one.coefficients))
    if not order:
        return {}
    place = {name: index for index, name in enumerate(order)}
    last = {id(one): max(place[name] for name in one.coefficients) for one in sums}
    values = np.empty((1, 0))
    weights = np.zeros(1)
    for index, name in enumerate(order):
        options, logs = _readings(numbers[name])
        values = np.column_stack([np.repeat(values, len(options), axis=0), np.tile(options, len(values))])
        weights = np.repeat(weights, len(options)) + np.tile(logs, len(weights))
        for one in sums:
            if last[id(one)] == index:
                weights += _weight(one, values, place, broken=broken)
        if len(weights) > LAYOUTS:
            kept = np.argsort(-weights, kind="stable")[:LAYOUTS]
            values, weights = values[kept], weights[kept]
    shares = np.exp(weights - weights.max())
    shares /= shares.sum()
    return {name: _marginal(values[:, index], shares) for index, name in enumerate(order)}


def _readings(number: RowPosterior) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The readings of a number that are considered, not-a-number for no number, and their log probabilities."""
    seen = [one for one in number.alternatives(READINGS) if one.probability >= LEAST_SUPPORT]
    options = np.array([np.nan if one.value is None else one.value for one in seen])
    return options, np.log([one.probability for one in seen])


def _weight(one: LinearConstraint, values: NDArray[np.float64], place: Mapping[str, int], *, broken: float) -> NDArray[np.float64]:
    """(L,) log weight of a sum in each layout."""
    total = sum((coefficient * values[:, place[name]] for name, coefficient in one.coefficients.items()), np.zeros(len(values)))
    off = total - one.constant
    return np.where(np.isnan(off), 0.0, np.where(off == 0, np.log(1 - broken), np.log(broken / MISSES)))


def _marginal(column: NDArray[np.float64], shares: NDArray[np.float64]) -> Mapping[int | None, float]:
    found: dict[int | None, float] = {}
    readings: Iterable[int | None] = (None if np.isnan(value) else int(value) for value in column)
    for reading, share in zip(readings, shares, strict=True):
        found[reading] = found.get(reading, 0.0) + float(share)
    return found

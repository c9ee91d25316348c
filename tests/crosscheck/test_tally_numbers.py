"""Totals of tally grids and of row sums: exact sums over what every place may hold."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from pipeline.crosscheck.tally_numbers import (
    ROW_SUM_CLASSES,
    ROW_SUM_CLOSED,
    ROW_SUM_FILLER,
    TALLY_CLASSES,
    row_sums_posterior,
    tally_posterior,
)

CLOSED_ROW = (ROW_SUM_CLOSED, ROW_SUM_CLOSED)


def sharp(places: list[int], classes: int, sharpness: float = 0.99) -> NDArray[np.float64]:
    rows = np.full((len(places), classes), (1 - sharpness) / (classes - 1))
    rows[range(len(places)), places] = sharpness
    return rows


def grid(total: int, cells: int, marks: int = 5) -> NDArray[np.float64]:
    return sharp([min(max(total - marks * k, 0), marks) for k in range(cells)], TALLY_CLASSES)


def pairs(*rows: tuple[int, int]) -> NDArray[np.float64]:
    return sharp([box for row in rows for box in row], ROW_SUM_CLASSES).reshape(len(rows), 2, ROW_SUM_CLASSES)


def any_rows(classes: int, longest: int, *, even: bool = False) -> st.SearchStrategy[NDArray[np.float64]]:
    counts = st.integers(1, longest).map(lambda n: 2 * n if even else n)
    shapes = st.tuples(counts, st.just(classes))
    weights = hnp.arrays(np.float64, shapes, elements=st.floats(0, 1, width=32)).map(lambda a: a**3 + 1e-9)
    return weights.map(lambda a: a / a.sum(axis=1, keepdims=True))


@given(st.integers(0, 300))
def test_a_clear_grid_says_its_number(total: int) -> None:
    best = tally_posterior(grid(total, 60), marks=5).best()
    assert best.value == total
    assert best.probability > 0.9


@given(any_rows(TALLY_CLASSES, 5), st.integers(1, 5), st.floats(1e-3, 1))
def test_a_grid_is_summed_exactly(cells: NDArray[np.float64], marks: int, skip: float) -> None:
    found = tally_posterior(cells, marks=marks, skip=skip).numbers
    mixed = (1 - skip) * cells + skip / (marks + 1)
    shown = [[min(max(total - marks * k, 0), marks) for k in range(len(cells))] for total in range(len(cells) * marks + 1)]
    expected = np.array([np.prod(mixed[range(len(cells)), places]) for places in shown])
    np.testing.assert_allclose(found, expected / expected.sum(), rtol=1e-9, atol=1e-12)


@given(any_rows(TALLY_CLASSES, 180), st.floats(1e-6, 1))
def test_any_grid_gives_a_distribution(cells: NDArray[np.float64], skip: float) -> None:
    found = tally_posterior(cells, marks=5, skip=skip)
    assert len(found.numbers) == 5 * len(cells) + 1
    assert np.isfinite(found.numbers).all()
    assert found.numbers.min() >= 0
    assert found.numbers.sum() == pytest.approx(1)


def test_a_bundle_that_lacks_a_stroke_does_not_veto_the_number() -> None:
    cells = grid(83, 60)
    cells[3] = sharp([4], TALLY_CLASSES, 0.9999)[0]
    best = tally_posterior(cells, marks=5, skip=0.01).best()
    assert best.value == 83
    assert best.probability > 0.9


def test_a_doubtful_last_cell_shares_the_probability_between_its_counts() -> None:
    cells = grid(82, 60)
    cells[16] = [0, 0, 0.6, 0.4, 0, 0]
    found = tally_posterior(cells, marks=5).numbers
    assert found[82] == pytest.approx(0.6, abs=0.03)
    assert found[83] == pytest.approx(0.4, abs=0.03)


@given(st.integers(1, 300))
def test_clear_row_sums_say_their_number(total: int) -> None:
    sums = [min(max(total - 60 * row, 0), 60) for row in range(5)]
    rows = [CLOSED_ROW if value == 0 else divmod(value, 10) for value in sums]
    best = row_sums_posterior(pairs(*rows), row_capacity=60).best()
    assert best.value == total
    assert best.probability > 0.7


@pytest.mark.parametrize("leading", [0, ROW_SUM_FILLER, ROW_SUM_CLOSED])
def test_a_single_digit_may_follow_anything_that_counts_nothing(leading: int) -> None:
    best = row_sums_posterior(pairs((6, 0), (leading, 7), CLOSED_ROW), row_capacity=60).best()
    assert best.value == 67


@pytest.mark.parametrize("row", [(0, 0), (ROW_SUM_FILLER, ROW_SUM_FILLER), (ROW_SUM_FILLER, 0)])
def test_no_sum_is_zero_however_it_is_written(row: tuple[int, int]) -> None:
    assert row_sums_posterior(pairs(row, CLOSED_ROW), row_capacity=60).best().value == 0


def test_a_column_in_which_nothing_stands_is_no_zero_and_one_with_a_zero_is() -> None:
    empty = row_sums_posterior(pairs(*[CLOSED_ROW] * 5), row_capacity=60)
    assert empty.best().value is None
    assert 0.5 < empty.best().probability < 0.95
    assert np.ptp(empty.numbers[1:]) < 5e-4
    for zero in ((0, 0), (ROW_SUM_FILLER, 0), (ROW_SUM_FILLER, ROW_SUM_FILLER)):
        assert row_sums_posterior(pairs(zero, *[CLOSED_ROW] * 4), row_capacity=60).numbers[0] > 0.9


@given(any_rows(ROW_SUM_CLASSES, 11, even=True), st.integers(1, 99), st.floats(1e-6, 1))
def test_any_row_sums_give_a_distribution(boxes: NDArray[np.float64], capacity: int, skip: float) -> None:
    found = row_sums_posterior(boxes.reshape(-1, 2, ROW_SUM_CLASSES), row_capacity=capacity, skip=skip)
    assert len(found.numbers) == capacity * (len(boxes) // 2) + 1
    assert np.isfinite(found.numbers).all()
    assert found.numbers.sum() == pytest.approx(1)


def test_one_row_read_as_something_else_does_not_veto_the_number() -> None:
    best = row_sums_posterior(pairs((6, 0), (8, 0), (2, 4), CLOSED_ROW, CLOSED_ROW), row_capacity=60).best()
    assert best.value == 144


def test_a_number_may_stand_whole_beside_the_first_row() -> None:
    best = row_sums_posterior(pairs((8, 2), CLOSED_ROW, CLOSED_ROW, CLOSED_ROW, CLOSED_ROW), row_capacity=60).best()
    assert best.value == 82


def test_what_is_no_grid_is_refused() -> None:
    with pytest.raises(ValueError, match="6 probabilities"):
        tally_posterior(np.full((4, 5), 0.2), marks=5)
    with pytest.raises(ValueError, match="1 to 5 marks"):
        tally_posterior(grid(3, 4), marks=6)
    with pytest.raises(ValueError, match="sum to one"):
        tally_posterior(np.full((4, 6), np.nan), marks=5)
    with pytest.raises(ValueError, match="skip"):
        tally_posterior(grid(3, 4), marks=5, skip=0)
    with pytest.raises(ValueError, match="row sums are"):
        row_sums_posterior(np.full((4, 12), 1 / 12), row_capacity=60)
    with pytest.raises(ValueError, match="1 to 99"):
        row_sums_posterior(pairs(CLOSED_ROW), row_capacity=100)

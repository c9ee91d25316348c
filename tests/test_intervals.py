"""Intervals against values published elsewhere."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.intervals import interval, upper_bound


@pytest.mark.parametrize(
    ("right", "all", "expected"),
    [
        (0, 10, (0.0, 0.3085)),
        (10, 10, (0.6915, 1.0)),
        (5, 10, (0.1871, 0.8129)),
        (15, 148, (0.0578, 0.1617)),
        (0, 0, (0.0, 1.0)),
    ],
)
def test_interval_of_clopper_and_pearson(right: int, all: int, expected: tuple[float, float]) -> None:
    assert interval(right, all) == pytest.approx(expected, abs=1e-4)


def test_bound_after_no_error_is_about_three_over_the_number() -> None:
    assert upper_bound(0, 300) == pytest.approx(1 - 0.05 ** (1 / 300))
    assert upper_bound(0, 300) == pytest.approx(3 / 300, rel=0.01)


@pytest.mark.parametrize("count", [0, 1, 7])
def test_nothing_is_known_when_all_are_wrong(count: int) -> None:
    assert upper_bound(count, count) == 1.0


@given(st.integers(0, 400), st.integers(1, 400))
def test_intervals_hold_the_share_and_mirror(part: int, all: int) -> None:
    part = min(part, all)
    low, high = interval(part, all)
    assert low <= part / all <= high
    mirrored = interval(all - part, all)
    assert mirrored == pytest.approx((1 - high, 1 - low), abs=1e-9)

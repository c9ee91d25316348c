"""Numbers read together: against a sum over every possible layout, and on pages with more doubts than layouts are carried on."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.crosscheck import FieldReading, VerdictPolicy
from pipeline.crosscheck.fusion import fuse_field, settle
from pipeline.crosscheck.joint import MISSES, readings_beside_sums
from pipeline.crosscheck.numbers import RowPosterior
from pipeline.forms import LinearConstraint, parse_check
from pipeline.sheet import BOX_CLASSES, FieldState

Rows = Callable[..., np.ndarray]
Reading = Callable[..., FieldReading]

POLICY = VerdictPolicy()
BROKEN = 0.02
NAMES = ("a", "b", "c", "d")


def number(shares: dict[int | None, float]) -> RowPosterior:
    numbers = np.zeros(100)
    for value, share in shares.items():
        if value is not None:
            numbers[value] = share
    return RowPosterior(numbers=numbers, crossed=0.0, blank=0.0, illegible=shares.get(None, 0.0))


def sums(*rules: str) -> list[LinearConstraint]:
    return [parse_check(rule, NAMES) for rule in rules]


def test_the_reading_that_closes_the_sum_is_by_far_the_likelier() -> None:
    found = readings_beside_sums(
        {"a": number({10: 1.0}), "b": number({5: 0.6, 3: 0.4}), "c": number({13: 1.0})}, sums("a + b == c"), broken=BROKEN
    )
    assert found["b"][3] > 0.999


def test_without_a_reading_that_closes_the_sum_all_stays_as_it_was() -> None:
    found = readings_beside_sums(
        {"a": number({10: 1.0}), "b": number({5: 0.6, 3: 0.4}), "c": number({40: 1.0})}, sums("a + b == c"), broken=BROKEN
    )
    assert found["b"] == pytest.approx({5: 0.6, 3: 0.4})


def test_a_number_without_a_value_leaves_its_sum_unweighed() -> None:
    found = readings_beside_sums(
        {"a": number({None: 1.0}), "b": number({5: 0.6, 3: 0.4}), "c": number({13: 1.0})}, sums("a + b == c"), broken=BROKEN
    )
    assert found["b"] == pytest.approx({5: 0.6, 3: 0.4})


def test_a_sum_with_a_number_outside_the_picture_is_not_weighed() -> None:
    assert readings_beside_sums({"a": number({10: 1.0}), "b": number({5: 1.0})}, sums("a + b == c"), broken=BROKEN) == {}


weights = st.dictionaries(st.one_of(st.none(), st.integers(0, 6)), st.floats(0.05, 1), min_size=1, max_size=4)


@given(st.lists(weights, min_size=4, max_size=4))
def test_what_is_found_is_the_sum_over_all_layouts(drawn: list[dict[int | None, float]]) -> None:
    shares = [{value: weight / sum(one.values()) for value, weight in one.items()} for one in drawn]
    rules = sums("a + b == c", "2*c == d + a")
    found = readings_beside_sums({name: number(one) for name, one in zip(NAMES, shares, strict=True)}, rules, broken=BROKEN)
    expected: dict[str, dict[int | None, float]] = {name: dict.fromkeys(one, 0.0) for name, one in zip(NAMES, shares, strict=True)}
    for layout in itertools.product(*shares):
        values = dict(zip(NAMES, layout, strict=True))
        weight = float(np.prod([one[value] for one, value in zip(shares, layout, strict=True)]))
        for rule in rules:
            holds = rule.holds(values)
            weight *= 1.0 if holds is None else 1 - BROKEN if holds else BROKEN / MISSES
        for name, value in values.items():
            expected[name][value] += weight
    for name in NAMES:
        total = sum(expected[name].values())
        assert found[name] == pytest.approx({value: weight / total for value, weight in expected[name].items()}, abs=1e-9)


def test_a_page_of_doubts_still_gives_distributions() -> None:
    names = tuple(f"n{k}" for k in range(30))
    random = np.random.default_rng(0)
    numbers = {name: number(dict(zip(range(6), random.dirichlet(np.ones(6)).tolist(), strict=True))) for name in names}
    rules = [parse_check(f"{a} + {b} == {c}", names) for a, b, c in zip(names, names[1:], names[2:], strict=False)]
    found = readings_beside_sums(numbers, rules, broken=BROKEN)
    assert set(found) == set(names)
    assert all(sum(shares.values()) == pytest.approx(1) for shares in found.values())


def torn(boxes: Rows, signs: str, other: str, share: float) -> np.ndarray:
    """A row whose last box is the last of `signs`, or with `share` the sign `other`."""
    rows = boxes(signs, 0.99999)
    rows[-1] = 0
    rows[-1, [BOX_CLASSES.index(signs[-1]), BOX_CLASSES.index(other)]] = 1 - share, share
    return rows


def test_sums_choose_among_what_is_seen_and_bring_in_nothing(boxes: Rows, reading: Reading) -> None:
    doubtful = reading(torn(boxes, "187", "1", 0.4))
    assert settle(fuse_field(doubtful, POLICY), doubtful, {181: 0.99, 187: 0.01}, POLICY).field.value == 181
    assert settle(fuse_field(doubtful, POLICY), doubtful, {642: 0.99, 187: 0.01}, POLICY).field.value == 187


def test_a_clear_number_keeps_its_value_and_loses_its_certainty(boxes: Rows, reading: Reading) -> None:
    clear = reading(torn(boxes, "187", "1", 0.02))
    field = settle(fuse_field(clear, POLICY), clear, {181: 0.99, 187: 0.01}, POLICY).field
    assert (field.value, field.raw) == (187, "187")
    assert field.probability == pytest.approx(0.01)


def test_a_row_that_could_not_be_read_is_settled_by_sums_alone_that_are_sure(
    boxes: Rows, reading: Reading
) -> None:
    unread = reading(torn(boxes, "187", "1", 0.4), illegible=(0.0, 0.0, 0.6))
    fused = fuse_field(unread, POLICY)
    assert fused.field.state is FieldState.ILLEGIBLE
    settled = settle(fused, unread, {187: 0.995, None: 0.005}, POLICY).field
    assert (settled.value, settled.raw, settled.probability) == (187, "187", POLICY.max_settled_probability)
    assert settle(fused, unread, {187: 0.6, None: 0.4}, POLICY).field.state is FieldState.ILLEGIBLE


def test_empty_boxes_stay_empty(reading: Reading) -> None:
    empty = reading("___")
    assert settle(fuse_field(empty, POLICY), empty, {5: 0.99, None: 0.01}, POLICY).field.state is FieldState.BLANK

"""The meaning of every combination of signs, and the exactness of the sums over them."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pipeline.crosscheck.numbers import (
    bubble_posterior,
    has_filler_after_digit,
    is_partly_crossed,
    meaning_of,
    most_probable_signs,
    row_posterior,
)
from pipeline.sheet import BOX_CLASSES, FieldState

NUMBER, CROSSED, BLANK, ILLEGIBLE = FieldState.NUMBER, FieldState.CROSSED, FieldState.BLANK, FieldState.ILLEGIBLE


def rows(classes: int, longest: int) -> st.SearchStrategy[np.ndarray]:
    shape = st.tuples(st.integers(1, longest), st.just(classes))
    weights = hnp.arrays(np.float64, shape, elements=st.floats(0, 1, width=32)).map(lambda a: a**3 + 1e-6)
    return weights.map(lambda a: a / a.sum(axis=1, keepdims=True))


@pytest.mark.parametrize(
    ("raw", "state", "value"),
    [
        ("x74", NUMBER, 74), ("074", NUMBER, 74), ("_74", NUMBER, 74), ("-74", NUMBER, 74), ("xx5", NUMBER, 5),
        ("_x5", NUMBER, 5), ("123", NUMBER, 123), ("000", NUMBER, 0), ("xx0", NUMBER, 0), ("__0", NUMBER, 0),
        ("xxx", CROSSED, 0), ("---", CROSSED, 0), ("x-x", CROSSED, 0), ("___", BLANK, None), ("83_", NUMBER, 83),
        ("8__", NUMBER, 8), ("x8_", NUMBER, 8), ("83x", NUMBER, 830), ("8x3", NUMBER, 803), ("8-_", NUMBER, 80),
        ("0__", NUMBER, 0), ("8_3", ILLEGIBLE, None), ("8_x", ILLEGIBLE, None), ("0_5", ILLEGIBLE, None), ("__-", CROSSED, 0),
        ("-__", CROSSED, 0), ("xx_", CROSSED, 0), ("1?2", ILLEGIBLE, None), ("7", NUMBER, 7), ("x", CROSSED, 0),
        ("_", BLANK, None), ("1x34", NUMBER, 1034), ("_1234", NUMBER, 1234),
    ],
)
def test_signs_mean_what_an_operator_would_say(raw, state, value):
    assert meaning_of(raw) == (state, value)


@pytest.mark.parametrize(
    ("raw", "flagged"),
    [("x74", False), ("_05", False), ("83_", True), ("8x3", True), ("0x5", True), ("xxx", False), ("___", False)],
)
def test_a_filler_after_a_digit_is_noticed(raw, flagged):
    assert has_filler_after_digit(raw) is flagged


@pytest.mark.parametrize(
    ("raw", "flagged"), [("__x", True), ("-__", True), ("x_x", True), ("xxx", False), ("___", False), ("x_5", False), ("5x_", False)]
)
def test_a_stroke_that_misses_some_boxes_is_noticed(raw, flagged):
    assert is_partly_crossed(raw) is flagged


@pytest.mark.parametrize("length", [1, 2, 3])
def test_every_combination_counts_exactly_once(length):
    random = np.random.default_rng(length)
    boxes = random.dirichlet(np.ones(13), size=length)
    expected: dict[tuple[FieldState, int | None], float] = {}
    for signs in itertools.product(range(13), repeat=length):
        meaning = meaning_of("".join(BOX_CLASSES[k] for k in signs))
        expected[meaning] = expected.get(meaning, 0.0) + float(np.prod(boxes[range(length), signs]))
    posterior = row_posterior(boxes, np.zeros(length))
    for (state, value), probability in expected.items():
        assert posterior.of(state, value) == pytest.approx(probability, abs=1e-12)


@given(rows(13, 4), st.lists(st.floats(0, 1), min_size=4, max_size=4))
def test_a_row_is_a_distribution(boxes, illegible):
    posterior = row_posterior(boxes, np.array(illegible[: len(boxes)]))
    total = posterior.numbers.sum() + posterior.crossed + posterior.blank + posterior.illegible
    assert total == pytest.approx(1, abs=1e-9)
    assert posterior.numbers.min() >= 0
    assert posterior.of_value(0) + posterior.of_value(None) <= 1 + 1e-9


@given(rows(13, 3), st.lists(st.floats(0, 1), min_size=3, max_size=3))
def test_the_signs_reported_mean_the_value_reported(boxes, illegible):
    state, value = row_posterior(boxes, np.array(illegible[: len(boxes)])).best()
    if state is not ILLEGIBLE:
        assert meaning_of(most_probable_signs(boxes, state, value)) == (state, value)


@given(rows(13, 3))
def test_alternatives_come_best_first_and_without_repeats(boxes):
    alternatives = row_posterior(boxes, np.zeros(len(boxes))).alternatives(3)
    probabilities = [alternative.probability for alternative in alternatives]
    assert len(alternatives) == 3
    assert probabilities == sorted(probabilities, reverse=True)
    assert len({alternative.value for alternative in alternatives}) == 3


def test_five_boxes_are_summed_exactly(boxes):
    posterior = row_posterior(boxes("x1234"), np.zeros(5))
    assert posterior.best() == (NUMBER, 1234)
    assert posterior.numbers.sum() + posterior.crossed + posterior.blank + posterior.illegible == pytest.approx(1, abs=1e-9)


def test_two_ways_to_write_a_number_add_up(boxes):
    undecided = boxes("x24")
    undecided[0] = 0
    undecided[0, [BOX_CLASSES.index("x"), BOX_CLASSES.index("0")]] = 0.5
    posterior = row_posterior(undecided, np.zeros(3))
    assert posterior.of_value(24) > 0.99


def test_an_illegible_box_takes_its_share_from_every_number(boxes):
    clear, doubtful = row_posterior(boxes("123"), np.zeros(3)), row_posterior(boxes("123"), np.array([0, 0.4, 0]))
    assert doubtful.of_value(123) == pytest.approx(0.6 * clear.of_value(123))
    assert doubtful.illegible > 0.4


@pytest.mark.parametrize(
    ("signs", "value"),
    [("123", 123), ("_23", 23), ("__3", 3), ("003", 3), ("0_3", None), ("12_", None), ("_s3", None), ("___", None)],
)
def test_bubbles_mean_what_they_mark(bubbles, signs, value):
    assert bubble_posterior(bubbles(signs)).best().value == value


def test_no_bubble_at_all_is_blank_and_not_zero(bubbles):
    posterior = bubble_posterior(bubbles("___"))
    assert posterior.blank > 0.99
    assert posterior.numbers[0] < 0.01


@given(rows(12, 4))
def test_bubbles_are_a_distribution(columns):
    posterior = bubble_posterior(columns)
    assert posterior.numbers.sum() + posterior.blank + posterior.unclear == pytest.approx(1, abs=1e-9)

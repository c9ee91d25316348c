"""Bubbles sharpen the boxes and never speak for them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.crosscheck import VerdictPolicy, boxes_corrected
from pipeline.crosscheck.fusion import fuse, fuse_field
from pipeline.crosscheck.numbers import bubble_posterior, row_posterior
from pipeline.sheet import BOX_CLASSES, FieldState, SourceKind
from tests.crosscheck.conftest import reading_of

POLICY = VerdictPolicy()


def undecided(boxes, signs, box, other, share):
    rows = boxes(signs, 0.9999)
    rows[box] = 0
    rows[box, BOX_CLASSES.index(signs[box])] = 1 - share
    rows[box, BOX_CLASSES.index(other)] = share
    return rows


def test_agreeing_bubbles_settle_a_doubtful_digit(boxes, reading):
    rows = undecided(boxes, "181", 2, "7", 0.1)
    fused = fuse_field(reading(rows, "181"), POLICY)
    assert fused.field.value == 181
    assert fused.field.probability > 0.999
    assert fused.field.sources[SourceKind.BOXES].probability == pytest.approx(0.9, abs=0.01)


def test_clear_boxes_are_reported_whatever_the_bubbles_say(reading):
    field = fuse_field(reading("181", "187"), POLICY).field
    assert field.value == 181
    assert field.raw == "181"
    assert field.sources[SourceKind.BUBBLES].value == 187
    assert field.probability < 1 - 1e-3


def test_boxes_torn_between_two_readings_follow_the_bubbles(boxes, reading):
    fused = fuse_field(reading(undecided(boxes, "181", 2, "7", 0.45), "187"), POLICY)
    assert fused.field.value == 187
    assert fused.field.raw == "187"
    assert fused.followed


def test_bubbles_cannot_bring_in_a_number_the_boxes_do_not_show(boxes, reading):
    field = fuse_field(reading(undecided(boxes, "181", 2, "7", 0.45), "642"), POLICY).field
    assert field.value == 181


def test_filled_bubbles_do_not_fill_empty_boxes(reading):
    field = fuse_field(reading("___", "066"), POLICY).field
    assert (field.state, field.value, field.raw) == (FieldState.BLANK, None, "___")
    assert field.sources[SourceKind.BUBBLES].value == 66


def test_an_illegible_box_leaves_the_number_unread(reading):
    field = fuse_field(reading("050", "050", illegible=(0.0, 0.9, 0.0)), POLICY).field
    assert (field.state, field.value, field.raw) == (FieldState.ILLEGIBLE, None, "0?0")
    assert field.sources[SourceKind.BOXES].value is None
    assert field.sources[SourceKind.BUBBLES].value == 50
    assert field.probability == POLICY.max_unread_probability


def test_an_illegible_row_never_shows_the_signs_of_a_number(reading):
    field = fuse_field(reading("123", illegible=(0.3, 0.4, 0.3)), POLICY).field
    assert (field.state, field.value, field.raw) == (FieldState.ILLEGIBLE, None, "1?3")


def test_signs_without_a_meaning_are_shown_as_they_are(reading):
    field = fuse_field(reading("8_3"), POLICY).field
    assert (field.state, field.value, field.raw) == (FieldState.ILLEGIBLE, None, "8_3")


def test_blank_zero_crossed_and_illegible_stay_four_things(reading):
    states = {raw: fuse_field(reading(raw), POLICY).field for raw in ("___", "000", "xxx", "8_3")}
    assert [(f.state, f.value) for f in states.values()] == [
        (FieldState.BLANK, None), (FieldState.NUMBER, 0), (FieldState.CROSSED, 0), (FieldState.ILLEGIBLE, None)
    ]


def test_skipped_bubbles_leave_the_number_nearly_as_sure(reading):
    alone, skipped = fuse_field(reading("123"), POLICY).field, fuse_field(reading("123", "___"), POLICY).field
    assert skipped.value == 123
    assert skipped.probability == pytest.approx(alone.probability, abs=1e-3)


def test_unclear_bubbles_say_nothing(reading):
    alone, unclear = fuse_field(reading("123"), POLICY).field, fuse_field(reading("123", "1s3"), POLICY).field
    assert unclear.value == 123
    assert unclear.probability == pytest.approx(alone.probability, abs=5e-3)


def test_a_number_longer_than_its_bubbles_is_still_read(reading):
    field = fuse_field(reading("1234", "234"), POLICY).field
    assert field.value == 1234
    assert field.sources[SourceKind.BUBBLES].value == 234


def test_a_slip_of_one_digit_is_the_likelier_contradiction(boxes, bubbles):
    row = row_posterior(undecided(boxes, "181", 2, "7", 0.5), np.zeros(3))
    near = fuse(row, bubble_posterior(bubbles("101")), inconsistent=0.01, skipped=0.01)
    assert near.of_value(181) > 10 * near.of_value(187)


def test_a_count_settles_a_doubtful_digit_and_stands_among_the_sources(boxes, reading):
    rows = undecided(boxes, "181", 2, "7", 0.1)
    field = fuse_field(reading(rows, tally=181, row_sums=181), POLICY).field
    assert field.value == 181
    assert field.probability > 0.999
    assert {kind: field.sources[kind].value for kind in (SourceKind.TALLY, SourceKind.ROW_SUMS)} == {
        SourceKind.TALLY: 181, SourceKind.ROW_SUMS: 181
    }


def test_boxes_torn_between_two_readings_follow_the_count(boxes, reading):
    fused = fuse_field(reading(undecided(boxes, "181", 2, "7", 0.45), tally=187, row_sums=187), POLICY)
    assert (fused.field.value, fused.followed) == (187, True)


def test_clear_boxes_are_reported_whatever_was_counted(reading):
    field = fuse_field(reading("181", tally=187, row_sums=187), POLICY).field
    assert (field.value, field.raw) == (181, "181")
    assert field.probability < 1 - 1e-3


def test_an_empty_grid_leaves_the_number_nearly_as_sure(reading):
    alone, skipped = fuse_field(reading("123"), POLICY).field, fuse_field(reading("123", tally=0, row_sums=0), POLICY).field
    assert skipped.value == 123
    assert skipped.probability == pytest.approx(alone.probability, abs=1e-3)


def test_row_sums_that_nobody_wrote_take_nothing_from_a_count(reading):
    counted = fuse_field(reading("123", tally=123), POLICY).field
    field = fuse_field(reading("123", tally=123, row_sums=0), POLICY).field
    assert field.value == 123
    assert field.probability == pytest.approx(counted.probability, abs=1e-4)
    assert field.sources[SourceKind.ROW_SUMS].value is None


def test_a_count_that_is_a_few_marks_off_is_the_likelier_contradiction(boxes, reading):
    field = fuse_field(reading(undecided(boxes, "181", 0, "2", 0.5), tally=183, row_sums=183), POLICY).field
    assert field.value == 181
    assert field.probability > 0.9


def test_a_number_beyond_the_grid_is_still_read(reading):
    field = fuse_field(reading("345", tally=300, row_sums=300), POLICY).field
    assert field.value == 345


def test_tally_and_row_sums_that_err_together_count_as_one_witness(boxes, reading):
    rows = undecided(boxes, "181", 2, "7", 0.02)
    one, both = fuse_field(reading(rows, tally=187), POLICY).field, fuse_field(reading(rows, tally=187, row_sums=187), POLICY).field
    assert one.value == both.value == 181
    assert both.probability > 0.1 * one.probability


signs = st.text(BOX_CLASSES, min_size=3, max_size=3)
marks = st.text("0123456789_s", min_size=3, max_size=3)


@given(signs, marks, st.floats(0.3, 0.9999), st.floats(0.3, 0.9999), st.lists(st.floats(0, 1), min_size=3, max_size=3))
def test_fusion_is_a_distribution_and_never_a_number_out_of_nothing(boxes, bubbles, reading, row, columns, first, second, illegible):
    one = reading(boxes(row, first), bubbles(columns, second), illegible=tuple(illegible))
    fused = fuse_field(one, POLICY)
    posterior = fuse(fused.boxes, fused.bubbles, inconsistent=POLICY.paper_inconsistent, skipped=POLICY.bubbles_skipped)
    total = posterior.numbers.sum() + posterior.crossed + posterior.blank + posterior.illegible
    assert total == pytest.approx(1, abs=1e-9)
    assert 0 <= fused.field.probability <= 1 + 1e-9
    assert (fused.field.value is None) == (fused.field.state in (FieldState.BLANK, FieldState.ILLEGIBLE))
    if fused.field.value is not None:
        assert fused.boxes.of_value(fused.field.value) >= min(POLICY.min_boxes_support, fused.boxes.of_value(fused.boxes.best()[1]))


@given(signs, marks, st.floats(0.3, 0.9999))
def test_the_same_reading_gives_the_same_field(reading, row, columns, sharpness):
    first, second = (fuse_field(reading(row, columns, sharpness=sharpness), POLICY).field for _ in range(2))
    assert first == second


def test_a_box_above_corrected_bubbles_is_likelier_to_be_corrected_and_no_other(reading):
    seen = reading("119", "119", corrected=(0.05, 0.05, 0.05), bubbles_corrected=(0.0, 0.95, 0.0))
    beside = boxes_corrected(seen, POLICY)
    assert beside[1] > POLICY.max_corrected
    assert (beside[[0, 2]] < 0.05).all()


@given(st.floats(0.001, 0.999), st.floats(0, 1), st.floats(0, 1))
def test_the_surer_that_bubbles_were_corrected_the_surer_of_the_box(box, one, other):
    low, high = sorted((one, other))
    readings = (reading_of("119", "119", corrected=(box,) * 3, bubbles_corrected=(column,) * 3) for column in (low, high))
    less, more = (boxes_corrected(seen, POLICY)[0] for seen in readings)
    assert 0 < less <= more + 1e-12 < 1


def test_bubbles_that_are_as_usual_say_nothing_of_the_box(reading):
    usual = (POLICY.bubbles_corrected_usual,) * 3
    seen = reading("119", "119", corrected=(0.1, 0.5, 0.9), bubbles_corrected=usual)
    assert boxes_corrected(seen, POLICY) == pytest.approx([0.1, 0.5, 0.9])
    assert boxes_corrected(reading("119", corrected=(0.1, 0.5, 0.9)), POLICY) == pytest.approx([0.1, 0.5, 0.9])

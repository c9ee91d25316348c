"""Mistakes planted in a good form are found, each with its own code."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.forms import (
    Bounds,
    Bubbles,
    Catalogue,
    FieldLayout,
    Form,
    LintCode,
    Rect,
    RowSums,
    lint,
    lint_form,
    load_catalogue,
)
from pipeline.forms.model import TallyGrid
from pipeline.sheet import Text


@pytest.fixture(scope="module")
def form() -> Form:
    return load_catalogue()["c-hasil-ppwp-2024"]


def with_field(form: Form, name: str, **changes: object) -> Form:
    number = form.page_of(name)
    page = form.pages[number]
    field: FieldLayout = replace(page.fields[name], **changes)  # type: ignore[arg-type]
    return replace(form, pages={**form.pages, number: replace(page, fields={**page.fields, name: field})})


def codes(form: Form) -> set[LintCode]:
    return {finding.code for finding in lint_form(form)}


def test_every_form_of_the_package_is_clean() -> None:
    assert lint(load_catalogue()) == ()


def test_a_box_outside_the_paper(form: Form) -> None:
    boxes = form.fields["suara_total"].boxes
    planted = with_field(form, "suara_total", boxes=(*boxes[:2], replace(boxes[2], x=590.0)))
    assert LintCode.OUTSIDE_PAPER in codes(planted)
    assert "box 3 of suara_total reaches outside the paper" in " ".join(map(str, lint(Catalogue({form.id: planted}))))


@pytest.mark.parametrize(
    ("window", "code"),
    [
        (Rect(177, 156, 353, 300), LintCode.WINDOW),
        (Rect(177, 100, 353, 527), LintCode.WINDOW),
        (Rect(177, 156, 430, 471), LintCode.OUTSIDE_PAPER),
    ],
)
def test_window_that_hides_a_box_or_shows_the_tag_or_more_than_the_paper(form: Form, window: Rect, code: LintCode) -> None:
    planted = replace(form, pages={**form.pages, "2": replace(form.pages["2"], window=window)})
    assert codes(planted) == {code}


def test_boxes_that_overlap(form: Form) -> None:
    planted = with_field(form, "suara_sah", boxes=form.fields["suara_total"].boxes)
    assert codes(planted) == {LintCode.OVERLAP}


def test_words_over_a_digit_box(form: Form) -> None:
    assert codes(with_field(form, "suara_sah", words=Rect(183, 160, 300, 32))) == {LintCode.OVERLAP}


def test_a_box_whose_frame_is_not_printed(form: Form) -> None:
    shifted = tuple(replace(box, y=box.y + 3) for box in form.fields["disabilitas_l"].boxes)
    assert codes(with_field(form, "disabilitas_l", boxes=shifted)) == {LintCode.FRAME_MISSING}


def test_boxes_in_the_wrong_order(form: Form) -> None:
    assert codes(with_field(form, "suara_sah", boxes=form.fields["suara_sah"].boxes[::-1])) == {LintCode.BOXES_IRREGULAR}


def test_sources_that_do_not_fit_each_other(form: Form) -> None:
    bubbles, sums = form.fields["paslon_1"].bubbles, form.fields["paslon_1"].row_sums
    assert bubbles is not None
    assert sums is not None
    assert codes(with_field(form, "paslon_1", bubbles=Bubbles(bubbles.columns[:2]))) == {LintCode.SOURCES_MISMATCH}
    nine = tuple(column[:9] for column in bubbles.columns)
    assert codes(with_field(form, "paslon_1", bubbles=Bubbles(nine))) == {LintCode.SOURCES_MISMATCH}
    assert codes(with_field(form, "paslon_1", row_sums=RowSums(sums.box, 4, 2))) == {LintCode.SOURCES_MISMATCH}
    assert codes(with_field(form, "paslon_1", row_sums=RowSums(sums.box, 5, 1))) == set(), "one open cell holds any number"
    tally = form.fields["paslon_1"].tally
    assert tally is not None
    assert codes(with_field(form, "paslon_1", tally=TallyGrid(tally.box, 5, 30, 5))) == {LintCode.SOURCES_MISMATCH}
    assert codes(with_field(form, "paslon_1", tally=None)) == {LintCode.SOURCES_MISMATCH}


def test_a_number_that_only_bounds_speak_of_is_unconfirmed(form: Form) -> None:
    planted = replace(form, checks=tuple(check for check in form.checks if check.id != "E01"))
    findings = lint_form(planted)
    assert {finding.code for finding in findings} == {LintCode.UNCONFIRMED}
    assert [finding.where for finding in findings] == [f"page 1, pemilih_dpt_{who}" for who in "lpj"]


def test_bounds_that_the_boxes_cannot_hold(form: Form) -> None:
    assert codes(replace(form, bounds=Bounds(0, 9999))) == {LintCode.BOUNDS}
    assert codes(replace(form, bounds=Bounds(5, 5))) == {LintCode.BOUNDS}


def test_a_text_missing_in_one_language(form: Form) -> None:
    assert codes(with_field(form, "suara_sah", label=Text("Suara sah", " "))) == {LintCode.TEXT_MISSING}


def test_a_check_and_a_tag_that_are_there_twice(form: Form) -> None:
    copied = replace(form.checks[0], id="E99")
    assert codes(replace(form, checks=(*form.checks, copied))) == {LintCode.DUPLICATE_CHECK}
    second = replace(form.pages["2"], tag=form.pages["1"].tag)
    assert codes(replace(form, pages={**form.pages, "2": second})) == {LintCode.DUPLICATE_TAG}

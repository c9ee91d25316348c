"""When a number, a sheet, a box and a bubble column count as right."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.bench.figures import Share, figures_of, noticed, reasons_for_review
from pipeline.bench.judging import CorrectionOutcome, Outcome, Place, judge
from pipeline.read import Reading
from pipeline.recognition.bubbles import NONE, SEVERAL
from pipeline.sheet import FieldState, Finding, FindingCode, Severity, Text, Verdict
from pipeline.training.bubbles import ColumnTruth
from tests.bench.sheets import FORM, read_sheet, true_sheet
from tests.crosscheck.conftest import reading_of
from tests.sheets import make_field, make_refused

ACCEPTED = {"verdict": Verdict.ACCEPTED}


def judged(truth: dict[str, Any] | None = None, read: dict[str, Any] | None = None, **changes: Any) -> Outcome:
    options = {"fields": {}, "exceptions": {}, "known": True} | changes
    reading = Reading(read_sheet(**read or {}), fields=options["fields"])
    return judge(true_sheet(**truth or {}), reading, known=options["known"], exceptions=options["exceptions"])


def test_sheet_read_right() -> None:
    outcome = judged(read=ACCEPTED)
    assert (outcome.place, outcome.wrong, outcome.accepted, outcome.wrong_accepted) == (Place.RIGHT, (), True, False)


@pytest.mark.parametrize(
    "read",
    [
        {"fields": {"paslon_1": make_field(126), "paslon_2": make_field(87)}},
        {"fields": {"paslon_1": make_field(None), "paslon_2": make_field(87)}},
        {"fields": {"paslon_2": make_field(87)}},
    ],
)
def test_accepted_sheet_with_a_wrong_number_is_wrong(read: dict[str, Any]) -> None:
    outcome = judged(read=read | ACCEPTED)
    assert [number.field for number in outcome.wrong] == ["paslon_1"]
    assert outcome.wrong_accepted
    assert not judged(read=read).wrong_accepted


def test_accepted_sheet_on_another_page_is_wrong() -> None:
    outcome = judged(read={"page": "3"} | ACCEPTED)
    assert outcome.place is Place.WRONG
    assert outcome.wrong_accepted


@pytest.mark.parametrize(
    ("state", "right"), [(FieldState.BLANK, True), (FieldState.CROSSED, False), (FieldState.ILLEGIBLE, False), (FieldState.NUMBER, False)]
)
def test_empty_number_is_right_only_when_reported_as_empty(state: FieldState, right: bool) -> None:
    value = 0 if state in (FieldState.CROSSED, FieldState.NUMBER) else None
    outcome = judged({"fields": {"paslon_1": None}}, {"fields": {"paslon_1": make_field(value, state=state)}})
    assert outcome.numbers[0].right is right


@pytest.mark.parametrize(("unsure", "wrong"), [({"paslon_2": 87}, False), ({"paslon_2": 81}, True), ({"paslon_2": None}, True)])
def test_accepted_sheet_must_not_be_surer_than_a_person(unsure: dict[str, int | None], wrong: bool) -> None:
    outcome = judged({"fields": {"paslon_1": 125}, "unsure": unsure}, ACCEPTED)
    assert outcome.wrong_accepted is wrong
    assert len(outcome.numbers) == 1


def test_refused_sheet_has_no_numbers() -> None:
    outcome = judge(true_sheet(), Reading(make_refused()), known=True, exceptions={})
    assert outcome.place is Place.REFUSED
    assert figures_of([outcome]).numbers == Share(0, 0)


def test_boxes_that_hold_no_single_sign_are_left_out() -> None:
    outcome = judged({"boxes": {"paslon_1": "1m?", "paslon_2": "x8s"}})
    assert outcome.boxes == (("1", "1"), ("x", "x"), ("8", "8"))
    assert judged({"struck": frozenset({"paslon_1"})}).boxes == (("x", "x"), ("8", "8"), ("7", "7"))


def test_bubbles_repeat_the_number_unless_somebody_looked() -> None:
    fields = {"paslon_1": reading_of("125", "126"), "paslon_2": reading_of("x87", "_8s")}
    looked_at = {
        ("set-a/1.png", "paslon_2", 0): ColumnTruth(()),
        ("set-a/1.png", "paslon_2", 1): None,
        ("set-a/1.png", "paslon_2", 2): ColumnTruth((3, 7)),
    }
    outcome = judged(fields=fields, exceptions=looked_at)
    assert [(column.truth, column.read) for column in outcome.columns] == [(1, 1), (2, 2), (5, 6), (NONE, NONE), (SEVERAL, SEVERAL)]
    noted = judged({"noted": True}, fields=fields, exceptions=looked_at)
    assert [column.field for column in noted.columns] == ["paslon_2", "paslon_2"]


def test_figures_of_a_set() -> None:
    unsure = Finding(FindingCode.UNSURE, Severity.WARNING, ("paslon_2",), Text("", ""))
    remark = Finding(FindingCode.BOUND_EXCEEDED, Severity.INFO, (), Text("", ""))
    outcomes = [
        judged(read=ACCEPTED),
        judged({"must_review": ("overwritten",)}, ACCEPTED),
        judged(read={"findings": (unsure, remark)}),
        judged(read={"fields": {"paslon_1": make_field(725, probability=0.9995), "paslon_2": make_field(87)}} | ACCEPTED),
        judged(read={"form": FORM, "page": "3", "fields": {}}),
        judge(true_sheet(), Reading(make_refused()), known=True, exceptions={}),
    ]
    figures = figures_of(outcomes)
    assert (figures.sheets, figures.refused, figures.wrong_page, figures.right_page) == (6, 1, 1, Share(4, 6))
    assert figures.numbers == Share(7, 10)
    assert (figures.accepted, figures.accepted_clear, figures.wrong_accepted) == (Share(3, 6), Share(2, 5), Share(1, 3))
    assert (figures.boxes["1"], figures.boxes["x"], figures.boxes["-"]) == (Share(3, 4), Share(3, 4), Share(0, 0))
    assert figures.wrong_surest == {0.99: Share(1, 5), 0.999: Share(1, 1)}
    assert reasons_for_review(outcomes) == {"unsure": 1}


def test_corrections_are_told_by_the_box_and_beside_its_bubbles() -> None:
    seen = {"paslon_1": reading_of("125", "125", corrected=(0.01, 0.01, 0.01), bubbles_corrected=(0.0, 0.0, 0.9))}
    boxes = judged({"corrected": frozenset({("paslon_1", 2)})}, fields=seen).corrections
    assert [box.corrected for box in boxes] == [False, False, True]
    assert boxes[2].beside_bubbles > boxes[2].alone > boxes[0].beside_bubbles
    assert judged({"corrected": None}, fields=seen).corrections == ()
    assert judged({"struck": frozenset({"paslon_1"})}, fields=seen).corrections == ()


def test_noticed_is_counted_above_a_share_of_the_clean_boxes() -> None:
    clean = [CorrectionOutcome(False, number / 100, 0.0) for number in range(100)]
    boxes = [*clean, *(CorrectionOutcome(True, stated, 0.0) for stated in (0.5, 0.975, 0.985, 0.999))]
    assert noticed(boxes, lambda box: box.alone, flagged=0.02) == Share(3, 4)
    assert noticed(boxes, lambda box: box.alone, flagged=0.01) == Share(2, 4)
    assert noticed([], lambda box: box.alone, flagged=0.02) == Share(0, 0)

"""The rule of acceptance: two independent readings that agree, one of them a person's, and checks that hold."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.forms import Check
from pipeline.forms.checks import parse_check
from pipeline.review.acceptance import DECIDED, Judgement, judge
from pipeline.sheet import FieldState, Severity, Text
from pipeline.store.decisions import Typed
from pipeline.store.queue import Stage

FIELDS = ("a", "b", "total")
BLANK = Typed(FieldState.BLANK, None)
CROSSED = Typed(FieldState.CROSSED, 0)
ILLEGIBLE = Typed(FieldState.ILLEGIBLE, None)


def check(expression: str, severity: Severity = Severity.ERROR) -> Check:
    return Check(expression, expression, Text("", ""), parse_check(expression, FIELDS), severity)


ADDS_UP = check("a + b == total")


def numbers(*values: int | Typed) -> dict[str, Typed]:
    typed = (value if isinstance(value, Typed) else Typed(FieldState.NUMBER, value) for value in values)
    return dict(zip(FIELDS, typed, strict=False))


def judged(machine: Mapping[str, Typed], *entries: Mapping[str, Typed], **changes: bool) -> Judgement:
    return judge(machine, entries, [ADDS_UP], **changes)


def test_nobody_typed_it_so_every_number_is_open() -> None:
    judgement = judged(numbers(1, 2, 3))
    assert judgement.leads_to == Stage.KEY
    assert judgement.open == FIELDS
    assert not judgement.settled


def test_machine_and_one_person_agree_and_the_sum_closes() -> None:
    judgement = judged(numbers(1, 2, 3), numbers(1, 2, 3))
    assert judgement.leads_to == DECIDED
    assert judgement.settled == numbers(1, 2, 3)


def test_machine_alone_is_never_enough_however_many_numbers_agree() -> None:
    assert judged(numbers(1, 2, 3), {"a": numbers(1)["a"]}).open == ("a", "b", "total")


def test_second_person_is_asked_only_what_is_open() -> None:
    judgement = judge(numbers(1, 2, 3), [numbers(1, 7, 3)], [])
    assert judgement.leads_to == Stage.KEY_AGAIN
    assert judgement.open == ("b",)
    assert judge(numbers(1, 2, 3), [numbers(1, 7, 3), {"b": numbers(7, 7)["b"]}], []).leads_to == DECIDED


def test_agreement_on_a_sum_that_does_not_close_asks_for_all_its_numbers_again() -> None:
    first = judged(numbers(1, 2, 4), numbers(1, 2, 4))
    assert first.leads_to == Stage.KEY_AGAIN
    assert first.open == FIELDS
    assert first.broken == (ADDS_UP,)
    assert judged(numbers(1, 2, 4), numbers(1, 2, 4), numbers(1, 2, 4)).leads_to == Stage.RESOLVE


def test_soft_bound_that_is_only_worth_knowing_stops_nothing() -> None:
    soft = check("total <= 2", Severity.INFO)
    assert judge(numbers(1, 2, 3), [numbers(1, 2, 3)], [soft]).leads_to == DECIDED
    hard = check("total <= 2", Severity.WARNING)
    assert judge(numbers(1, 2, 3), [numbers(1, 2, 3)], [hard]).leads_to == Stage.KEY_AGAIN


def test_three_different_readings_go_to_somebody_who_decides() -> None:
    judgement = judge(numbers(1, 2, 3), [numbers(1, 2, 4), {"total": numbers(0, 0, 5)["total"]}], [])
    assert judgement.leads_to == Stage.RESOLVE
    assert judgement.open == ("total",)


def test_crossed_out_is_zero_and_blank_is_not() -> None:
    assert judge(numbers(0, 0, 0), [numbers(CROSSED, CROSSED, CROSSED)], [ADDS_UP]).leads_to == DECIDED
    assert judge(numbers(BLANK, 0, 0), [numbers(0, 0, 0)], []).open == ("a",)
    assert judge(numbers(BLANK, 0, 0), [numbers(BLANK, 0, 0)], []).leads_to == DECIDED


def test_that_nobody_can_read_it_is_no_agreement() -> None:
    nobody = numbers(ILLEGIBLE, 2, 3)
    assert judge(nobody, [nobody], []).leads_to == Stage.KEY_AGAIN
    assert judge(nobody, [nobody, {"a": ILLEGIBLE}], []).leads_to == Stage.RESOLVE


def test_other_documents_that_speak_against_it_are_cured_by_no_agreement() -> None:
    assert judged(numbers(1, 2, 3), numbers(1, 2, 3), doubted=True).leads_to == Stage.RESOLVE


def test_whoever_asks_for_a_decision_gets_one() -> None:
    assert judged(numbers(1, 2, 3), numbers(1, 2, 3), escalated=True).leads_to == Stage.RESOLVE


readings = st.lists(st.sampled_from([0, 1, 2, BLANK, CROSSED, ILLEGIBLE]), min_size=3, max_size=3).map(lambda some: numbers(*some))


@given(readings, st.lists(readings, max_size=3))
def test_what_is_settled_two_readings_say_one_of_them_a_persons(machine: dict[str, Typed], entries: list[dict[str, Typed]]) -> None:
    judgement = judged(machine, *entries)
    for name, typed in judgement.settled.items():
        people = [entry[name] for entry in entries if entry[name].value == typed.value and entry[name].state is not FieldState.ILLEGIBLE]
        agrees = machine[name].value == typed.value and machine[name].state is not FieldState.ILLEGIBLE
        assert people
        assert len(people) + agrees >= 2
    if judgement.leads_to == DECIDED:
        assert set(judgement.settled) == set(FIELDS)
        assert ADDS_UP.constraint.holds({name: typed.value for name, typed in judgement.settled.items()}) is True
    else:
        assert judgement.open


@pytest.mark.parametrize("entries", [0, 1, 2, 3])
def test_a_sheet_is_typed_by_two_people_at_most(entries: int) -> None:
    stage = judged(numbers(1, 2, 3), *[numbers(1, value, 9) for value in range(4, 4 + entries)]).leads_to
    assert stage == (Stage.KEY, Stage.KEY_AGAIN, Stage.RESOLVE, Stage.RESOLVE)[entries]

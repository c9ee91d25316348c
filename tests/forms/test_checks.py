"""The grammar of checks: what it means, and what it refuses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.forms import CheckError, LinearConstraint, Relation, parse_check

FIELDS = ("paslon_1", "paslon_2", "paslon_10", "suara_sah", "suara_total", "sum")


def test_a_wildcard_stands_for_every_number_it_matches() -> None:
    constraint = parse_check("sum(paslon_*) == suara_sah", FIELDS)
    assert constraint.coefficients == {"paslon_1": 1, "paslon_2": 1, "paslon_10": 1, "suara_sah": -1}
    assert (constraint.relation, constraint.constant) == (Relation.EQUAL, 0)


@pytest.mark.parametrize(
    ("pattern", "stands_for"),
    [
        ("paslon_1*", {"paslon_1", "paslon_10"}),
        ("p*_1*0", {"paslon_10"}),
        ("s*a*h", {"suara_sah"}),
        ("s*ara*", {"suara_sah", "suara_total"}),
        ("paslon*" + "*" * 300 + "2", {"paslon_2"}),
    ],
)
def test_wildcard_may_stand_anywhere_and_many_times(pattern: str, stands_for: set[str]) -> None:
    assert set(parse_check(f"sum({pattern}) >= 1", FIELDS).coefficients) == stands_for


def test_coefficients_and_constants_are_collected_on_one_side() -> None:
    constraint = parse_check("100 * suara_total + 7 <= 102*suara_sah - 3 * sum(paslon_1, paslon_2) + 20", FIELDS)
    assert constraint.coefficients == {"paslon_1": 3, "paslon_2": 3, "suara_sah": -102, "suara_total": 100}
    assert (constraint.relation, constraint.constant) == (Relation.AT_MOST, 13)


def test_a_field_may_be_called_sum() -> None:
    assert parse_check("sum >= suara_sah", FIELDS).coefficients == {"sum": 1, "suara_sah": -1}


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        ("", "expected a field, a number or sum(...), found 'the end' at position 1"),
        ("suara_sah", "expected ==, <= or >=, found 'the end' at position 10"),
        ("suara_sah >= " + "9" * 5_000, "a number of more than 9 digits at position 14"),
        ("suara_sah >= ١", "unexpected '١' at position 14"),
        ("sum(s*s) == 1", "unknown field 's*s' at position 5"),
        ("suara_sah = suara_total", "unexpected '=' at position 11"),
        ("suara_sah == suara", "unknown field 'suara' at position 14"),
        ("sum(calon_*) == suara_sah", "unknown field 'calon_*' at position 5"),
        ("paslon_* == suara_sah", "'paslon_*' stands for several fields and belongs inside sum(...) at position 1"),
        ("sum(paslon_* == suara_sah", "expected ), found '==' at position 14"),
        ("suara_sah * 2 == suara_total", "expected ==, <= or >=, found '*' at position 11"),
        ("suara_sah == suara_sah", "nothing is left to check, both sides are the same at position 11"),
        ("suara_sah == suara_total == 3", "unexpected '==' at position 26"),
        ("suara_sah == __import__('os')", 'unexpected "\'" at position 25'),
        ("suara_sah == eval(3)", "unknown field 'eval' at position 14"),
        ("suara_sah == 1.5", "unexpected '.' at position 15"),
        ("1 <= 2", "nothing is left to check, both sides are the same at position 3"),
    ],
)
def test_what_does_not_fit_the_grammar_is_named_with_its_place(expression: str, problem: str) -> None:
    with pytest.raises(CheckError) as error:
        parse_check(expression, FIELDS)
    assert str(error.value).startswith(problem)


terms = st.tuples(st.integers(-200, 200), st.sampled_from(FIELDS[:5]))
values = st.fixed_dictionaries({name: st.integers(0, 999) for name in FIELDS})


@given(
    left=st.lists(terms, min_size=1, max_size=5),
    right=st.integers(-999, 999),
    relation=st.sampled_from(["==", "<=", ">="]),
    values=values,
    spaces=st.sampled_from(["", " ", "  "]),
)
def test_a_constraint_says_what_its_expression_says(
    left: list[tuple[int, str]], right: int, relation: str, values: dict[str, int], spaces: str
) -> None:
    signed = "".join(f"{spaces}{'-' if factor < 0 else '+'}{spaces}{abs(factor)}{spaces}*{spaces}{name}" for factor, name in left)
    expression = f"0{signed}{spaces}{relation}{spaces}{right}"
    total = sum(factor * values[name] for factor, name in left)
    parsed = outcome(expression)
    if isinstance(parsed, CheckError):
        assert "nothing is left to check" in parsed.problem
        return
    expected = {"==": total == right, "<=": total <= right, ">=": total >= right}[relation]
    assert parsed.holds({**values}) is expected


@given(st.text(alphabet="paslon_12*+-=<>() ,sumuara", max_size=40))
def test_any_text_gives_a_constraint_or_an_error_with_a_position_inside_it(expression: str) -> None:
    parsed = outcome(expression)
    if isinstance(parsed, CheckError):
        assert 0 <= parsed.position <= len(expression)
    else:
        assert set(parsed.coefficients) <= set(FIELDS)
        assert all(parsed.coefficients.values())


def outcome(expression: str) -> LinearConstraint | CheckError:
    try:
        return parse_check(expression, FIELDS)
    except CheckError as error:
        return error

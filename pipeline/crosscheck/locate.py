"""Which number is wrong when sums do not close? The numbers of a page and its equalities come in; the broken equalities come out in groups
that share numbers, each with the numbers that could explain all of it alone.

A number is suspect when it stands in every broken equality of the group and one other value of it would close every decided equality
it stands in; so an equality that holds clears its numbers. Suspects that the sums cannot tell apart stay side by side, and nothing is
ever corrected: two errors may well look like one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from pipeline.forms import Check, Form, Page


@dataclass(frozen=True, slots=True)
class Suspect:
    """A number that may be the only wrong one, and the value with which every decided equality it is part of would hold."""

    name: str
    value: int


@dataclass(frozen=True, slots=True)
class BrokenSums:
    """Broken equalities that share numbers, directly or through one another.

    Attributes
    ----------
    checks
        Ids of the equalities.
    suspects
        The numbers each of which would explain all of them alone, in the order of the form; none when at least two numbers are wrong.
    """

    checks: tuple[str, ...]
    suspects: tuple[Suspect, ...]


def locate(checks: Sequence[Check], values: Mapping[str, int], possible: Mapping[str, range]) -> tuple[BrokenSums, ...]:
    """The broken equalities among `checks`, group by group, with their suspects.

    Parameters
    ----------
    checks
        Only equalities of severity `error` whose numbers are all known count: bounds and undecided sums say nothing about a number.
    values
        The numbers as read, without those that are missing.
    possible
        The values each number can have on paper, see `possible_values`.
    """
    decided = [check for check in checks if check.is_sum and check.constraint.holds(values) is not None]
    broken = [check for check in decided if not check.constraint.holds(values)]
    return tuple(
        BrokenSums(tuple(check.id for check in group), _suspects(group, decided, values, possible)) for group in _connected(broken)
    )


def possible_values(form: Form, page: Page) -> Mapping[str, range]:
    """What the boxes of each number of the page can hold, within the bounds of the form."""
    bounds = form.bounds
    return {name: range(bounds.minimum, min(bounds.maximum + 1, 10 ** len(field.boxes))) for name, field in page.fields.items()}


def _connected(checks: Sequence[Check]) -> list[list[Check]]:
    """The checks in groups, such that two which share a number are in one group."""
    groups: list[list[Check]] = []
    for check in checks:
        touching = [group for group in groups if any(set(check.fields) & set(other.fields) for other in group)]
        groups = [group for group in groups if group not in touching]
        groups.append([*(other for group in touching for other in group), check])
    return groups


def _suspects(
    group: Sequence[Check], decided: Sequence[Check], values: Mapping[str, int], possible: Mapping[str, range]
) -> tuple[Suspect, ...]:
    shared = [name for name in group[0].fields if all(name in check.fields for check in group)]
    closing = {name: _closing_value(name, [check for check in decided if name in check.fields], values) for name in shared}
    return tuple(Suspect(name, value) for name, value in closing.items() if value is not None and value in possible[name])


def _closing_value(name: str, checks: Sequence[Check], values: Mapping[str, int]) -> int | None:
    """The one whole number that makes all these equalities hold in place of `name`; None when there is none."""
    changes = {Fraction(_excess(check, values), check.constraint.coefficients[name]) for check in checks}
    change = changes.pop()
    return None if changes or change.denominator != 1 else values[name] - change.numerator


def _excess(check: Check, values: Mapping[str, int]) -> int:
    """By how much the equality is missed."""
    constraint = check.constraint
    return sum(coefficient * values[name] for name, coefficient in constraint.coefficients.items()) - constraint.constant

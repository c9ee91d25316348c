"""Do the numbers of a page obey the rules of the form? Each rule that lives on the page is held against the values as they were read.

A rule is a linear constraint over field ids. Crossed out counts as zero; a missing number leaves the rule undecided. A broken rule
becomes a sentence with the numbers in it, and a sum that does not close with what all sums together tell about which number is wrong.
That never changes a number: what does not add up may well be what was written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.crosscheck.findings import LISTED
from pipeline.crosscheck.locate import BrokenSums, locate, possible_values
from pipeline.forms import Check, Form, Page, Relation
from pipeline.sheet import CheckResult, Field, Finding, FindingCode, Text


@dataclass(frozen=True, slots=True)
class CheckOutcome:
    """A rule, what became of it, and the finding when it is broken."""

    check: Check
    result: CheckResult
    finding: Finding | None

    def confirms(self, name: str) -> bool:
        """Whether this is a closing equality with the field `name` in it."""
        constraint = self.check.constraint
        return self.result.holds is True and constraint.relation is Relation.EQUAL and constraint.coefficients.get(name, 0) != 0


@dataclass(frozen=True, slots=True)
class _Side:
    """One side of a rule: its terms (coefficient, field id) and a constant, all positive."""

    terms: tuple[tuple[int, str], ...]
    constant: int

    def total(self, values: Mapping[str, int]) -> int:
        return sum(coefficient * values[name] for coefficient, name in self.terms) + self.constant

    @property
    def parts(self) -> int:
        return len(self.terms) + (self.constant != 0)


def evaluate_checks(form: Form, page: Page, fields: Mapping[str, Field]) -> tuple[CheckOutcome, ...]:
    """Hold every rule whose numbers all stand on `page` against `fields`, in the order of the form."""
    checks = [check for check in form.checks if set(check.fields) <= set(page.fields)]
    known = {name: field.value for name, field in fields.items() if field.value is not None}
    broken = {name: sums for sums in locate(checks, known, possible_values(form, page)) for name in sums.checks}
    return tuple(_evaluate(check, page, known, broken.get(check.id)) for check in checks)


def _evaluate(check: Check, page: Page, values: Mapping[str, int], broken: BrokenSums | None) -> CheckOutcome:
    known = {name: values[name] for name in check.fields if name in values}
    if len(known) < len(check.fields):
        return CheckOutcome(check, CheckResult(check.id, check.text, None), None)
    holds = check.constraint.holds(known)
    result = CheckResult(check.id, check.text, holds)
    return CheckOutcome(check, result, None if holds else _finding(check, page, known, broken))


def _sides(check: Check) -> tuple[_Side, _Side]:
    """The rule with every negative term taken to the other side, so that it reads as it would be said."""
    constraint = check.constraint
    left = tuple((coefficient, name) for name, coefficient in constraint.coefficients.items() if coefficient > 0)
    right = tuple((-coefficient, name) for name, coefficient in constraint.coefficients.items() if coefficient < 0)
    return _Side(left, max(-constraint.constant, 0)), _Side(right, max(constraint.constant, 0))


def _finding(check: Check, page: Page, values: Mapping[str, int], broken: BrokenSums | None) -> Finding:
    left, right = _sides(check)
    code = FindingCode.CHECK_FAILED if check.constraint.relation is Relation.EQUAL else FindingCode.BOUND_EXCEEDED
    if any(abs(coefficient) > 1 for coefficient in check.constraint.coefficients.values()):
        message = _stated(check, page, values)
    elif check.constraint.relation is Relation.EQUAL:
        message = _unequal(page, left, right, values)
    else:
        lower, upper = (left, right) if check.constraint.relation is Relation.AT_MOST else (right, left)
        message = _exceeded(page, lower, upper, values)
    advice = Text("Bandingkan angka-angka ini dengan foto.", "Compare these numbers with the photo.")
    parts = [message, advice] if broken is None else [message, _located(page, broken), advice]
    return Finding(code, check.severity, tuple(values), Text(" ".join(part.id for part in parts), " ".join(part.en for part in parts)))


def _stated(check: Check, page: Page, values: Mapping[str, int]) -> Text:
    """The form's own sentence and the numbers: for rules with percentages, which nobody says as a sum."""
    ids = ", ".join(f"{page.fields[name].label.id} {value}" for name, value in values.items())
    ens = ", ".join(f"{page.fields[name].label.en} {value}" for name, value in values.items())
    return Text(f"{check.text.id} Tertulis: {ids}.", f"{check.text.en} Written: {ens}.")


def _unequal(page: Page, left: _Side, right: _Side, values: Mapping[str, int]) -> Text:
    if left.parts < right.parts:
        left, right = right, left
    difference = abs(left.total(values) - right.total(values))
    ours, theirs = _spoken(page, left, values), _spoken(page, right, values)
    if left.parts > 1 and right.parts <= 1:
        return Text(
            f"{ours.id}, tertulis {theirs.id} (selisih {difference}).", f"{ours.en}, but {theirs.en} is written (difference {difference})."
        )
    return Text(f"{ours.id}, tetapi {theirs.id} (selisih {difference}).", f"{ours.en}, but {theirs.en} (difference {difference}).")


def _located(page: Page, broken: BrokenSums) -> Text:
    """Which number the sums point to, if they do; `here`, because other sums of the page may be broken by themselves."""
    labels = [page.fields[suspect.name].label for suspect in broken.suspects]
    if not labels:
        return Text(
            "Tidak ada satu angka yang dapat menjelaskan semua penjumlahan yang tidak cocok di sini: paling sedikit dua angka salah.",
            "No single number explains all the sums here that do not close: at least two numbers are wrong.",
        )
    if len(labels) == 1:
        value = broken.suspects[0].value
        return Text(
            f"Jika hanya satu angka yang salah di sini, itu {labels[0].id}: dengan {value} semua penjumlahannya cocok.",
            f"If only one number is wrong here, it is {labels[0].en}: with {value} every sum it stands in closes.",
        )
    more = len(labels) - LISTED
    rest = Text(f", atau {more} lainnya", f", or {more} more") if more > 0 else Text("", "")
    return Text(
        f"Penjumlahan tidak dapat menunjukkan mana yang salah: {', atau '.join(label.id for label in labels[:LISTED])}{rest.id}.",
        f"The sums cannot tell which one is wrong: {', or '.join(label.en for label in labels[:LISTED])}{rest.en}.",
    )


def _exceeded(page: Page, lower: _Side, upper: _Side, values: Mapping[str, int]) -> Text:
    excess = lower.total(values) - upper.total(values)
    small, great = _spoken(page, lower, values), _spoken(page, upper, values)
    return Text(
        f"{small.id} melebihi {great.id} (lebih {excess}).", f"{small.en} is more than {great.en} ({excess} too many)."
    )


def _spoken(page: Page, side: _Side, values: Mapping[str, int]) -> Text:
    """`Suara sah 427 + Suara tidak sah 3 = 430`; a side of one part has no sum, a side of a constant alone is that number."""
    ids = [f"{page.fields[name].label.id} {values[name]}" for _, name in side.terms]
    ens = [f"{page.fields[name].label.en} {values[name]}" for _, name in side.terms]
    if side.constant or not side.terms:
        ids.append(str(side.constant))
        ens.append(str(side.constant))
    total = f" = {side.total(values)}" if len(ids) > 1 else ""
    return Text(" + ".join(ids) + total, " + ".join(ens) + total)

"""The whole cross-check of one page: distributions in; numbers, checks, doubts and a verdict out.

Each number is read from its writings, its doubts are put into words, the rules of the form are held against the numbers, and
the policy decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.crosscheck import findings
from pipeline.crosscheck.checks import evaluate_checks
from pipeline.crosscheck.fusion import ROW_CAPACITY, FusedField, fuse_field, settle
from pipeline.crosscheck.joint import readings_beside_sums
from pipeline.crosscheck.numbers import has_filler_after_digit, is_partly_crossed
from pipeline.crosscheck.policy import VerdictPolicy, decide
from pipeline.crosscheck.reading import FieldReading
from pipeline.forms import FieldLayout, Form, Page
from pipeline.sheet import CheckResult, Field, FieldState, Finding, RegistrationSummary, SourceKind, Verdict


@dataclass(frozen=True, slots=True)
class CrosscheckResult:
    """What the cross-check adds to a sheet.

    Attributes
    ----------
    fields
        Every number of the page that is in the picture, in the order of the layout.
    checks
        The rules all of whose numbers stand on the page, in the order of the form.
    findings
        Errors first, then warnings, then the rest.
    probability
        That every number in `fields` is reported as it is written.
    """

    fields: Mapping[str, Field]
    checks: tuple[CheckResult, ...]
    findings: tuple[Finding, ...]
    verdict: Verdict
    probability: float


def crosscheck(
    form: Form,
    page: Page,
    readings: Mapping[str, FieldReading],
    *,
    registration: RegistrationSummary,
    policy: VerdictPolicy,
    beside: str | None = None,
) -> CrosscheckResult:
    """Turn the readings of the numbers that are in the picture into numbers, doubts and a verdict.

    `beside` is the form and page of another sheet in the same photo.
    """
    if not readings or not set(readings) <= set(page.fields):
        raise ValueError(f"numbers that are not on page {page.number}, or none at all: {sorted(set(readings) - set(page.fields))}")
    shown = [name for name in page.fields if name in readings]
    fused = {name: fuse_field(readings[name], policy, row_capacity=_row_capacity(page.fields[name])) for name in shown}
    sums = [check.constraint for check in form.checks if check.is_sum]
    given_sums = readings_beside_sums({name: one.posterior for name, one in fused.items()}, sums, broken=policy.sums_broken)
    fused |= {name: settle(fused[name], readings[name], shares, policy) for name, shares in given_sums.items()}
    numbers = {name: one.field for name, one in fused.items()}
    outcomes = evaluate_checks(form, page, numbers)
    doubts = [doubt for name, one in fused.items() for doubt in field_doubts(name, page.fields[name], one, policy)]
    doubts += [findings.boxes_doubtful(name, page.fields[name].label) for name in shown if readings[name].frames < policy.min_frames]
    if missing := [name for name in page.fields if name not in readings]:
        doubts.append(findings.outside_picture(missing, [page.fields[name].label for name in missing]))
    if beside is not None:
        doubts.append(findings.another_sheet(form.id, page.number, beside))
    if form.id not in policy.calibrated_for:
        doubts.append(findings.form_not_calibrated(form.title))
    verdict, probability, found = decide(page, numbers, outcomes, doubts, residual_mm=registration.residual_mm, policy=policy)
    return CrosscheckResult(
        fields=numbers, checks=tuple(outcome.result for outcome in outcomes), findings=found, verdict=verdict, probability=probability
    )


def _row_capacity(layout: FieldLayout) -> int:
    """Marks that a row of the number's tally grid holds."""
    return layout.tally.columns * layout.tally.marks if layout.tally else ROW_CAPACITY


def field_doubts(name: str, layout: FieldLayout, fused: FusedField, policy: VerdictPolicy) -> list[Finding]:
    """Everything that a person should know about one number, the gravest first."""
    number, label = fused.field, layout.label
    found: list[Finding] = []
    if number.state is FieldState.ILLEGIBLE:
        found.append(findings.illegible(name, label, number))
    if number.state is FieldState.BLANK:
        found.append(findings.field_blank(name, label, required=layout.required))
    disagree = _disagreeing(fused, policy)
    found += [findings.sources_disagree(name, label, number, kind) for kind in disagree]
    if number.state is not FieldState.ILLEGIBLE and _is_unsure(fused, policy, disagree=bool(disagree)):
        settled = fused.beside_sums is not None and fused.beside_sums > policy.min_field_probability
        found.append(findings.unsure(name, label, number, fused.boxes.alternatives(2), settled=settled))
    if number.corrected:
        found.append(findings.corrected(name, label))
    counted = _counted_alike(fused, policy)
    if fused.bubbles_corrected > policy.max_bubbles_corrected:
        found.append(findings.bubbles_corrected(name, label, counted))
    if number.value is not None and has_filler_after_digit(number.raw):
        found.append(findings.filler_after_digit(name, label, number))
    if is_partly_crossed(number.raw):
        found.append(findings.partly_crossed(name, label, number))
    if not disagree and _bubbles_unclear(fused, policy):
        found.append(findings.bubbles_unclear(name, label, counted))
    return found


def _disagreeing(fused: FusedField, policy: VerdictPolicy) -> list[SourceKind]:
    """The writings that carry another number than the boxes, read by themselves, or one beside empty boxes.

    What was counted has to be clear, and a grid without a mark goes with empty boxes.
    """
    state, value = fused.boxes.best()
    if fused.field.state is FieldState.ILLEGIBLE:
        return []
    kinds: list[SourceKind] = []
    for kind, said in fused.field.sources.items():
        if kind is SourceKind.BOXES or said.value is None:
            continue
        counted = kind is not SourceKind.BUBBLES
        if counted and (said.probability < policy.min_count_probability or (value is None and said.value == 0)):
            continue
        if said.value != value and (fused.followed or state is not FieldState.ILLEGIBLE):
            kinds.append(kind)
    return kinds


def _counted_alike(fused: FusedField, policy: VerdictPolicy) -> int | None:
    """The number where clear boxes without a correction and a clear count say the same; None where bubbles alone could bear it out."""
    number = fused.field
    if number.value is None or number.corrected or fused.boxes.of_value(number.value) < policy.min_boxes_probability:
        return None
    counts = [said for kind, said in number.sources.items() if kind in (SourceKind.TALLY, SourceKind.ROW_SUMS)]
    clear = [said.value for said in counts if said.probability >= policy.min_count_probability]
    return number.value if clear and all(value == number.value for value in clear) else None


def _is_unsure(fused: FusedField, policy: VerdictPolicy, *, disagree: bool) -> bool:
    """Whether the ink leaves too much room for another reading; bubbles that contradict clear boxes are no doubt about the ink."""
    number = fused.field
    if fused.boxes.of(number.state, number.value) < policy.min_boxes_probability:
        return True
    return not disagree and number.probability < policy.min_field_probability


def _bubbles_unclear(fused: FusedField, policy: VerdictPolicy) -> bool:
    """Whether there are bubbles, filled in so that neither a number nor emptiness is clear."""
    if fused.bubbles is None:
        return False
    clearest = max(float(fused.bubbles.numbers.max()), fused.bubbles.blank)
    return clearest < policy.min_bubbles_probability

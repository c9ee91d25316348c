"""When may the machine alone say that a sheet is right? Every threshold is here, and `decide`, which applies them.

A sheet is accepted only when every number on it was written twice: in boxes and in bubbles, tally marks or row sums that agree, or in boxes
and in a sum on the same page that closes. One doubt of severity `warning` or worse sends the sheet to a person. A closing sum confirms a
number but does not raise its probability, because two errors that cancel out would close it too; so a number confirmed by a sum alone
must be surer by itself.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from pipeline.crosscheck import findings
from pipeline.crosscheck.checks import CheckOutcome
from pipeline.forms import Page
from pipeline.sheet import Field, FieldState, Finding, FindingCode, Severity, SourceKind, Verdict


def _threshold(default: float, *, unit: str, meaning: str, chosen: str) -> Any:
    return field(default=default, metadata={"unit": unit, "meaning": meaning, "chosen": chosen})


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictPolicy:
    """Thresholds of the cross-check; each carries its unit, its meaning and how it was chosen (see `describe`).

    `calibrated_for` holds the ids of the forms on whose sheets the thresholds were measured: a sheet of any other form is read, and never
    accepted.
    """

    calibrated_for: tuple[str, ...] = ("c-hasil-ppwp-2024",)
    max_illegible: float = _threshold(
        0.5, unit="probability", meaning="A box above it is reported as ? and its number as illegible.",
        chosen="The point where not readable becomes the likelier of the two.",
    )
    max_corrected: float = _threshold(
        0.25, unit="probability",
        meaning="A box above it, its bubbles seen, counts as corrected, and one whose frame has a gap that is by so much of a side longer "
        "than usual.",
        chosen="`sirekap bench accuracy --calibrate`, for which one sheet with a correction accepted with right numbers is as bad as five "
        "clear ones looked at: 255 of 288 clear sheets are accepted, and 4 of 25 with a correction; at 0.15 it would be 249 and 3, at 0.3 "
        "258 and 8. Everything read out of fold.",
    )
    max_bubbles_corrected: float = _threshold(
        0.7, unit="probability", meaning="A bubble column above it counts as corrected.",
        chosen="`sirekap bench accuracy --calibrate`, the same on four of five folds; chosen again with everything out of fold it "
        "would be 0.3, at which nobody has looked at the columns yet. Of the columns flagged without a label most show a "
        "whitened or scraped bubble when looked at.",
    )
    bubbles_corrected_usual: float = _threshold(
        0.015, unit="probability", meaning="Prior that a column of bubbles looks corrected whose box was not.",
        chosen="Mean of what is stated, out of fold, of 2,774 such columns on the real photos of page 2 of 2024.",
    )
    bubbles_corrected_with_box: float = _threshold(
        0.18, unit="probability", meaning="Prior that a column of bubbles looks corrected whose box was.",
        chosen="The same mean of 34 columns: who changes a digit often has its bubble to change.",
    )
    min_boxes_probability: float = _threshold(
        0.8, unit="probability", meaning="Boxes above it are reported as they read, whatever the bubbles say; below it they are unsure.",
        chosen="Three boxes of 0.93 each: any weaker and a second reading of the row is a real possibility.",
    )
    min_boxes_support: float = _threshold(
        0.05, unit="probability", meaning="A second reading of unsure boxes is reported for the bubbles' sake only above it.",
        chosen="Below one in twenty a reading is no longer something that a person sees in the ink.",
    )
    min_bubbles_probability: float = _threshold(
        0.9, unit="probability", meaning="Bubbles below it neither confirm a number nor count as clear.",
        chosen="Three columns of 0.965 each; published bubble readers reach 0.993 a column.",
    )
    min_count_probability: float = _threshold(
        0.97, unit="probability", meaning="Tally marks or row sums below it neither confirm a number nor contradict it.",
        chosen="Out of fold, of 1,364 totals stated at 0.9 or more 14 are wrong, mostly by one mark in the last cell. On the 2024 sheets "
        "29 numbers are contradicted at 0.97 and 48 at 0.9; chosen on those sheets, so it may look a little better than it is.",
    )
    min_field_probability: float = _threshold(
        0.98, unit="probability", meaning="A number below it, all writings considered, is unsure.",
        chosen="`sirekap bench accuracy --calibrate`, the same on every fold: boxes at min_boxes_probability beside agreeing bubbles reach "
        "0.99, so what stays below was contradicted by something.",
    )
    min_summed_probability: float = _threshold(
        0.99, unit="probability", meaning="A number confirmed by a sum alone must reach it.",
        chosen="One hand writes all numbers: the same digit misread alike in a part and in the total (a flagged 1 as 4, seen on a "
        "simulated sheet) closes the sum, so a sum is no independent witness and the boxes must nearly stand by themselves.",
    )
    min_boxes_beside_sums: float = _threshold(
        0.95, unit="probability", meaning="Boxes above it are reported as they read, whatever the sums say.",
        chosen="A sum binds several numbers and closes on all but four of 410 sheets, so boxes must be surer against it than against "
        "bubbles.",
    )
    max_unread_probability: float = _threshold(
        0.2, unit="probability", meaning="That a number which the reader could not read cannot be read is never stated surer.",
        chosen="Out of fold, of 45 numbers on the development sheets that the reader could not read, people could not read 6 "
        "(95 % bound 27 %).",
    )
    max_settled_probability: float = _threshold(
        0.98, unit="probability", meaning="A number whose doubtful boxes were settled by a sum is never stated surer.",
        chosen="Below min_summed_probability: what a sum settled is for a person to confirm.",
    )
    sums_broken: float = _threshold(
        0.02, unit="probability", meaning="Prior that a sum does not close on the paper.",
        chosen="Four of 410 development sheets have one (upper 95 % bound 2.5 %).",
    )
    max_residual_mm: float = _threshold(
        2.0, unit="mm", meaning="A page whose printed lines lie further off than this is doubtful.",
        chosen="A tenth of the width of a digit box on the poster (18 to 20 mm): a box cut that far off still holds its digit.",
    )
    min_frames: float = _threshold(
        0.6, unit="share", meaning="A number of whose boxes fewer show their printed frame in its place is doubtful.",
        chosen="One frame of three may hide under a shadow or a fold; two missing ones mean the boxes may lie elsewhere.",
    )
    paper_inconsistent: float = _threshold(
        0.01, unit="probability", meaning="Prior that boxes and bubbles of one number differ on the paper.",
        chosen="One of the 900 numbers on 300 real photos of page 2 of 2024 does (upper 95 % bound 0.6 %), rounded up.",
    )
    bubbles_skipped: float = _threshold(
        0.01, unit="probability", meaning="Prior that the bubbles are left empty beside boxes that are filled in.",
        chosen="None of the 900 numbers on 300 real photos of page 2 of 2024 is (upper 95 % bound 0.4 %), rounded up.",
    )
    counts_skipped: float = _threshold(
        0.01, unit="probability", meaning="Prior that the tally grid is left empty beside boxes that are filled in.",
        chosen="One of 300 real photos of page 2 of 2024 has grids that are not filled in.",
    )

    def least_of(self, kind: SourceKind) -> float:
        """The least probability with which a second writing of a kind confirms a number."""
        return self.min_bubbles_probability if kind is SourceKind.BUBBLES else self.min_count_probability

    def __post_init__(self) -> None:
        for threshold in fields(self):
            value = getattr(self, threshold.name)
            if threshold.metadata.get("unit") == "probability" and not 0 < value < 1:
                raise ValueError(f"{threshold.name} must lie between 0 and 1, not {value}")
        if self.max_residual_mm <= 0:
            raise ValueError("max_residual_mm must be positive")
        if self.min_summed_probability < self.min_field_probability:
            raise ValueError("a sum is a weaker confirmation than bubbles: min_summed_probability must not be below min_field_probability")

    @classmethod
    def describe(cls) -> Mapping[str, Mapping[str, str]]:
        """Unit, meaning and choice of each threshold, for the documentation."""
        return {f.name: {key: str(f.metadata[key]) for key in ("unit", "meaning", "chosen")} for f in fields(cls) if f.metadata}


def decide(
    page: Page,
    numbers: Mapping[str, Field],
    outcomes: Sequence[CheckOutcome],
    doubts: Sequence[Finding],
    *,
    residual_mm: float,
    policy: VerdictPolicy,
) -> tuple[Verdict, float, tuple[Finding, ...]]:
    """Verdict, probability that every number is reported as it is written, and all findings in the order in which a person should look.

    Parameters
    ----------
    numbers
        The fields of the page, by id.
    outcomes
        The checks of the page.
    doubts
        What was found while reading each number.
    residual_mm
        How far the printed lines lie from where the form puts them, in mm.
    """
    found = [*_blank_form(numbers, doubts), *(o.finding for o in outcomes if o.finding is not None)]
    found += [f for f in (_confirmation(page, name, numbers[name], outcomes, doubts, policy) for name in numbers) if f is not None]
    if residual_mm > policy.max_residual_mm:
        found.append(findings.registration_doubtful(residual_mm))
    order = list(Severity)
    found.sort(key=lambda finding: order.index(finding.severity))
    accepted = bool(numbers) and all(finding.severity is Severity.INFO for finding in found)
    probability = math.prod(number.probability for number in numbers.values()) if numbers else 0.0
    return (Verdict.ACCEPTED if accepted else Verdict.REVIEW), probability, tuple(found)


def _blank_form(numbers: Mapping[str, Field], doubts: Sequence[Finding]) -> list[Finding]:
    """The doubts, with one finding in place of one a number when nothing at all was filled in."""
    marked = any(doubt.code is FindingCode.SOURCES_DISAGREE for doubt in doubts)
    if not numbers or marked or any(number.state is not FieldState.BLANK for number in numbers.values()):
        return list(doubts)
    rest = [doubt for doubt in doubts if doubt.code is not FindingCode.FIELD_BLANK]
    return [findings.blank_form(tuple(numbers)), *rest]


def _confirmation(
    page: Page, name: str, number: Field, outcomes: Sequence[CheckOutcome], doubts: Sequence[Finding], policy: VerdictPolicy
) -> Finding | None:
    """A finding when no second writing bears a number out; None when one does, when there is no number, or when a doubt already says so."""
    if number.value is None:
        return None
    others = {kind: said for kind, said in number.sources.items() if kind is not SourceKind.BOXES and said.value == number.value}
    if any(said.probability >= policy.least_of(kind) for kind, said in others.items()):
        return None
    label = page.fields[name].label
    broken = [outcome.finding for outcome in outcomes if outcome.finding is not None and outcome.finding.severity is not Severity.INFO]
    known = {doubt.code for doubt in (*doubts, *broken) if name in doubt.fields}
    if not any(outcome.confirms(name) for outcome in outcomes):
        explained = known & {FindingCode.SOURCES_DISAGREE, FindingCode.BUBBLES_UNCLEAR, FindingCode.CHECK_FAILED}
        return None if explained else findings.unconfirmed(name, label, number.value)
    if number.probability < policy.min_summed_probability and FindingCode.UNSURE not in known:
        return findings.unsure(name, label, number, number.alternatives)
    return None

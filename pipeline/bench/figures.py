"""From the outcomes of single sheets to the figures of a set."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from pipeline.bench.judging import CorrectionOutcome, NumberOutcome, Outcome, Place
from pipeline.sheet import BOX_CLASSES, Severity, rounded

SUREST = (0.99, 0.999)
"""Stated probabilities from which on the numbers that are wrong are counted."""


@dataclass(frozen=True, slots=True)
class Share:
    """A count out of a count."""

    part: int
    all: int

    @classmethod
    def of(cls, answers: Iterable[bool]) -> Share:
        listed = list(answers)
        return cls(sum(listed), len(listed))


@dataclass(frozen=True, slots=True)
class Figures:
    """How well the sheets of known forms were read.

    Attributes
    ----------
    numbers
        Numbers right of those on sheets not refused.
    accepted, accepted_clear
        Accepted of all sheets, and of those with no reason to review them.
    wrong_accepted
        Of the accepted.
    boxes
        Sign to boxes read right, of those with that sign on the paper.
    columns
        Bubble columns read right.
    wrong_surest
        Stated probability to numbers wrong of those stated at least that surely.
    """

    sheets: int
    refused: int
    wrong_page: int
    right_page: Share
    numbers: Share
    accepted: Share
    accepted_clear: Share
    wrong_accepted: Share
    boxes: Mapping[str, Share]
    columns: Share
    wrong_surest: Mapping[float, Share]


def figures_of(outcomes: Sequence[Outcome]) -> Figures:
    """The figures of some sheets, all of known forms."""
    numbers = [number for outcome in outcomes for number in outcome.numbers]
    places = Counter(outcome.place for outcome in outcomes)
    boxes = [pair for outcome in outcomes for pair in outcome.boxes]
    return Figures(
        sheets=len(outcomes),
        refused=places[Place.REFUSED],
        wrong_page=places[Place.WRONG],
        right_page=Share(places[Place.RIGHT], len(outcomes)),
        numbers=Share.of(number.right for number in numbers),
        accepted=Share.of(outcome.accepted for outcome in outcomes),
        accepted_clear=Share.of(outcome.accepted for outcome in outcomes if outcome.truth.clear),
        wrong_accepted=Share.of(outcome.wrong_accepted for outcome in outcomes if outcome.accepted),
        boxes={sign: Share.of(seen == true for true, seen in boxes if true == sign) for sign in BOX_CLASSES},
        columns=Share.of(column.right for outcome in outcomes for column in outcome.columns),
        wrong_surest={level: Share.of(not number.right for number in numbers if _stated(number) >= level) for level in SUREST},
    )


def reasons_for_review(outcomes: Iterable[Outcome]) -> Counter[str]:
    """Code of a doubt to the number of clear sheets, right in every number, that a person would have to look at because of it."""
    reasons: Counter[str] = Counter()
    for outcome in outcomes:
        if outcome.truth.clear and outcome.place is Place.RIGHT and not outcome.accepted and not outcome.wrong:
            reasons.update({finding.code.value for finding in outcome.sheet.findings if finding.severity is not Severity.INFO})
    return reasons


def noticed(corrections: Sequence[CorrectionOutcome], stated: Callable[[CorrectionOutcome], float], *, flagged: float) -> Share:
    """Of the boxes that were corrected those stated above all but a share of the clean ones."""
    clean = sorted((stated(one) for one in corrections if not one.corrected), reverse=True)
    level = clean[int(flagged * len(clean))] if clean else 0.0
    return Share.of(stated(one) > level for one in corrections if one.corrected)


def _stated(number: NumberOutcome) -> float:
    """The probability as it stands in `sheets.jsonl`."""
    return rounded(number.read.probability) if number.read else 0.0

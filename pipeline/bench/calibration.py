"""Choose the thresholds of the verdict on four folds, and see on the fifth what they are worth.

What every development sheet says, read by models that have not seen its paper, comes in; the thresholds that serve best come out,
with what came of those chosen without the fold they are tried on. The idea: a threshold picked on the sheets it is judged by looks
better than it is, so the figures that are quoted come from choices that never saw the sheet. Readings are kept as distributions, and
only the cross-check is done again for each choice.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from operator import ne
from typing import Any

from rich.console import Console
from rich.progress import track

from pipeline.bench.accuracy import Accuracy
from pipeline.bench.judging import Outcome, judge
from pipeline.bench.truth import TrueSheet
from pipeline.crosscheck import VerdictPolicy, crosscheck
from pipeline.forms import Catalogue, load_catalogue
from pipeline.read import Reading
from pipeline.training.folds import FOLDS, fold_of

CHOICES: Mapping[str, tuple[float, ...]] = {
    "max_corrected": (0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6),
    "max_bubbles_corrected": (0.3, 0.5, 0.7),
    "min_bubbles_probability": (0.9, 0.95),
    "min_field_probability": (0.9, 0.95, 0.98),
}
"""What may be chosen for each threshold. The others are reasoned from the paper and the print, not from scores of the models."""

COST_WRONG = 1000.0
"""A wrong sheet accepted, in sheets a person has to look at: it is what must not happen."""
COST_CARELESS = 5.0
"""A sheet with a correction or a contradiction accepted with its right numbers, in sheets a person has to look at."""


@dataclass(frozen=True, slots=True)
class FoldChoice:
    """The thresholds chosen without one fold, and what came of that fold's sheets under them."""

    fold: int
    thresholds: Mapping[str, float]
    outcomes: tuple[Outcome, ...]


@dataclass(frozen=True, slots=True)
class Calibration:
    """The choices without each fold, and the one made on all sheets, which the package should have."""

    folds: tuple[FoldChoice, ...]
    chosen: Mapping[str, float]


def calibrate_verdict(measured: Accuracy, *, progress: Console | None = None) -> Calibration:
    """Choose among all combinations of `CHOICES`; the other thresholds are those of the package.

    Refused sheets, and those of forms that are not in the catalogue, are no matter of the verdict.
    """
    catalogue, start = load_catalogue(), VerdictPolicy()
    pairs = zip(measured.outcomes, measured.readings, strict=True)
    seen = [(outcome.truth, reading) for outcome, reading in pairs if outcome.known and reading.fields]
    grid: list[dict[str, Any]] = [dict(zip(CHOICES, values, strict=True)) for values in itertools.product(*CHOICES.values())]
    folds = [fold_of(truth.group) for truth, _ in seen]
    shown = track(grid, "choosing thresholds", console=progress, disable=progress is None or not progress.is_terminal)
    outcomes = [[verdict(truth, reading, catalogue, replace(start, **choice)) for truth, reading in seen] for choice in shown]

    def best(keep: Callable[[int], bool]) -> int:
        costs = [cost(o for o, fold in zip(some, folds, strict=True) if keep(fold)) for some in outcomes]
        return min(range(len(grid)), key=lambda index: (costs[index], caution(grid[index])))

    choices = []
    for fold in range(FOLDS):
        index = best(partial(ne, fold))
        tried = tuple(o for o, other in zip(outcomes[index], folds, strict=True) if other == fold)
        choices.append(FoldChoice(fold, grid[index], tried))
    return Calibration(tuple(choices), grid[best(lambda _: True)])


def verdict(truth: TrueSheet, reading: Reading, catalogue: Catalogue, policy: VerdictPolicy) -> Outcome:
    """The outcome of a sheet that was not refused, under a policy."""
    sheet = reading.sheet
    if sheet.form is None or sheet.page is None or sheet.registration is None:
        raise ValueError(f"{sheet.source} was refused")
    form = catalogue[sheet.form]
    result = crosscheck(form, form.pages[sheet.page], reading.fields, registration=sheet.registration, policy=policy)
    decided = replace(
        sheet, verdict=result.verdict, probability=result.probability, fields=result.fields, checks=result.checks, findings=result.findings
    )
    return judge(truth, Reading(decided), known=True, exceptions={})


def cost(outcomes: Iterable[Outcome]) -> float:
    """What a policy costs on some sheets, in sheets that a person has to look at though they were clear."""
    total = 0.0
    for outcome in outcomes:
        if outcome.wrong_accepted:
            total += COST_WRONG
        elif outcome.accepted and not outcome.truth.clear:
            total += COST_CARELESS
        elif outcome.truth.clear and not outcome.accepted:
            total += 1.0
    return total


def caution(choice: Mapping[str, float]) -> tuple[float, ...]:
    """Smaller for the more cautious of two choices that cost the same: a `max_` is cautious when it is low, a `min_` when it is high."""
    return tuple(value if name.startswith("max_") else -value for name, value in choice.items())

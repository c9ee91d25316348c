"""Thresholds are chosen on four folds and tried on the fifth."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from rich.console import Console

from pipeline.bench import report
from pipeline.bench.accuracy import Accuracy, judge_all
from pipeline.bench.calibration import CHOICES, calibrate_verdict
from pipeline.bench.truth import TrueSheet
from pipeline.crosscheck import FieldReading, VerdictPolicy
from pipeline.forms import load_catalogue
from pipeline.read import Reading
from pipeline.sheet import RegistrationSummary
from pipeline.training.folds import FOLDS, fold_of
from tests.bench.sheets import read_sheet, true_sheet
from tests.crosscheck.conftest import QUAD, reading_of

PLACE = RegistrationSummary("tag", 0.1, 0.0, QUAD)
RIGHT = {"paslon_1": 125, "paslon_2": 87, "paslon_3": 6}

SAYING_NOTHING = (VerdictPolicy().bubbles_corrected_usual,) * 3
"""How corrected bubbles look that make a box neither likelier nor less likely to be corrected."""


def image_in(fold: int) -> str:
    """The name of a sheet that hashes to a fold."""
    return next(name for name in (f"set-a/{number}.png" for number in range(999)) if fold_of(name) == fold)


def sheet(image: str, *, corrected: float, truth: Mapping[str, int] = RIGHT, **changes: object) -> tuple[TrueSheet, Reading]:
    """A sheet whose boxes and bubbles read `RIGHT`, whatever its truth, with one box that looks corrected to some degree."""
    fields: dict[str, FieldReading] = {
        "paslon_1": reading_of("125", "125", corrected=(corrected, 0.0, 0.0), bubbles_corrected=SAYING_NOTHING),
        "paslon_2": reading_of("x87", "087"),
        "paslon_3": reading_of("xx6", "006"),
    }
    read = read_sheet(registration=PLACE)
    return true_sheet(image, path=Path(image), fields=dict(truth), boxes={}, **changes), Reading(read, fields=fields)


def measured(*pairs: tuple[TrueSheet, Reading]) -> Accuracy:
    sheets, readings = zip(*pairs, strict=True)
    return Accuracy(judge_all(sheets, readings, load_catalogue()), readings)


def test_what_a_fold_holds_has_no_say_in_its_own_thresholds() -> None:
    clear = [sheet(image_in(fold), corrected=0.27) for fold in range(FOLDS)]
    wrong = sheet(image_in(3), corrected=0.27, truth=RIGHT | {"paslon_1": 725})
    found = calibrate_verdict(measured(*clear, wrong))
    # Whoever sees the wrong sheet pays for it with the clear ones; only the fold that holds it was chosen without it, and takes it.
    assert found.chosen["max_corrected"] < 0.27
    assert [sum(outcome.wrong_accepted for outcome in one.outcomes) for one in found.folds] == [0, 0, 0, 1, 0]
    assert found.folds[3].thresholds["max_corrected"] > 0.27
    assert [sum(outcome.accepted for outcome in one.outcomes) for one in found.folds] == [0, 0, 0, 2, 0]


def test_of_choices_that_cost_the_same_the_most_cautious_is_taken() -> None:
    found = calibrate_verdict(measured(*(sheet(image_in(fold), corrected=0.0) for fold in range(FOLDS))))
    assert found.chosen == {
        "max_corrected": min(CHOICES["max_corrected"]),
        "max_bubbles_corrected": min(CHOICES["max_bubbles_corrected"]),
        "min_bubbles_probability": max(CHOICES["min_bubbles_probability"]),
        "min_field_probability": max(CHOICES["min_field_probability"]),
    }


def test_sheets_that_a_person_should_see_cost_less_than_wrong_ones_and_more_than_clear_ones() -> None:
    corrected = [sheet(image_in(fold), corrected=0.27, must_review=("overwritten",)) for fold in range(FOLDS)]
    clear = [sheet(image_in(fold), corrected=0.27) for fold in range(FOLDS)]
    assert calibrate_verdict(measured(*corrected, *clear)).chosen["max_corrected"] < 0.27
    assert calibrate_verdict(measured(corrected[0], *clear, *clear)).chosen["max_corrected"] > 0.27


def test_thresholds_of_the_package_are_among_the_choices() -> None:
    policy = VerdictPolicy()
    assert all(getattr(policy, name) in values for name, values in CHOICES.items())


def test_table_has_a_row_a_fold_and_the_choice() -> None:
    console = Console(width=220, no_color=True)
    with console.capture() as capture:
        two = measured(sheet(image_in(0), corrected=0.0), sheet(image_in(1), corrected=0.0))
        console.print(report.calibration_table(calibrate_verdict(two)))
    text = capture.get()
    assert "chosen on all" in text
    assert text.count("1/1") >= 2

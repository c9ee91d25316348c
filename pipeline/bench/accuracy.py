"""Accuracy on the development sheets: read them all through the whole pipeline, each with models that have not seen its paper.

Sheets with their truth come in; outcomes and a `sheets.jsonl` come out. The idea of reading out of fold: the models of the package were
trained on every one of these papers, so only a model that was trained without a sheet's fold says what to expect of a new paper.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import track

from pipeline.bench.judging import Outcome, judge
from pipeline.bench.models import Models, models_out_of_fold
from pipeline.bench.reading import KeptReadings, jobs_of, read_jobs, stages_digest
from pipeline.bench.truth import TrueSheet, load_truth
from pipeline.engine.executors import make_executor
from pipeline.forms import Catalogue, load_catalogue
from pipeline.read import Reading
from pipeline.results import sheet_line
from pipeline.training.bubbles import EXCEPTIONS, read_exceptions
from pipeline.writing import write_whole


@dataclass(frozen=True, slots=True)
class AccuracyOptions:
    """What `sirekap bench accuracy` may choose.

    Attributes
    ----------
    data
        The folder with truth.json.
    sets
        The sets that are read.
    models
        Folder of the models when not out of fold.
    folds
        Folder of the models of the folds when out of fold, else None.
    out
        The `sheets.jsonl` that is written; the readings of a run that was stopped are kept beside it.
    """

    data: Path
    sets: tuple[str, ...]
    models: Path
    folds: Path | None
    out: Path
    workers: int = 1


def kept_beside(out: Path) -> Path:
    """The file in which readings are kept as they come."""
    return out.with_name(f"{out.name}.kept")


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Every sheet in the order of their names: its outcome, and what was read on it."""

    outcomes: tuple[Outcome, ...]
    readings: tuple[Reading, ...]


def measure_accuracy(options: AccuracyOptions, *, progress: Console | None = None) -> Accuracy:
    """Read the sets, write `options.out`, and compare with the truth.

    Raises
    ------
    TruthError, FoldModelError, ModelError, OutputError
        When something to read with, or to write to, is missing; the message says what to do.
    """
    sheets = load_truth(options.data, sets=options.sets)
    models = models_for(sheets, options)
    code = stages_digest()
    jobs = jobs_of(sheets, models, code=code)
    kept = KeptReadings(kept_beside(options.out), code=code)
    waiting = sum(kept.get(job) is None for job in jobs)
    readings: dict[str, Reading] = {}
    with make_executor(max(1, min(options.workers, waiting))) as executor:
        steps = read_jobs(jobs, kept=kept, executor=executor)
        # One step more than there are jobs: the last sheets become final at the end.
        shown = track(steps, "reading", total=len(jobs) + 1, console=progress, disable=progress is None or not progress.is_terminal)
        for step in shown:
            readings.update((reading.sheet.source, reading) for reading in step)
    write_whole(options.out, "".join(f"{sheet_line(readings[job.name].sheet)}\n" for job in jobs).encode())
    in_order = tuple(readings[sheet.path.as_posix()] for sheet in sheets)
    return Accuracy(judge_all(sheets, in_order, load_catalogue()), in_order)


def models_for(sheets: Sequence[TrueSheet], options: AccuracyOptions) -> dict[str, Models]:
    """Image to the models that read it."""
    if options.folds is not None:
        return dict(models_out_of_fold(sheets, options.folds))
    return {sheet.image: Models.of_folder(options.models) for sheet in sheets}


def judge_all(sheets: Iterable[TrueSheet], readings: Iterable[Reading], catalogue: Catalogue) -> tuple[Outcome, ...]:
    """The outcome of every sheet."""
    exceptions = read_exceptions(EXCEPTIONS)
    return tuple(
        judge(sheet, reading, known=_knows(catalogue, sheet), exceptions=exceptions)
        for sheet, reading in zip(sheets, readings, strict=True)
    )


def _knows(catalogue: Catalogue, sheet: TrueSheet) -> bool:
    return sheet.form is not None and sheet.form in catalogue and sheet.page in catalogue[sheet.form].pages

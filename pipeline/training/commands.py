"""`sirekap train digits`, `corrections`, `bubbles`, `tally` and `row-sums`."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from pipeline.forms import load_catalogue
from pipeline.registration import RegistrationPolicy
from pipeline.training.crops import CropStore
from pipeline.training.placing import registered
from pipeline.training.run import TrainOptions

Found = TypeVar("Found")
"""What a training measures out of fold."""

train_app = typer.Typer(no_args_is_help=True, help="Train the models of the reader and write them to models/, each with its card.")

PROJECT = Path(__file__).resolve().parents[2]


def default_cache() -> Path:
    """Where crops and checkpoints are kept when nothing else is said."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sirekap" / "training"


Data = Annotated[Path, typer.Option(help="Folder with the real data sets.", exists=True, file_okay=False)]
Out = Annotated[Path, typer.Option(help="Folder for the final model, its card, and the fold models (in folds/).", file_okay=False)]
Cache = Annotated[Path | None, typer.Option(help="Folder for crops and checkpoints.  [default: ~/.cache/sirekap/training]")]
Folds = Annotated[bool, typer.Option(help="Also train a model for each fold, measure out of fold, and write the card.")]
Resume = Annotated[bool, typer.Option(help="Go on from the checkpoints of a run that was stopped.")]
Jobs = Annotated[int, typer.Option(help="Networks trained at the same time, one thread each.", min=1)]
Seed = Annotated[int, typer.Option(help="Seed of everything random.")]

DATA, OUT = PROJECT.parent / "shared" / "data", PROJECT / "models"


@train_app.command("digits")
def digits(
    data: Data = DATA, out: Out = OUT, cache: Cache = None, folds: Folds = True, resume: Resume = False, jobs: Jobs = 2, seed: Seed = 2024
) -> None:
    """Train the reader of digit boxes."""
    from pipeline.training.digits_card import write_digits_card
    from pipeline.training.train_digits import train_digits

    _train(train_digits, write_digits_card, _options(data, out, cache, folds=folds, resume=resume, jobs=jobs, seed=seed))


@train_app.command("corrections")
def corrections(
    data: Data = DATA, out: Out = OUT, cache: Cache = None, folds: Folds = True, resume: Resume = False, jobs: Jobs = 2, seed: Seed = 2024
) -> None:
    """Train the reader of corrections in digit boxes."""
    from pipeline.training.corrections_card import write_corrections_card
    from pipeline.training.train_corrections import train_corrections

    _train(train_corrections, write_corrections_card, _options(data, out, cache, folds=folds, resume=resume, jobs=jobs, seed=seed))


@train_app.command("bubbles")
def bubbles(
    data: Data = DATA, out: Out = OUT, cache: Cache = None, folds: Folds = True, resume: Resume = False, jobs: Jobs = 2, seed: Seed = 2024
) -> None:
    """Train the reader of bubbles."""
    from pipeline.training.bubbles_card import write_bubbles_card
    from pipeline.training.train_bubbles import train_bubbles

    _train(train_bubbles, write_bubbles_card, _options(data, out, cache, folds=folds, resume=resume, jobs=jobs, seed=seed))


@train_app.command("tally")
def tally(
    data: Data = DATA, out: Out = OUT, cache: Cache = None, folds: Folds = True, resume: Resume = False, jobs: Jobs = 2, seed: Seed = 2024
) -> None:
    """Train the reader of tally cells."""
    _train_cells("tally", _options(data, out, cache, folds=folds, resume=resume, jobs=jobs, seed=seed))


@train_app.command("row-sums")
def row_sums(
    data: Data = DATA, out: Out = OUT, cache: Cache = None, folds: Folds = True, resume: Resume = False, jobs: Jobs = 2, seed: Seed = 2024
) -> None:
    """Train the reader of the sums beside the tally rows."""
    _train_cells("row-sums", _options(data, out, cache, folds=folds, resume=resume, jobs=jobs, seed=seed))


def _train_cells(kind: str, options: TrainOptions) -> None:
    from pipeline.training.cells_card import write_cells_card
    from pipeline.training.train_cells import MODELS, train_cells

    _train(partial(train_cells, MODELS[kind]), write_cells_card, options)


def _train(
    train: Callable[[TrainOptions, CropStore], Found | None], write_card: Callable[[Found, TrainOptions], None], options: TrainOptions
) -> None:
    """Train, and write the card where there is something measured to write."""
    found = train(options, _store(options))
    if found is not None:
        write_card(found, options)


def _options(data: Path, out: Path, cache: Path | None, *, folds: bool, resume: bool, jobs: int, seed: int) -> TrainOptions:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    return TrainOptions(data=data, models=out, cache=cache or default_cache(), folds=folds, resume=resume, jobs=jobs, seed=seed)


def _store(options: TrainOptions) -> CropStore:
    catalogue, policy = load_catalogue(), RegistrationPolicy()
    return CropStore(options.data, options.cache / "crops", catalogue, registered(catalogue, policy), policy)

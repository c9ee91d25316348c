"""One training run: its options, its folder of checkpoints, and networks fitted side by side.

The idea: the folds and the final model are independent jobs on one thread each, so two cores train two of them at a time, and a
run that was stopped takes up every job where it was.
"""

from __future__ import annotations

import logging
import multiprocessing
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import cv2
import torch
from threadpoolctl import threadpool_limits

Job = TypeVar("Job")
Result = TypeVar("Result")

FINAL = -1
"""Fold number of the final model, which is trained on everything."""


@dataclass(frozen=True, slots=True)
class TrainOptions:
    """What the `sirekap train` commands may choose.

    Attributes
    ----------
    data
        The folder with the real data sets.
    models
        Where the final model, its card and the models of the folds are written.
    cache
        Where crops and checkpoints are kept, outside the project.
    folds
        Also train a model for each fold and measure out of fold; without it the old calibration is not renewed and no card is written.
    resume
        Go on from the checkpoints of a run that was stopped.
    jobs
        Networks trained at the same time, each on one thread.
    steps_share
        Part of the usual number of steps: below 1 for a trial.
    seed
        Seed of everything random.
    """

    data: Path
    models: Path
    cache: Path
    folds: bool = True
    resume: bool = False
    jobs: int = 2
    steps_share: float = 1.0
    seed: int = 2024


@dataclass(frozen=True, slots=True)
class FoldJob:
    """What one process needs to train one fold; FINAL trains on everything."""

    fold: int
    run: Path
    steps_share: float
    seed: int


def run_folder(options: TrainOptions, kind: str) -> Path:
    """The folder of this run's checkpoints, emptied unless the run goes on."""
    folder = options.cache / "runs" / kind
    if folder.exists() and not options.resume:
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def fold_model(models: Path, kind: str, fold: int) -> Path:
    """Where the model of a fold is written beside the final one, for evaluation out of fold."""
    return models / "folds" / f"{kind}-fold{fold}.onnx"


def side_by_side(work: Callable[[Job], Result], jobs: Sequence[Job], *, at_once: int) -> list[Result]:
    """Do `work` for every job, `at_once` processes at a time, results in the order of the jobs."""
    if at_once <= 1:
        return [work(job) for job in jobs]
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(at_once, mp_context=context, initializer=_prepare) as pool:
        return list(pool.map(work, jobs))


def one_thread() -> None:
    """One thread for each library: two would wait for each other at every step, and results would depend on their number."""
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    threadpool_limits(limits=1)


def _prepare() -> None:
    one_thread()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")

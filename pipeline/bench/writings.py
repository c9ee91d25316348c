"""Every writing of every number beside its truth: how often it is right, how honest its probability is, and which writings err together.

Outcomes come in, a data frame with one row a writing comes out, and tables made of it. The idea: the frame says nothing of the sheet but
its set, so it can be kept and looked at where the sheets cannot be.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipeline.bench.judging import Outcome, Place
from pipeline.intervals import interval
from pipeline.sheet import SourceKind, rounded
from pipeline.training.bubbles import EXCEPTIONS, read_exceptions
from pipeline.training.cell_truth import ROW_SUM_EXCEPTIONS, TALLY_EXCEPTIONS, read_written

REPORTED = "reported"
"""The number as it is reported, from all its writings."""

SOURCES = (*(source.value for source in SourceKind), REPORTED)

ALL_SETS = "all"

TYPES = {"set": str, "number": int, "source": str, "read": "Int64", "right": bool, "stated": float}

DOUBTS = (1.0, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001, 0.0)
"""Bounds of the bins of the reliability table, in stated probability of being wrong."""

SUREST = 0.99
SURE_SHARE = 0.95
"""The tails that are told apart: what is stated at least this surely, and the surest part of all."""


def writings(outcomes: Sequence[Outcome]) -> pd.DataFrame:
    """One row for each writing whose truth is known, on sheets of the right page.

    Boxes and what is reported should say the number of the truth; what else is written repeats it, unless the paper was looked at and
    does not, or notes say that it is out of the ordinary.

    Returns
    -------
    Columns `set`, `number` (rows of one number share it), `source`, `read` (the value, missing where none was read), `right` and `stated`
    (the probability of `read`).
    """
    looked_at = {
        SourceKind.BUBBLES: {f"{image}:{field}" for image, field, _ in read_exceptions(EXCEPTIONS)},
        SourceKind.TALLY: set(read_written(TALLY_EXCEPTIONS)),
        SourceKind.ROW_SUMS: set(read_written(ROW_SUM_EXCEPTIONS)),
    }
    rows: list[tuple[str, int, str, int | None, bool, float]] = []
    count = itertools.count()
    for outcome in outcomes:
        if outcome.place is not Place.RIGHT:
            continue
        for number, source, read, stated, truth in _of_sheet(outcome, looked_at, count):
            rows.append((outcome.truth.set, number, source, read, read == truth, rounded(stated)))
    return pd.DataFrame(rows, columns=list(TYPES)).astype(TYPES)


def read_writings(path: Path) -> pd.DataFrame:
    """The frame that `writings` gave, from the CSV file that `sirekap bench accuracy` wrote."""
    return pd.read_csv(path).astype(TYPES)


def _of_sheet(
    outcome: Outcome, looked_at: dict[SourceKind, set[str]], count: Iterator[int]
) -> Iterator[tuple[int, str, int | None, float, int]]:
    """Number, source, value, its probability and the truth, of each writing of a sheet."""
    for one in outcome.numbers:
        if one.truth is None or one.read is None:
            continue
        number = next(count)
        for source, said in one.read.sources.items():
            listed: Collection[str] = looked_at.get(source, ())
            repeats = source is SourceKind.BOXES or not (outcome.truth.noted or f"{outcome.truth.image}:{one.field}" in listed)
            if repeats:
                yield number, source.value, said.value, said.probability, one.truth
        yield number, REPORTED, one.read.value, one.read.probability, one.truth


def accuracy_table(frame: pd.DataFrame) -> pd.DataFrame:
    """A row a set and source, and a row a source for all sets: numbers right with their 95 % interval, log loss, and the tails.

    The log loss is that of the statement "this value is what is written", in nats; `surest` counts those stated at 0.99 or more.
    """
    rows = []
    for name in [*sorted(frame["set"].unique()), ALL_SETS]:
        part = frame if name == ALL_SETS else frame[frame["set"] == name]
        for source in SOURCES:
            some = part[part["source"] == source]
            if len(some):
                rows.append({"set": name, "source": source, **_figures(some)})
    return pd.DataFrame(rows)


def _figures(some: pd.DataFrame) -> dict[str, Any]:
    right, count = int(some["right"].sum()), len(some)
    low, high = interval(right, count)
    stated = some["stated"].to_numpy()
    truth = some["right"].to_numpy()
    loss = -np.log(np.where(truth, stated, 1 - stated)).mean()
    sure = stated >= SUREST
    order = np.argsort(-stated, kind="stable")[: int(SURE_SHARE * count)]
    return {
        "right": right, "numbers": count, "share": right / count, "low": low, "high": high, "log_loss": float(loss),
        "surest": int(sure.sum()), "surest_wrong": int((sure & ~truth).sum()), "surest_95_wrong": int((~truth[order]).sum()),
    }  # fmt: skip


def joint_errors(frame: pd.DataFrame) -> pd.DataFrame:
    """A row for each pair of writings: numbers that have both, how often both are wrong, and how often they would be if independent.

    `same` counts those where both say the same wrong number: only these can confirm each other into an error.
    """
    wide = {name: frame.pivot(index="number", columns="source", values=name) for name in ("right", "read")}
    rows = []
    for one, other in itertools.combinations([source for source in SOURCES if source != REPORTED], 2):
        if one not in wide["right"] or other not in wide["right"]:
            continue
        both = wide["right"][[one, other]].dropna().astype(bool)
        if both.empty:
            continue
        wrong = ~both
        together = wrong[one] & wrong[other]
        read = wide["read"].loc[both.index]
        rows.append({
            "one": one, "other": other, "numbers": len(both), "one_wrong": int(wrong[one].sum()), "other_wrong": int(wrong[other].sum()),
            "both_wrong": int(together.sum()), "expected": float(wrong[one].mean() * wrong[other].mean() * len(both)),
            "same": int((together & (read[one] == read[other]).fillna(False).astype(bool)).sum()),
        })  # fmt: skip
    return pd.DataFrame(rows)


def reliability(frame: pd.DataFrame) -> pd.DataFrame:
    """A row a source and bin of stated doubt (1 less the stated probability): mean doubt, and the share wrong with its interval."""
    rows = []
    for source in SOURCES:
        some = frame[frame["source"] == source]
        doubt = 1 - some["stated"]
        for high, low in itertools.pairwise(DOUBTS):
            here = (doubt > low) & (doubt <= high) if low else doubt <= high
            wrong, count = int((~some["right"][here]).sum()), int(here.sum())
            if count:
                least, most = interval(wrong, count)
                rows.append({
                    "source": source, "numbers": count, "doubt": float(doubt[here].mean()), "wrong": wrong, "share": wrong / count,
                    "low": least, "high": most,
                })  # fmt: skip
    return pd.DataFrame(rows)

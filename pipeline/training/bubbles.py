"""Labelled bubbles of the development sheets.

Sheets come in, `BubbleFields` come out: for each field its columns of ten bubbles with a rim, and the state of each. The idea:
bubbles repeat the number in the boxes, so their truth is known without marking them; `bubble_truth.csv` lists the columns that
do not repeat it, each looked at.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.forms import Catalogue
from pipeline.recognition.bubbles import DIGITS, MARGIN, NONE, PATCH_SIZE, SEVERAL
from pipeline.recognition.patches import cut_patches
from pipeline.training.placing import CropSource
from pipeline.training.sheets import LabelledSheet

RIM = 0.9
"""Share of a bubble's diameter kept around it in training crops."""

CROP_SIZE = round(PATCH_SIZE * (1 + 2 * RIM) / (1 + 2 * MARGIN))
UNKNOWN = -1
EMPTY, FILLED, ERASED = 0, 1, 2

EXCEPTIONS = Path(__file__).with_name("bubble_truth.csv")


@dataclass(frozen=True, slots=True)
class BubbleFields:
    """The bubbles of N fields.

    Attributes
    ----------
    images
        (N, C, 10, CROP_SIZE, CROP_SIZE, 3) uint8, BGR.
    states
        (N, C, 10) int64: EMPTY, FILLED, ERASED or UNKNOWN.
    columns
        (N, C) int64: the digit filled, `NONE`, `SEVERAL` or UNKNOWN.
    groups, names
        (N,) str.
    """

    images: NDArray[np.uint8]
    states: NDArray[np.int64]
    columns: NDArray[np.int64]
    groups: NDArray[np.str_]
    names: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.images)

    def take(self, index: NDArray[np.int64] | NDArray[np.bool_]) -> BubbleFields:
        return BubbleFields(**{f.name: getattr(self, f.name)[index] for f in fields(self)})


@dataclass(frozen=True, slots=True)
class ColumnTruth:
    """Filled and erased bubbles of one column."""

    filled: tuple[int, ...]
    erased: tuple[int, ...] = ()


def from_sheets(sheets: Sequence[LabelledSheet], catalogue: Catalogue, source: CropSource) -> BubbleFields:
    """The bubbles of every sheet that `source` can place."""
    exceptions = read_exceptions(EXCEPTIONS)
    images, states, columns, groups, names = [], [], [], [], []
    for sheet in sheets:
        layout = sheet.fields(catalogue)
        if all(layout[field].bubbles is None for field in sheet.signs):
            continue
        photo = sheet.photo()
        to_photo = source(sheet, photo)
        if to_photo is None:
            continue
        for field, signs in sheet.signs.items():
            bubbles = layout[field].bubbles
            if bubbles is None:
                continue
            rects = [circle.bounds for column in bubbles.columns for circle in column]
            cut = cut_patches(photo, to_photo, rects, size=CROP_SIZE, margin=RIM)
            images.append(cut.reshape(len(bubbles.columns), DIGITS, CROP_SIZE, CROP_SIZE, 3))
            truths = [exceptions.get((sheet.name, field, place), _repeated(sign)) for place, sign in enumerate(signs)]
            states.append([_states(truth) for truth in truths])
            columns.append([_column(truth) for truth in truths])
            groups.append(sheet.group)
            names.append(f"{sheet.name}:{field}")
    return BubbleFields(np.stack(images), np.array(states, np.int64), np.array(columns, np.int64), np.array(groups), np.array(names))


def read_exceptions(path: Path) -> Mapping[tuple[str, str, int], ColumnTruth | None]:
    """(image, field, column from 0) to the bubbles of columns that do not repeat their box; None where they cannot be told."""
    with path.open(newline="", encoding="utf-8") as lines:
        return {
            (row["image"], row["field"], int(row["column"]) - 1): None
            if row["filled"] == "?"
            else ColumnTruth(tuple(map(int, row["filled"])), tuple(map(int, row["erased"])))
            for row in csv.DictReader(lines)
        }


def _repeated(sign: str) -> ColumnTruth | None:
    """A crossed, dashed or empty box repeats as bubble 0."""
    if sign.isdigit():
        return ColumnTruth((int(sign),))
    return ColumnTruth((0,)) if sign in "x-_" else None


def _states(truth: ColumnTruth | None) -> list[int]:
    if truth is None:
        return [UNKNOWN] * DIGITS
    return [ERASED if d in truth.erased else FILLED if d in truth.filled else EMPTY for d in range(DIGITS)]


def _column(truth: ColumnTruth | None) -> int:
    if truth is None:
        return UNKNOWN
    return {0: NONE, 1: (truth.filled or (NONE,))[0]}.get(len(truth.filled), SEVERAL)

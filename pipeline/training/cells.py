"""Pictures of the cells of tally grids and of the boxes of row sums, cut from the development sheets.

Sheets come in, `CellCrops` come out: both kinds cut in one go and in one layout, each with its place in the field and the number in
the field's digit boxes. The idea: what a cell holds is not kept with its picture but worked out anew from the number
(`cell_truth.py`), so that a corrected label does not mean to register three hundred photos again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.crosscheck.numbers import meaning_of
from pipeline.forms import Catalogue, FieldLayout, Rect
from pipeline.recognition import row_sums, tally
from pipeline.recognition.patches import cut_patches
from pipeline.sheet import BOX_CLASSES
from pipeline.training import boxes
from pipeline.training.boxes import BoxCrops
from pipeline.training.placing import CropSource
from pipeline.training.sheets import LabelledSheet

TALLY, ROW_SUMS = "tally", "row-sums"

PATCH_SIZE, MARGIN = tally.PATCH_SIZE, tally.MARGIN
if (row_sums.PATCH_SIZE, row_sums.MARGIN) != (PATCH_SIZE, MARGIN):
    raise ValueError("cells and row sums are cut in one layout")

RIM = 0.35
"""Share of a cell's sides kept around it in training crops; the readers see `MARGIN`."""

CROP_SIZE = round(PATCH_SIZE * (1 + 2 * RIM) / (1 + 2 * MARGIN))
"""Side of a training crop, pixels: the same pixels a cell as the readers' patches."""

UNKNOWN = -1

NO_FIELD = ""
"""Field of crops that are no part of a grid."""


@dataclass(frozen=True, slots=True)
class CellCrops:
    """Pictures of cells or boxes, and where each stands.

    Attributes
    ----------
    images
        (N, CROP_SIZE, CROP_SIZE, 3) uint8, BGR.
    kinds
        (N,) str, TALLY or ROW_SUMS.
    fields
        (N,) str, name of the photo and field: `set/photo.jpg:paslon_1`.
    places
        (N,) int64, place in the field's grid, row by row.
    capacities
        (N,) int64, the most a cell of a tally grid holds, or a row of row sums.
    numbers
        (N,) int64, what the field's digit boxes say, or UNKNOWN.
    groups, sets
        (N,) str: the paper a crop is from (folds) and its data set.
    heights
        (N,) int64, height of the photo in pixels.
    """

    images: NDArray[np.uint8]
    kinds: NDArray[np.str_]
    fields: NDArray[np.str_]
    places: NDArray[np.int64]
    capacities: NDArray[np.int64]
    numbers: NDArray[np.int64]
    groups: NDArray[np.str_]
    sets: NDArray[np.str_]
    heights: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.places)

    def take(self, index: NDArray[np.int64] | NDArray[np.bool_]) -> CellCrops:
        """The crops at `index` (positions or a mask)."""
        return CellCrops(**{f.name: getattr(self, f.name)[index] for f in fields(self)})

    @staticmethod
    def join(parts: Sequence[CellCrops]) -> CellCrops:
        return CellCrops(**{f.name: np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(CellCrops)})


def from_sheets(sheets: Sequence[LabelledSheet], catalogue: Catalogue, source: CropSource) -> CellCrops:
    """The cells and row sums of every sheet that `source` can place; open row sums without boxes of their own are left out."""
    parts = []
    for sheet in sheets:
        layout = sheet.fields(catalogue)
        if all(layout[field].tally is None for field in sheet.signs):
            continue
        photo = sheet.photo()
        to_photo = source(sheet, photo)
        if to_photo is None:
            continue
        for field, signs in sheet.signs.items():
            for kind, rects, capacity in grids_of(layout[field]):
                count = len(rects)
                parts.append(
                    CellCrops(
                        images=cut_patches(photo, to_photo, rects, size=CROP_SIZE, margin=RIM),
                        kinds=np.full(count, kind),
                        fields=np.full(count, f"{sheet.name}:{field}"),
                        places=np.arange(count),
                        capacities=np.full(count, capacity),
                        numbers=np.full(count, number_of(signs)),
                        groups=np.full(count, sheet.group),
                        sets=np.full(count, sheet.set),
                        heights=np.full(count, photo.shape[0]),
                    )
                )
    return CellCrops.join(parts)


def grids_of(layout: FieldLayout) -> list[tuple[str, list[Rect], int]]:
    """The grids of a field: kind, cells row by row, and what a cell (or, of row sums, a row) can hold."""
    if layout.tally is None:
        return []
    grids = [(TALLY, [cell for row in layout.tally.cells() for cell in row], layout.tally.marks)]
    if layout.row_sums is not None and layout.row_sums.digits == 2:
        boxes_of_rows = [cell for row in layout.row_sums.cells() for cell in row]
        grids.append((ROW_SUMS, boxes_of_rows, layout.tally.columns * layout.tally.marks))
    return grids


def number_of(signs: str) -> int:
    """The number a row of boxes says; crossed, dashed and empty ones count nothing, UNKNOWN where a sign cannot be read."""
    if all(sign in "x-_" for sign in signs):
        return 0
    if any(sign not in BOX_CLASSES for sign in signs):
        return UNKNOWN
    value = meaning_of(signs)[1]
    return UNKNOWN if value is None else value


def from_digit_boxes(crops: BoxCrops) -> CellCrops:
    """Digit boxes brought into the layout of cells; `numbers` is their index in `BOX_CLASSES`."""
    chosen = crops.take((crops.labels >= 0) & (crops.corrected != 1))
    share = (1 + 2 * RIM) / (1 + 2 * boxes.RIM)
    edge = round(boxes.CROP_SIZE * (1 - share) / 2)
    inner = chosen.images[:, edge : boxes.CROP_SIZE - edge, edge : boxes.CROP_SIZE - edge]
    count = len(chosen)
    images = np.empty((count, CROP_SIZE, CROP_SIZE, 3), np.uint8)
    for place, image in enumerate(inner):
        images[place] = cv2.resize(image, (CROP_SIZE, CROP_SIZE), interpolation=cv2.INTER_AREA)
    return CellCrops(
        images=images,
        kinds=np.full(count, ROW_SUMS),
        fields=np.full(count, NO_FIELD),
        places=np.zeros(count, np.int64),
        capacities=np.zeros(count, np.int64),
        numbers=chosen.labels,
        groups=chosen.groups,
        sets=chosen.sets,
        heights=np.zeros(count, np.int64),
    )

"""Labelled sheets of the development set.

Out of `truth.json` come sheets with one sign a box; the catalogue says where on the page those boxes are. The idea: the truth
is read once and in one place, so that training, calibration and evaluation cannot disagree about it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.forms import Catalogue, FieldLayout

FAMILIES = {
    "2024": ("gammafest-2024", "chasil-2024-whole", "screen-2024"),
    "C1 2019": ("c1-2019-page1", "c1-2019-page2"),
    "C1 2014": ("scan-2014",),
    "posters 2015-2019": ("plano-2019", "plano-2017", "plano-2015"),
    "C.Digital": ("c-digital",),
}
"""Sets of sheets whose form is in the catalogue, by the kind of paper they are."""

SETS = tuple(name for sets in FAMILIES.values() for name in sets)

SCRATCHED = "s"
"""Sign of a box that was struck out."""


@dataclass(frozen=True, slots=True)
class LabelledSheet:
    """One photo of the development set with its truth.

    Attributes
    ----------
    signs
        Field id to one sign a box.
    struck
        Fields with one stroke over several boxes, where a sign a box says little of the ink in it.
    corrected
        (field id, box index from 0) of the boxes known to be overwritten, struck out or whitened.
    corrected_elsewhere
        As `is_corrected_elsewhere` says; then nothing is known of the other boxes.
    quads
        Field id to (4, 2) corners of its row of boxes in pixels of the photo turned by `rotation`; empty where nobody marked them.
    """

    name: str
    set: str
    group: str
    path: Path
    form: str
    page: str
    rotation: float
    signs: Mapping[str, str]
    struck: frozenset[str]
    corrected: frozenset[tuple[str, int]]
    corrected_elsewhere: bool
    quads: Mapping[str, NDArray[np.float64]]

    def photo(self) -> NDArray[np.uint8]:
        """(H, W, 3) uint8 BGR photo as stored, EXIF applied."""
        image = cv2.imread(str(self.path), cv2.IMREAD_COLOR)
        if image is None:
            raise FileNotFoundError(f"{self.path}: not a readable picture")
        return np.asarray(image, np.uint8)

    def fields(self, catalogue: Catalogue) -> Mapping[str, FieldLayout]:
        """The layout of the page this is a photo of."""
        return catalogue[self.form].pages[self.page].fields


def load_sheets(data: Path, *, sets: tuple[str, ...] = SETS) -> list[LabelledSheet]:
    """The labelled sheets of some sets, in the order of `truth.json`."""
    truth = json.loads((data / "truth.json").read_text(encoding="utf-8"))
    return [_sheet(entry, data) for entry in truth["sheets"] if entry["set"] in sets]


def _sheet(entry: Mapping[str, Any], data: Path) -> LabelledSheet:
    return LabelledSheet(
        name=entry["image"],
        set=entry["set"],
        group=entry["group"],
        path=data / "sheets" / entry["image"],
        form=entry["form"],
        page=str(entry["page"]),
        rotation=float(entry.get("rotation") or 0),
        signs=dict(entry.get("boxes", {})),
        struck=frozenset(entry.get("marks", ())),
        corrected=corrected_boxes(entry),
        corrected_elsewhere=is_corrected_elsewhere(entry),
        quads={field: np.array(quad, np.float64) for field, quad in entry.get("quads", {}).items()},
    )


def corrected_boxes(entry: Mapping[str, Any]) -> frozenset[tuple[str, int]]:
    """(field id, box index from 0) listed as overwritten (only of the photos of 2024, by row of the table) or with a scratched sign."""
    listed = {(f"paslon_{mark['row']}", int(mark["box"]) - 1) for mark in entry.get("overwritten", ())}
    signs = entry.get("boxes", {}).items()
    return frozenset(listed | {(field, box) for field, row in signs for box, sign in enumerate(row) if sign == SCRATCHED})


def is_corrected_elsewhere(entry: Mapping[str, Any]) -> bool:
    """Whether somebody noticed a correction on the sheet without saying in which box."""
    return "overwritten" not in entry and "scratched out" in entry.get("must_review", ())

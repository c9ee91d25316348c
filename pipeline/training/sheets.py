"""Labelled sheets of the development set and where their boxes lie in the photo.

Out of `truth.json` come sheets with one sign a box and one state a bubble; a *crop source* maps page millimetres to the
photo of each. The registration is the source to train with, so that a model sees boxes as sloppily placed as it will when it reads; the
hand-marked corners of the box rows (`quads`), snapped to the printed frames, serve where there is no registration.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.recognition.patches import ToPhoto, darkness

BOX_PITCH_MM = 23.5
BOX_SIDE_MM = 20.0
ROW_LEFT_MM = 455.0
ROW_TOPS_MM = (184.56, 336.56, 488.56)
BUBBLE_FIRST_MM = 29.5
"""Centre of bubble 0 below the top of the box row."""
BUBBLE_PITCH_MM = 10.5
BUBBLE_DIAMETER_MM = 8.0


@dataclass(frozen=True, slots=True)
class Area:
    """A rectangle on the page, millimetres, top left corner and size."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class LabelledSheet:
    """One photo of the development set with its truth.

    Attributes
    ----------
    signs
        Field id to one sign a box.
    corrected
        (field id, box index from 0) of the boxes known to be overwritten, struck out or whitened.
    quads
        Field id to (4, 2) corners of its row of boxes in pixels of the upright photo; empty where nobody marked them.
    """

    name: str
    set: str
    group: str
    path: Path
    page: str
    rotation: float
    signs: Mapping[str, str]
    corrected: frozenset[tuple[str, int]]
    quads: Mapping[str, NDArray[np.float64]]

    def upright(self) -> NDArray[np.uint8]:
        """(H, W, 3) uint8 BGR photo turned by the multiple of 90 degrees that the truth gives."""
        image = cv2.imread(str(self.path), cv2.IMREAD_COLOR)
        if image is None:
            raise FileNotFoundError(f"{self.path}: not a readable picture")
        return np.ascontiguousarray(np.rot90(image, round(self.rotation / 90) % 4), np.uint8)


CropSource = Callable[[LabelledSheet, NDArray[np.uint8]], ToPhoto | None]
"""Where the page of a sheet lies in its upright photo; None when it could not be placed."""


def load_sheets(data: Path, *, sets: tuple[str, ...]) -> list[LabelledSheet]:
    """The labelled sheets of some sets, in the order of `truth.json`."""
    truth = json.loads((data / "truth.json").read_text(encoding="utf-8"))
    return [_sheet(entry, data) for entry in truth["sheets"] if entry["set"] in sets]


def box_areas() -> dict[str, tuple[Area, ...]]:
    """The nine digit boxes of page 2 of the presidential poster of 2024, by field."""
    return {
        f"paslon_{row + 1}": tuple(Area(ROW_LEFT_MM + BOX_PITCH_MM * box, top, BOX_SIDE_MM, BOX_SIDE_MM) for box in range(3))
        for row, top in enumerate(ROW_TOPS_MM)
    }


def bubble_areas() -> dict[str, tuple[tuple[Area, ...], ...]]:
    """The bubbles under those boxes: field to three columns of ten."""
    radius = BUBBLE_DIAMETER_MM / 2
    return {
        field: tuple(
            tuple(
                Area(
                    box.x + box.width / 2 - radius,
                    box.y + BUBBLE_FIRST_MM + BUBBLE_PITCH_MM * digit - radius,
                    BUBBLE_DIAMETER_MM,
                    BUBBLE_DIAMETER_MM,
                )
                for digit in range(10)
            )
            for box in boxes
        )
        for field, boxes in box_areas().items()
    }


def from_quads(sheet: LabelledSheet, photo: NDArray[np.uint8]) -> ToPhoto | None:
    """Crop source out of the hand-marked rows, snapped to the printed box frames (they are up to 3 mm off as marked)."""
    if not sheet.quads:
        return None
    areas = box_areas()
    page, pixels = [], []
    for field, quad in sheet.quads.items():
        first, last = areas[field][0], areas[field][-1]
        left, right, top, bottom = first.x, last.x + last.width, first.y, first.y + first.height
        page += [(left, top), (right, top), (right, bottom), (left, bottom)]
        pixels += list(quad)
    homography = _fit(np.array(page), np.array(pixels))
    boxes = [box for row in areas.values() for box in row]
    for reach in (3.5, 1.5):
        homography = _snapped(photo, homography, boxes, reach_mm=reach)
    return _mapping(homography)


def _sheet(entry: Mapping[str, Any], data: Path) -> LabelledSheet:
    return LabelledSheet(
        name=entry["image"],
        set=entry["set"],
        group=entry["group"],
        path=data / "sheets" / entry["image"],
        page=str(entry["page"]),
        rotation=float(entry.get("rotation") or 0),
        signs=dict(entry.get("boxes", {})),
        corrected=frozenset((f"paslon_{mark['row']}", int(mark["box"]) - 1) for mark in entry.get("overwritten", ())),
        quads={field: np.array(quad, np.float64) for field, quad in entry.get("quads", {}).items()},
    )


def _fit(page: NDArray[np.float64], pixels: NDArray[np.float64]) -> NDArray[np.float64]:
    homography, _ = cv2.findHomography(page, pixels, 0)
    return np.asarray(homography, np.float64)


def _mapping(homography: NDArray[np.float64]) -> ToPhoto:
    def to_photo(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(cv2.perspectiveTransform(points.reshape(-1, 1, 2), homography).reshape(-1, 2), np.float64)

    return to_photo


def _snapped(
    photo: NDArray[np.uint8], homography: NDArray[np.float64], boxes: list[Area], *, reach_mm: float
) -> NDArray[np.float64]:
    """Refit a homography to the frames of `boxes`, each found within `reach_mm` of where it should be."""
    scale, around = 3.0, reach_mm + 1.0
    pixels = round((BOX_SIDE_MM + 2 * around) * scale)
    frame = _frame_template(scale)
    page, found = [], []
    for box in boxes:
        to_page = np.array([[1 / scale, 0, box.x - around], [0, 1 / scale, box.y - around], [0, 0, 1]])
        flat = cv2.warpPerspective(
            photo, homography @ to_page, (pixels, pixels), flags=cv2.INTER_AREA | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE
        )
        dark = darkness(np.asarray(flat, np.uint8)[None])[0].mean(axis=0)
        score = cv2.matchTemplate(dark, frame, cv2.TM_CCORR)
        _, _, _, best = cv2.minMaxLoc(score)
        offset = np.array(best) / scale - (around - 1.0)
        corners = np.array([(0, 0), (BOX_SIDE_MM, 0), (BOX_SIDE_MM, BOX_SIDE_MM), (0, BOX_SIDE_MM)]) + (box.x, box.y)
        page.append(corners)
        moved = np.concatenate([corners + offset])
        found.append(_mapping(homography)(moved))
    fitted, _ = cv2.findHomography(np.concatenate(page), np.concatenate(found), cv2.RANSAC, 6.0)
    return np.asarray(fitted, np.float64)


def _frame_template(scale: float) -> NDArray[np.float32]:
    """A box frame with 1 mm around it: dark line counts for, what lies on both sides of the line counts against."""
    side = round((BOX_SIDE_MM + 2) * scale)
    template = np.zeros((side, side), np.float32)

    def ring(inset_mm: float, width_mm: float, value: float) -> None:
        outer, inner = round(inset_mm * scale), round((inset_mm + width_mm) * scale)
        mask = np.zeros_like(template)
        mask[outer : side - outer, outer : side - outer] = 1
        mask[inner : side - inner, inner : side - inner] = 0
        template[mask > 0] = value / mask.sum()

    ring(0.0, 0.4, -0.5)
    ring(0.47, 1.06, 1.0)
    ring(2.2, 1.0, -0.5)
    return template

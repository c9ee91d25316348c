"""Where the boxes of a labelled sheet lie in its photo.

A sheet and its photo come in, the mapping from page millimetres to photo pixels comes out. The registration is the source to
train with, so that a model sees boxes as sloppily placed as it will when it reads; the hand-marked corners of the box rows,
snapped to the printed frames, serve where the registration refuses or contradicts them.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.forms import Catalogue, Rect
from pipeline.recognition.patches import ToPhoto, darkness
from pipeline.registration import RegistrationPolicy, register
from pipeline.sheet import Refusal
from pipeline.training.sheets import LabelledSheet

CropSource = Callable[[LabelledSheet, NDArray[np.uint8]], ToPhoto | None]
"""Where the page of a sheet lies in its photo as stored; None when it could not be placed."""

MARKED_WITHIN_MM = 6.0
"""A registration is believed when it puts the box rows this near to the snapped marks. Where both are right they differ by 0.5 mm
(median of 24 photos) and at most 3 mm; the nearest wrong place, one table row off, is 12 mm away."""

SNAP_PIXELS_PER_MM = 3.0


def registered(catalogue: Catalogue, policy: RegistrationPolicy) -> CropSource:
    """Crop source that registers the photo; the marks are used when that fails or is contradicted by them.

    It remembers what it found, since boxes and bubbles are cut from the same photos one after the other.
    """
    remembered: dict[str, ToPhoto | None] = {}

    def place(sheet: LabelledSheet, photo: NDArray[np.uint8]) -> ToPhoto | None:
        if sheet.name not in remembered:
            remembered[sheet.name] = fresh(sheet, photo)
        return remembered[sheet.name]

    def fresh(sheet: LabelledSheet, photo: NDArray[np.uint8]) -> ToPhoto | None:
        found = register(photo, catalogue, policy=policy)
        if isinstance(found, Refusal) or (found.form, found.page) != (sheet.form, sheet.page):
            return marked(catalogue)(sheet, photo)
        by_marks = marked(catalogue)(sheet, photo)
        if by_marks is None:
            return found.to_photo
        page, pixels = _marks(sheet, catalogue, photo)
        away = np.linalg.norm(found.to_photo(page) - by_marks(page), axis=1) / _pixels_per_mm(page, pixels)
        return found.to_photo if np.median(away) <= MARKED_WITHIN_MM else by_marks

    return place


def marked(catalogue: Catalogue) -> CropSource:
    """Crop source out of the hand-marked rows, snapped to the printed box frames (they are up to 3 mm off as marked)."""

    def place(sheet: LabelledSheet, photo: NDArray[np.uint8]) -> ToPhoto | None:
        if not sheet.quads:
            return None
        homography = _fit(*_marks(sheet, catalogue, photo))
        boxes = [box for field in sheet.quads for box in sheet.fields(catalogue)[field].boxes]
        for reach in (3.5, 1.5):
            homography = _snapped(photo, homography, boxes, reach_mm=reach)
        return _mapping(homography)

    return place


def _marks(
    sheet: LabelledSheet, catalogue: Catalogue, photo: NDArray[np.uint8]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Corners of the marked rows on the page (mm) and in the photo as stored (pixels), (N, 2) each."""
    layout = sheet.fields(catalogue)
    page = np.concatenate([layout[field].box_row.corners() for field in sheet.quads])
    pixels = np.concatenate(list(sheet.quads.values()))
    if round(sheet.rotation / 180) % 2:
        pixels = np.array([photo.shape[1], photo.shape[0]]) - 1 - pixels
    return page, pixels


def _pixels_per_mm(page: NDArray[np.float64], pixels: NDArray[np.float64]) -> float:
    return float(np.linalg.norm(np.ptp(pixels, axis=0)) / np.linalg.norm(np.ptp(page, axis=0)))


def _fit(page: NDArray[np.float64], pixels: NDArray[np.float64]) -> NDArray[np.float64]:
    homography, _ = cv2.findHomography(page, pixels, 0)
    return np.asarray(homography, np.float64)


def _mapping(homography: NDArray[np.float64]) -> ToPhoto:
    def to_photo(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(cv2.perspectiveTransform(points.reshape(-1, 1, 2), homography).reshape(-1, 2), np.float64)

    return to_photo


def _snapped(
    photo: NDArray[np.uint8], homography: NDArray[np.float64], boxes: list[Rect], *, reach_mm: float
) -> NDArray[np.float64]:
    """Refit a homography to the frames of `boxes`, each found within `reach_mm` of where it should be."""
    scale, around = SNAP_PIXELS_PER_MM, reach_mm + 1.0
    page, found = [], []
    for box in boxes:
        side = box.width
        pixels = round((side + 2 * around) * scale)
        to_page = np.array([[1 / scale, 0, box.x - around], [0, 1 / scale, box.y - around], [0, 0, 1]])
        flat = cv2.warpPerspective(
            photo, homography @ to_page, (pixels, pixels), flags=cv2.INTER_AREA | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE
        )
        dark = darkness(np.asarray(flat, np.uint8)[None])[0].mean(axis=0)
        score = cv2.matchTemplate(dark, _frame_template(side, scale), cv2.TM_CCORR)
        _, _, _, best = cv2.minMaxLoc(score)
        offset = np.array(best) / scale - (around - 1.0)
        page.append(box.corners())
        found.append(_mapping(homography)(box.corners() + offset))
    fitted, _ = cv2.findHomography(np.concatenate(page), np.concatenate(found), cv2.RANSAC, 6.0)
    return np.asarray(fitted, np.float64)


def _frame_template(box_mm: float, scale: float) -> NDArray[np.float32]:
    """A box frame with 1 mm around it: dark line counts for, what lies on both sides of the line counts against."""
    side = round((box_mm + 2) * scale)
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

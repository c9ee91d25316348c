"""Lay a page out flat at a fixed scale, refine it there, and weigh what was found.

A hypothesis from the upright view comes in; the part of its page that the photo shows is drawn at two pixels a millimetre, so that
tolerances in millimetres mean the same on every photo, and lines and boxes are followed there as curled paper needs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.forms import Form, Page
from pipeline.registration.bend import bend, frames_seen, side_maps
from pipeline.registration.evidence import WorkingPicture, ridge_maps
from pipeline.registration.model import CorrectionField, RegistrationMethod, project
from pipeline.registration.rectify import UprightView
from pipeline.registration.refine import FINE_RADII_MM, Placement, refine
from pipeline.registration.verify import Evidence, verify

FLAT_SCALE = 2.0
"""Pixels per millimetre of the flat page: a 0.9 mm table line is two pixels wide."""
WINDOW_MARGIN_MM = 16.0
LONG_LINE_MM = 24.0
"""The photo's lines of at least this length must be explained by the layout."""


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A page laid on the upright view, pulled onto its lines, and the score it has there."""

    form: Form
    placement: Placement
    method: RegistrationMethod
    score: float


@dataclass(frozen=True, slots=True)
class Candidate:
    """A hypothesis after refinement on the flat page.

    Attributes
    ----------
    to_photo
        (3, 3) float64 homography from page millimetres (corrected) to photo pixels.
    frames
        (B,) for each digit box of the page, whether its printed frame was seen in its place.
    """

    form: Form
    page: Page
    method: RegistrationMethod
    to_photo: NDArray[np.float64]
    correction: CorrectionField
    evidence: Evidence
    frames: NDArray[np.bool_]

    @property
    def standing(self) -> float:
        """What candidates are ranked by: the evidence of the lines, halved where no box lies on its frame."""
        return self.evidence.score * (0.5 + 0.5 * float(self.frames.mean()))

    def place(self, points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """Photo pixels of (N, 2) page millimetres."""
        return project(self.to_photo, points_mm + self.correction.at(points_mm))


def lay_flat(hypothesis: Hypothesis, fine: WorkingPicture, view_to_photo: NDArray[np.float64], width: int, height: int) -> Candidate:
    """The hypothesis refined on the page laid flat; `width` and `height` are those of the photo."""
    page = hypothesis.placement.page
    to_photo = view_to_photo @ hypothesis.placement.to_view
    left, top, right, bottom = _visible_window(to_photo, page, width, height)
    flat_to_page = np.array([[1 / FLAT_SCALE, 0, left], [0, 1 / FLAT_SCALE, top], [0, 0, 1.0]])
    size = (int((right - left) * FLAT_SCALE), int((bottom - top) * FLAT_SCALE))
    flat = UprightView(to_working=np.linalg.inv(fine.to_photo) @ to_photo @ flat_to_page, size=size)
    ridges = ridge_maps(flat.warp(fine.darkness), long=round(LONG_LINE_MM * FLAT_SCALE))
    seen = flat.shown(fine.size)
    straight = refine(ridges, seen, Placement(page, np.linalg.inv(flat_to_page)), FINE_RADII_MM)
    sides = side_maps(ridges, straight)
    laid = bend(ridges, sides, seen, straight)
    return Candidate(
        form=hypothesis.form,
        page=page,
        method=hypothesis.method,
        to_photo=to_photo @ flat_to_page @ laid.to_view,
        correction=laid.correction or CorrectionField.none(page.paper_mm),
        evidence=verify(ridges, seen, laid),
        frames=frames_seen(sides, laid),
    )


def _visible_window(to_photo: NDArray[np.float64], page: Page, width: int, height: int) -> tuple[float, float, float, float]:
    """The part of the page in mm (left, top, right, bottom) that the photo shows, the whole page when that is next to nothing."""
    columns, rows = np.meshgrid(np.linspace(0, page.paper_mm[0], 41), np.linspace(0, page.paper_mm[1], 61))
    points = np.column_stack([columns.ravel(), rows.ravel()])
    mapped = points @ to_photo[:, :2].T + to_photo[:, 2]
    ahead = mapped[:, 2] * np.sign(mapped[:, 2].mean()) > 1e-6
    photo = mapped[:, :2] / np.where(ahead, mapped[:, 2], 1.0)[:, None]
    inside = ahead & (photo >= 0).all(axis=1) & (photo[:, 0] < width) & (photo[:, 1] < height)
    if inside.sum() < 25:
        return 0.0, 0.0, page.paper_mm[0], page.paper_mm[1]
    low, high = points[inside].min(axis=0) - WINDOW_MARGIN_MM, points[inside].max(axis=0) + WINDOW_MARGIN_MM
    return max(0.0, float(low[0])), max(0.0, float(low[1])), min(page.paper_mm[0], float(high[0])), min(page.paper_mm[1], float(high[1]))

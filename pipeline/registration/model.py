"""Where a page lies in a photo: a homography plus a smooth correction, and how well both were found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

KNOT_SPACING_MM = 30.0
"""Spacing of the knots of the correction field: about the shortest bend that paper hung on a wall makes."""


class RegistrationMethod(StrEnum):
    """What the winning hypothesis started from."""

    TAG = "tag"
    WINDOW = "window"
    LINES = "lines"


@dataclass(frozen=True, slots=True)
class CorrectionField:
    """A smooth shift of every point of a page, as tensor products of uniform cubic B-splines.

    Attributes
    ----------
    shifts
        (rows, columns, 2) float64, shift in millimetres of the page at each knot.
    """

    shifts: NDArray[np.float64]

    @classmethod
    def none(cls, paper_mm: tuple[float, float]) -> CorrectionField:
        return cls(np.zeros((*knot_counts(paper_mm), 2)))

    def at(self, points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """Shift in mm at (N, 2) points."""
        index, weight = spline_basis(points_mm, self.shifts.shape[:2])
        # One axis after the other: gathering both at once takes four times as long.
        both = np.ascontiguousarray(self.shifts.reshape(-1, 2).T)
        return np.stack([np.einsum("nk,nk->n", weight, axis[index]) for axis in both], axis=1)


@dataclass(frozen=True, slots=True)
class Registration:
    """Where a page lies in the photo.

    Attributes
    ----------
    form, page
        Which page of which form it is.
    units_per_mm
        How many units (see `unit`) a millimetre of the page is; 1 on the posters of 2024.
    homography
        (3, 3) float64 from units of the page to photo pixels.
    correction
        Shift of the page's units applied before the homography.
    method
        What the winning hypothesis started from.
    residual_mm
        Median distance between printed lines as drawn and as found, after refinement.
    found
        Share of the visible printed lines that were found where they should be, 0 to 1, chance removed.
    explained
        Share of the photo's long lines within the page that the layout explains, 0 to 1.
    corners
        (4, 2) float64 page corners in photo pixels, top left, then clockwise as printed.
    frames
        For each number all of whose digit boxes are in the picture, the share of them whose printed frame was seen in its place.
    beside
        Form and page of another sheet in the same photo.
    """

    form: str
    page: str
    units_per_mm: float
    homography: NDArray[np.float64]
    correction: CorrectionField
    method: RegistrationMethod
    residual_mm: float
    found: float
    explained: float
    corners: NDArray[np.float64]
    frames: Mapping[str, float]
    beside: str | None = None

    def to_photo(self, points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """Photo pixels of (N, 2) page millimetres."""
        units = points_mm * self.units_per_mm
        return project(self.homography, units + self.correction.at(units))

    @property
    def rotation(self) -> float:
        """Clockwise turn of the page in the photo in degrees, -180 to 180: 0 is upright, 180 upside down."""
        left = (self.corners[0] + self.corners[3]) / 2
        right = (self.corners[1] + self.corners[2]) / 2
        along = right - left
        return float(np.rad2deg(np.arctan2(along[1], along[0])))


def project(homography: NDArray[np.float64], points: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N, 2) points through a (3, 3) homography."""
    mapped = points @ homography[:, :2].T + homography[:, 2]
    return np.asarray(mapped[:, :2] / mapped[:, 2:])


def knot_counts(paper_mm: tuple[float, float]) -> tuple[int, int]:
    """Rows and columns of knots that cover a page of (width, height) mm."""
    return int(np.ceil(paper_mm[1] / KNOT_SPACING_MM)) + 3, int(np.ceil(paper_mm[0] / KNOT_SPACING_MM)) + 3


def spline_basis(points_mm: NDArray[np.float64], counts: tuple[int, int]) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Flat knot indices (N, 16) and weights (N, 16) of the cubic B-spline at (N, 2) points."""
    rows, columns = counts
    index, weight = [], []
    for axis, count in ((1, rows), (0, columns)):
        t = np.clip(points_mm[:, axis] / KNOT_SPACING_MM, 0.0, count - 3 - 1e-9)
        cell = np.floor(t).astype(np.intp)
        f = t - cell
        w = np.stack([(1 - f) ** 3, 3 * f**3 - 6 * f**2 + 4, -3 * f**3 + 3 * f**2 + 3 * f + 1, f**3], axis=1) / 6
        index.append(cell[:, None] + np.arange(4))
        weight.append(w)
    flat = index[0][:, :, None] * columns + index[1][:, None, :]
    product = weight[0][:, :, None] * weight[1][:, None, :]
    return flat.reshape(len(points_mm), 16), product.reshape(len(points_mm), 16)

"""The shape of paper that was folded, rolled up and hung on a wall: its height above the flat page, and the camera that looks at it.

A height field over the page and a pinhole camera give both things a real photo shows, displaced print and shading, from one cause; and
because the mapping from page millimetres to photo pixels is a formula, the error of a registration can be measured in millimetres.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]

GRID_MM = 3.0
"""Spacing of the height field: a crease is some millimetres wide."""

_INVERSION_STEPS = 12
"""Most steps of the inversion; each shrinks the error by slope times slant, at most about 0.35."""

_INVERSION_TOLERANCE_MM = 1e-3


@dataclass(frozen=True, slots=True)
class Relief:
    """How the paper deviates from a plane, all amplitudes in millimetres of height.

    Attributes
    ----------
    curl
        How far the edges lift, or with a negative sign the middle.
    waves, wave_length
        Amplitude and length of the waves of paper hanging loosely.
    wave_direction
        Direction of the wave in degrees: 0 runs across the page, 90 down the page.
    creases
        Height of the creases left by folding the paper.
    folds_across, folds_down
        How many equal parts the paper was folded into, across and down the page.
    crumple
        Standard deviation of irregular dents.
    """

    curl: float = 0.0
    waves: float = 0.0
    wave_length: float = 250.0
    wave_direction: float = 0.0
    creases: float = 0.0
    folds_across: int = 2
    folds_down: int = 4
    crumple: float = 0.0


@dataclass(frozen=True, slots=True)
class TrueMapping:
    """Where each point of the page really is in the simulated photo.

    Attributes
    ----------
    projection
        (3, 4) float64, page millimetres (x, y, height, 1) to homogeneous photo pixels.
    heights
        (rows, columns) float32 millimetres above the plane, every `GRID_MM` from the top left corner of the page.
    """

    projection: NDArray[np.float64]
    heights: NDArray[np.float32]

    def to_photo(self, points_mm: Points) -> Points:
        """(N, 2) page millimetres to (N, 2) photo pixels (the centre of the top left pixel is 0, 0)."""
        heights = sample_grid(self.heights, points_mm)
        homogeneous = np.column_stack([points_mm, heights, np.ones(len(points_mm))]) @ self.projection.T
        return np.asarray(homogeneous[:, :2] / homogeneous[:, 2:])

    def to_page(self, pixels: Points) -> Points:
        """(N, 2) photo pixels to (N, 2) page millimetres; outside the page the plane goes on.

        The ray through a pixel meets the plane at some point; the paper there is higher or lower, so the point slides along the ray until
        its height fits.
        """
        matrix = self.projection
        flat = np.linalg.inv(matrix[:, [0, 1, 3]])
        ground = np.column_stack([pixels, np.ones(len(pixels))]) @ flat.T
        ground = ground[:, :2] / ground[:, 2:]
        camera = -np.linalg.solve(matrix[:, :3], matrix[:, 3])
        slant = (camera[:2] - ground) / camera[2]
        points = ground
        for _ in range(_INVERSION_STEPS):
            before = points
            points = ground + slant * sample_grid(self.heights, before)[:, None]
            if np.abs(points - before).max() < _INVERSION_TOLERANCE_MM:
                break
        return np.asarray(points)

    @property
    def rotation(self) -> float:
        """Degrees, clockwise, by which the page appears turned in the photo, within (-180, 180]."""
        rows, columns = self.heights.shape
        middle = np.array([(columns - 1) * GRID_MM / 2, (rows - 1) * GRID_MM / 2])
        left, right = self.to_photo(middle + np.array([(-50, 0), (50, 0)]))
        return float(np.degrees(np.arctan2(right[1] - left[1], right[0] - left[0])))

    def error_mm(self, estimate: Callable[[Points], Points], points_mm: Points) -> Points:
        """How far an estimated mapping is off at each point.

        Parameters
        ----------
        estimate
            Another mapping from (N, 2) page millimetres to (N, 2) photo pixels.

        Returns
        -------
        (N,) millimetres on the paper between the point and the place that the estimate lands on.
        """
        return np.asarray(np.linalg.norm(self.to_page(estimate(points_mm)) - points_mm, axis=1))


def sample_grid(grid: NDArray[np.float32], points_mm: Points) -> NDArray[np.float64]:
    """Bilinear values of a page grid at (N, 2) page millimetres, clamped at the border."""
    rows, columns = grid.shape
    x = np.clip(points_mm[:, 0] / GRID_MM, 0, columns - 1.001)
    y = np.clip(points_mm[:, 1] / GRID_MM, 0, rows - 1.001)
    column, row = x.astype(np.intp), y.astype(np.intp)
    fx, fy = x - column, y - row
    corner, values = row * columns + column, grid.ravel().astype(np.float64)
    above, below = values[corner], values[corner + columns]
    above += (values[corner + 1] - above) * fx
    below += (values[corner + columns + 1] - below) * fx
    return np.asarray(above + (below - above) * fy)


def height_field(relief: Relief, paper_mm: tuple[float, float], rng: np.random.Generator) -> NDArray[np.float32]:
    """The heights of a paper of `paper_mm` (width, height), see `TrueMapping.heights`."""
    width, height = paper_mm
    columns, rows = round(width / GRID_MM) + 1, round(height / GRID_MM) + 1
    x, y = np.meshgrid(np.arange(columns) * GRID_MM, np.arange(rows) * GRID_MM)
    across, down = 2 * x / width - 1, 2 * y / height - 1
    share = rng.uniform(0.2, 0.8)
    field = relief.curl * (share * across**2 + (1 - share) * down**2 + 0.4 * rng.normal() * across * down)
    angle = np.radians(relief.wave_direction)
    along = x * np.cos(angle) + y * np.sin(angle)
    field += relief.waves * np.sin(2 * np.pi * along / relief.wave_length + rng.uniform(0, 2 * np.pi)) * (0.7 + 0.3 * down)
    for position, count, extent in ((x, relief.folds_across, width), (y, relief.folds_down, height)):
        for index in range(1, count):
            offset = np.abs(position - extent * (index / count + rng.normal(0, 0.006)))
            field += relief.creases * rng.choice([-1, 1]) * rng.uniform(0.5, 1) * np.exp(-offset / 28)
    dents = rng.normal(0, 1, (max(4, rows // 18), max(4, columns // 18)))
    field += relief.crumple * cv2.resize(dents, (columns, rows), interpolation=cv2.INTER_CUBIC)
    return np.asarray(field, dtype=np.float32)


def look_at(
    corners_mm: Points, *, size: tuple[int, int], tilt: tuple[float, float], roll: float, distance: float, margin: float, stretched: bool
) -> NDArray[np.float64]:
    """The pinhole camera that frames a part of the page.

    Parameters
    ----------
    corners_mm
        (4, 2) corners of the part of the page that should fill the photo.
    size
        Width and height of the photo in pixels.
    tilt
        Degrees by which the paper leans about its horizontal and its vertical axis.
    roll
        Degrees clockwise by which the page is turned in the photo.
    distance
        Of the camera, as a multiple of the part's diagonal: small gives strong perspective.
    margin
        Share of the photo left free around the part; negative cuts it.
    stretched
        Fit width and height apart, as the photos of the official app were, instead of keeping the shape.

    Returns
    -------
    (3, 4) float64, page millimetres (x, y, height, 1) to homogeneous photo pixels.
    """
    centre = corners_mm.mean(axis=0)
    diagonal = float(np.linalg.norm(corners_mm[2] - corners_mm[0]))
    rotation = cv2.Rodrigues(np.array([0.0, 0.0, np.radians(roll)]))[0] @ cv2.Rodrigues(np.radians(np.array([tilt[0], tilt[1], 0.0])))[0]
    to_centre = np.array([[1, 0, 0, -centre[0]], [0, 1, 0, -centre[1]], [0, 0, -1, 0]], dtype=np.float64)
    projection = np.asarray(rotation @ to_centre)
    projection[2, 3] += distance * diagonal
    seen = np.column_stack([corners_mm, np.zeros(4), np.ones(4)]) @ projection.T
    seen = seen[:, :2] / seen[:, 2:]
    low, high = seen.min(axis=0), seen.max(axis=0)
    scale = (np.array(size) - 1) * (1 - 2 * margin) / (high - low)
    if not stretched:
        scale[:] = scale.min()
    shift = (np.array(size) - 1) / 2 - scale * (low + high) / 2
    frame = np.array([[scale[0], 0, shift[0]], [0, scale[1], shift[1]], [0, 0, 1]])
    return np.asarray(frame @ projection)

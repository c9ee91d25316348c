"""Pull a page onto the lines of the photo: every printed line looks for the dark ridge nearest to it, and a homography follows.

A hypothesis comes in that is right within a few millimetres; the drawn lines are cut into short pieces, each piece looks along its
normal for the ridge it belongs to, and the shifts found are fitted by a homography. A piece is the unit,
not a point, because a digit or a tally stroke can outshine a printed line at a point but not along 30 mm.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
import scipy.sparse
from numpy.typing import NDArray

from pipeline.forms import Page
from pipeline.registration.evidence import RidgeMaps
from pipeline.registration.model import CorrectionField, knot_counts, project, spline_basis
from pipeline.registration.profiles import INK_WEIGHT

PIECE_MM = 30.0
SAMPLE_MM = 4.0
COARSE_RADII_MM = (12.0, 10.0, 6.0, 4.0)
FINE_RADII_MM = (6.0, 3.5, 2.5)
"""Search radius of each round of the homography, of a proposal and of one that is nearly in place; half the 16 mm spacing of the tally rows
is the largest that cannot jump a row."""
LONG_ONLY_ABOVE_MM = 7.0
"""Wider searches listen to long black lines alone: tally rows are 16 mm apart and box frames 3.5 mm, long black lines mostly further."""
FIRST_STEP_MM = 1.0
"""The first rounds of the homography look this often: thousands of samples settle eight numbers, and later rounds look closer."""
LONG_MM = 60.0


@dataclass(frozen=True, slots=True)
class Pieces:
    """The printed lines of a page cut into pieces.

    Attributes
    ----------
    samples
        (N, 2) float64 points in mm, piece by piece.
    starts
        (P,) index of each piece's first sample.
    centres
        (P, 2) middle of each piece in mm.
    horizontal
        (P,) True for pieces of horizontal lines.
    weight
        (P,) by length and ink.
    black
        (P,) True for pieces of black ink: these must be seen, grey grids may fade.
    samples_field, centres_field
        (N, knots) and (P, knots): times the knots of a correction field they give its shifts there.
    """

    samples: NDArray[np.float64]
    starts: NDArray[np.intp]
    centres: NDArray[np.float64]
    horizontal: NDArray[np.bool_]
    weight: NDArray[np.float64]
    black: NDArray[np.bool_]
    samples_field: scipy.sparse.csr_matrix
    centres_field: scipy.sparse.csr_matrix

    @property
    def counts(self) -> NDArray[np.intp]:
        return np.diff(np.append(self.starts, len(self.samples)))


@dataclass(frozen=True, slots=True)
class Placement:
    """A page laid on a view: homography from page mm to view pixels, and the correction field before it, if any."""

    page: Page
    to_view: NDArray[np.float64]
    correction: CorrectionField | None = None

    def place(self, points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        return project(self.to_view, points_mm if self.correction is None else points_mm + self.correction.at(points_mm))


@dataclass(frozen=True, slots=True)
class Measured:
    """What each piece found: shift in mm along its normal, strength of the ridge there, and whether it lies in the picture."""

    shift: NDArray[np.float64]
    strength: NDArray[np.float64]
    visible: NDArray[np.bool_]


def pieces_for(page: Page, radius_mm: float) -> Pieces:
    """The pieces that a search of this radius listens to: all of them, or those of long black lines alone."""
    return pieces_of(page, long_only=radius_mm > LONG_ONLY_ABOVE_MM)


@lru_cache(maxsize=128)
def pieces_of(page: Page, *, long_only: bool = False) -> Pieces:
    """The printed lines of `page` in pieces of about 30 mm; `long_only` leaves out grey lines and short ones."""
    samples, starts, centres, horizontal, weight, black = [], [], [], [], [], []
    total = 0
    for line in page.lines:
        if line.ink not in INK_WEIGHT:
            continue
        length = max(line.x1 - line.x0, line.y1 - line.y0)
        if long_only and (INK_WEIGHT[line.ink] < 1.0 or length < LONG_MM):
            continue
        parts = max(1, round(length / PIECE_MM))
        for k in range(parts):
            count = max(3, round(length / parts / SAMPLE_MM))
            t = (k + (np.arange(count) + 0.5) / count) / parts
            points = np.column_stack([line.x0 + t * (line.x1 - line.x0), line.y0 + t * (line.y1 - line.y0)])
            samples.append(points)
            starts.append(total)
            total += count
            centres.append(points.mean(axis=0))
            horizontal.append(line.y0 == line.y1)
            weight.append(INK_WEIGHT[line.ink] * length / parts / PIECE_MM)
            black.append(INK_WEIGHT[line.ink] == 1.0)
    points, middles = np.concatenate(samples), np.array(centres)
    return Pieces(
        points,
        np.array(starts),
        middles,
        np.array(horizontal),
        np.array(weight),
        np.array(black),
        _field_matrix(points, page),
        _field_matrix(middles, page),
    )


def _field_matrix(points_mm: NDArray[np.float64], page: Page) -> scipy.sparse.csr_matrix:
    counts = knot_counts(page.paper_mm)
    index, weight = spline_basis(points_mm, counts)
    ends = np.arange(0, index.size + 1, index.shape[1])
    return scipy.sparse.csr_matrix((weight.ravel(), index.ravel(), ends), shape=(len(points_mm), counts[0] * counts[1]))


def refine(ridges: RidgeMaps, seen: NDArray[np.uint8], placement: Placement, radii_mm: Sequence[float]) -> Placement:
    """`placement` pulled onto the ridges of the view, as a homography, in a round for each search radius; wide rounds leave it affine."""
    for radius in radii_mm:
        pieces = pieces_for(placement.page, radius)
        is_wide = radius > LONG_ONLY_ABOVE_MM
        measured = measure(ridges, seen, placement, pieces, radius, step_mm=FIRST_STEP_MM if is_wide else None)
        placement = _fit_homography(placement, pieces, measured, radius, affine=is_wide)
    return placement


def measure(
    ridges: RidgeMaps,
    seen: NDArray[np.uint8],
    placement: Placement,
    pieces: Pieces,
    radius_mm: float,
    *,
    beside_mm: float = 0.0,
    step_mm: float | None = None,
) -> Measured:
    """Where the ridge of each piece lies along its normal, within `radius_mm` of its place (or of a place `beside_mm` beside it).

    It looks every half millimetre, every quarter for small radii, or every `step_mm`, and between these for the peak.
    """
    height, width = seen.shape
    step_across = np.where(pieces.horizontal[:, None], [0.0, 1.0], [1.0, 0.0])
    samples, centres = pieces.samples, pieces.centres
    if placement.correction is not None:
        knots = placement.correction.shifts.reshape(-1, 2)
        samples, centres = samples + pieces.samples_field @ knots, centres + pieces.centres_field @ knots
    normal = project(placement.to_view, centres + step_across) - project(placement.to_view, centres)
    is_row = np.abs(normal[:, 1]) >= np.abs(normal[:, 0])  # the line runs along the rows of the view
    per_mm = np.where(is_row, normal[:, 1], normal[:, 0])
    per_mm = np.where(np.abs(per_mm) < 1e-3, 1e-3, per_mm)
    positions, counts = project(placement.to_view, samples), pieces.counts
    inside = (positions[:, 0] > 3) & (positions[:, 0] < width - 4) & (positions[:, 1] > 3) & (positions[:, 1] < height - 4)
    column = np.clip(positions[:, 0], 0, width - 1).astype(np.intp)
    row = np.clip(positions[:, 1], 0, height - 1).astype(np.intp)
    inside &= seen[row, column] > 0
    visible = np.add.reduceat(inside.astype(float), pieces.starts) / counts > 0.7
    reach = int(np.ceil(radius_mm / (step_mm or (0.5 if radius_mm > 2 else 0.25))))
    offsets_mm = np.linspace(-radius_mm, radius_mm, 2 * reach + 1)
    shift, strength = np.zeros(len(counts)), np.zeros(len(counts))
    if visible.any():
        # Of a page half of which is out of the picture only the other half is work.
        shown = positions[np.repeat(visible, counts)]
        profile = _profiles(ridges, shown, counts[visible], is_row[visible], per_mm[visible], offsets_mm + beside_mm)
        shift[visible], strength[visible] = _peaks(profile, offsets_mm)
    return Measured(shift=shift, strength=strength, visible=visible)


def _profiles(
    ridges: RidgeMaps,
    positions: NDArray[np.float64],
    counts: NDArray[np.intp],
    is_row: NDArray[np.bool_],
    per_mm: NDArray[np.float64],
    sought_mm: NDArray[np.float64],
) -> NDArray[np.float32]:
    """(P, offsets) mean ridge response of each piece at offsets along its normal; `positions` are its `counts` samples in the view."""
    row_of_sample, along_normal = np.repeat(is_row, counts), np.repeat(per_mm, counts).astype(np.float32)
    response = np.empty((len(positions), len(sought_mm)), np.float32)
    for flag, ridge in ((True, ridges.horizontal), (False, ridges.vertical)):
        chosen = row_of_sample == flag
        if not chosen.any():
            continue
        along, across = (0, 1) if flag else (1, 0)
        places = np.empty((2, int(chosen.sum()), len(sought_mm)), np.float32)
        places[along] = positions[chosen, along, None]
        np.multiply(along_normal[chosen, None], sought_mm.astype(np.float32), out=places[across])
        places[across] += positions[chosen, across, None].astype(np.float32)
        response[chosen] = cv2.remap(ridge, places[0], places[1], cv2.INTER_LINEAR, borderValue=0)
    starts = np.cumsum(counts) - counts
    summed = np.add.reduceat(np.minimum(response, np.float32(0.8), out=response), starts, axis=0)
    return np.asarray(summed / counts[:, None].astype(np.float32), np.float32)


def _peaks(profile: NDArray[np.float32], offsets_mm: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where each of (P, offsets) profiles is highest, near places favoured, in mm; and what it stands out by there."""
    radius_mm, last = offsets_mm[-1], len(offsets_mm) - 1
    prior = np.exp(-0.5 * (offsets_mm / (0.8 * radius_mm)) ** 2).astype(np.float32)
    best = np.argmax(profile * prior, axis=1)
    rows = np.arange(len(best))
    peak = profile[rows, best]
    left = profile[rows, np.maximum(best - 1, 0)]
    right = profile[rows, np.minimum(best + 1, last)]
    curve = 2 * peak - left - right
    fine = np.where((curve > 1e-6) & (best > 0) & (best < last), 0.5 * (right - left) / np.maximum(curve, 1e-6), 0.0)
    shift = offsets_mm[best] + np.clip(fine, -0.5, 0.5) * (offsets_mm[1] - offsets_mm[0])
    # Over the median of its neighbourhood: texture and handwriting raise both alike.
    strength = peak - np.partition(profile, last // 2, axis=1)[:, last // 2]
    return shift, strength.astype(np.float64)


def weights(pieces: Pieces, measured: Measured) -> NDArray[np.float64]:
    """How much each piece counts in a fit: by length, ink, and how clearly it was seen."""
    return pieces.weight * measured.visible * np.clip(measured.strength / 0.25, 0.0, 1.0)


def _fit_homography(placement: Placement, pieces: Pieces, measured: Measured, radius: float, *, affine: bool) -> Placement:
    """One robust Gauss-Newton step on the homography, from the shifts along the normals."""
    weight = weights(pieces, measured)
    if (weight > 0).sum() < 12:
        return placement
    width, height = placement.page.paper_mm
    unit = max(width, height) / 2
    normal = (pieces.centres - [width / 2, height / 2]) / unit
    x, y = normal[:, 0], normal[:, 1]
    zero, one = np.zeros_like(x), np.ones_like(x)
    # The page's own plane is deformed first (mm to mm), so a step of the parameters means the same at any photo scale.
    along_x = np.column_stack([x, y, one, zero, zero, zero, x * x, x * y])
    along_y = np.column_stack([zero, zero, zero, x, y, one, x * y, y * y])
    design = np.where(pieces.horizontal[:, None], along_y, along_x)
    if affine:
        design = design[:, :6]
    residual = measured.shift
    ridge = np.diag([1e-6] * 6 + [1e-3] * 2)[: design.shape[1], : design.shape[1]] * weight.sum()
    solution = np.zeros(design.shape[1])
    scale = radius / 2
    for _ in range(6):
        left = residual - design @ solution
        robust = weight / (1.0 + (left / scale) ** 2) ** 2
        weighted = (design * robust[:, None]).T
        solution = np.linalg.solve(weighted @ design + ridge, weighted @ residual)
        scale = max(scale * 0.8, 0.4)
    a = np.zeros(8)
    a[: len(solution)] = solution
    delta = np.array(
        [[1 + a[0] / unit, a[1] / unit, a[2] / unit], [a[3] / unit, 1 + a[4] / unit, a[5] / unit], [-a[6] / unit, -a[7] / unit, 1.0]]
    )
    to_normal = np.array([[1 / unit, 0, -width / 2 / unit], [0, 1 / unit, -height / 2 / unit], [0, 0, 1.0]])
    to_view = placement.to_view @ np.linalg.inv(to_normal) @ delta @ to_normal
    return Placement(placement.page, to_view / to_view[2, 2], placement.correction)

"""Follow curled and folded paper: a smooth field that brings the printed lines and the box frames onto their ridges.

A page that is already laid by a homography comes in. Lines pull the field along their normals; the frame of a digit box, four sides
at once, pulls it both ways and from further off, because a frame cannot be mistaken for another one 3.5 mm beside it when all its
sides must fit, and the boxes are what the page is laid for.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from pipeline.forms import Ink, Page, Rect
from pipeline.registration.evidence import RidgeMaps
from pipeline.registration.model import CorrectionField, knot_counts, spline_basis
from pipeline.registration.refine import LONG_ONLY_ABOVE_MM, Measured, Pieces, Placement, measure, pieces_for, pieces_of, weights

FIELD_ROUNDS = ((12.0, 3.0), (7.5, 2.0), (3.0, 1.5), (3.0, 0.7), (2.2, 0.3), (1.6, 0.3))
"""Search radius in mm and stiffness (weight of the field's bending against its pieces) of each round of the field."""
FRAME_RADII_MM = (13.0, 11.0, 6.0, 4.0, 2.5, 1.6)
"""Search radius of the box frames in each round; their neighbours are 23.5 mm apart."""
ROWS_ABOVE_MM = 10.0
"""Wider searches move the frames of a number together: a row of three is found where a single one is lost in handwriting."""
FRAME_WEIGHT = 14.0
"""A frame counts as much as this many 30 mm pieces of black line: it is 80 mm of line, and it is what is wanted."""
FRAME_LEVEL = {Ink.BLACK: 0.8, Ink.GREY: 0.3, Ink.LIGHT: 0.3}
"""A side of a frame counts for no more than this, by the ink it is printed in."""
FRAME_SEEN_MM = 2.0
SIDE_SEEN = 0.08
FRAME_SEEN = 0.1
FRAME_AROUND_MM = 8.0
FRAME_RIVAL = 1.15
"""A frame is seen when it lies within 2 mm, three of its sides and the whole stand out, and no place within 8 mm shows a frame 15 %
clearer: set by looking at the faintest of 300 real photos and at the ones whose boxes lay wrong."""

SideMaps = tuple[NDArray[np.float32], NDArray[np.float32]]
"""What `side_maps` gives: a pixel holds the mean response along a box's side that is centred there."""


@dataclass(frozen=True, slots=True)
class Frames:
    """What the frame of each digit box found.

    Attributes
    ----------
    centres
        (B, 2) float64 middle of each box in mm, in the page's order.
    shift
        (B, 2) float64 mm from where the frame is drawn to where it was found.
    response
        (B,) mean ridge response along the frame there.
    strength
        (B,) that response less the median of its neighbourhood.
    sides
        (B,) mean response of its second weakest side: a shadow or a fold may hide one.
    """

    centres: NDArray[np.float64]
    shift: NDArray[np.float64]
    response: NDArray[np.float64]
    strength: NDArray[np.float64]
    sides: NDArray[np.float64]


def boxes_of(page: Page) -> tuple[Rect, ...]:
    """Every digit box of a page, field by field, left to right."""
    return tuple(box for field in page.fields.values() for box in field.boxes)


def side_maps(ridges: RidgeMaps, placement: Placement) -> SideMaps:
    """Ridge maps averaged along four fifths of a box's side: horizontal lines along x, vertical ones along y."""
    scale = float(np.sqrt(abs(np.linalg.det(placement.to_view[:2, :2]))))
    length = max(3, round(0.8 * scale * float(np.median([box.width for box in boxes_of(placement.page)]))))
    # A table line beside a grey frame must not outweigh the frame's other three sides.
    most = min(FRAME_LEVEL[field.ink] for field in placement.page.fields.values())
    horizontal = cv2.blur(np.minimum(ridges.horizontal, most), (length, 1))
    vertical = cv2.blur(np.minimum(ridges.vertical, most), (1, length))
    return np.asarray(horizontal, dtype=np.float32), np.asarray(vertical, dtype=np.float32)


def bend(ridges: RidgeMaps, sides: SideMaps, seen: NDArray[np.uint8], placement: Placement) -> Placement:
    """`placement` with the smooth field that brings curled paper's lines and box frames onto their ridges."""
    for (radius, stiffness), frame_radius in zip(FIELD_ROUNDS, FRAME_RADII_MM, strict=True):
        pieces = pieces_for(placement.page, radius)
        measured = measure(ridges, seen, placement, pieces, radius)
        frames = find_frames(sides, placement, frame_radius)
        placement = _fit_field(placement, pieces, measured, frames, radius, stiffness)
    return placement


def frames_seen(sides: SideMaps, placement: Placement) -> NDArray[np.bool_]:
    """(B,) for each digit box whether its frame stands where it should, and nowhere near it one that stands out more."""
    near = find_frames(sides, placement, FRAME_SEEN_MM)
    around = find_frames(sides, placement, FRAME_AROUND_MM, prior=False)
    elsewhere = (
        (np.abs(around.shift).max(axis=1) > FRAME_SEEN_MM + 0.5)
        & (around.response > FRAME_RIVAL * near.response)
        & (around.sides > SIDE_SEEN)
    )
    return np.asarray((near.sides > SIDE_SEEN) & (around.strength > FRAME_SEEN) & ~elsewhere)


def find_frames(sides: SideMaps, placement: Placement, radius_mm: float, *, prior: bool = True) -> Frames:
    """Where each box's frame lies in a flat view, within `radius_mm` of its place, all four sides together; `prior` favours near places."""
    boxes = boxes_of(placement.page)
    scale = float(np.sqrt(abs(np.linalg.det(placement.to_view[:2, :2]))))
    reach = max(1, round(radius_mm * scale))
    steps = np.arange(-reach, reach + 1)
    # Middles of the sides: top, bottom, left, right.
    middles = np.array([[(b.centre[0], b.y), (b.centre[0], b.y1), (b.x, b.centre[1]), (b.x1, b.centre[1])] for b in boxes])
    positions = np.round(placement.place(middles.reshape(-1, 2))).reshape(middles.shape)
    horizontal, vertical = sides
    height, width = horizontal.shape
    response = np.zeros((len(boxes), 4, len(steps), len(steps)), np.float32)  # (B, side, dy, dx)
    for side, blurred in enumerate((horizontal, horizontal, vertical, vertical)):
        column = np.clip(positions[:, side, 0, None] + steps, -1, width).astype(np.intp)
        row = np.clip(positions[:, side, 1, None] + steps, -1, height).astype(np.intp)
        inside = ((row >= 0) & (row < height))[:, :, None] & ((column >= 0) & (column < width))[:, None, :]
        response[:, side] = blurred[row[:, :, None] % height, column[:, None, :] % width] * inside
    together = response.mean(axis=1)
    if radius_mm > ROWS_ABOVE_MM:
        first = 0
        for field in placement.page.fields.values():
            after = first + len(field.boxes)
            together[first:after] = together[first:after].mean(axis=0)
            first = after
    # Paper hung on a wall bends along its height: a row far off is sought above or below rather than beside its place.
    shares = (0.45 if radius_mm > ROWS_ABOVE_MM else 0.8, 0.8)
    beside, above = (np.exp(-0.5 * (steps / (share * reach)) ** 2) if prior else np.ones(len(steps)) for share in shares)
    flat = (together * above[:, None] * beside[None, :]).reshape(len(boxes), -1)
    best = np.argmax(flat, axis=1)
    dy, dx = np.unravel_index(best, together.shape[1:])
    rows, middle = np.arange(len(boxes)), len(steps) ** 2 // 2
    return Frames(
        centres=np.array([b.centre for b in boxes], dtype=np.float64),
        shift=np.column_stack([steps[dx], steps[dy]]) / scale,
        response=together[rows, dy, dx].astype(np.float64),
        strength=together[rows, dy, dx] - np.partition(together.reshape(len(boxes), -1), middle, axis=1)[:, middle],
        sides=np.sort(response[rows, :, dy, dx], axis=1)[:, 1].astype(np.float64),
    )


@lru_cache(maxsize=64)
def _bending(counts: tuple[int, int]) -> NDArray[np.float64]:
    """Quadratic form of the second differences of a (rows, columns) grid of knots, plus a little of the first ones; upper bands."""
    rows, columns = counts
    total = np.zeros((rows * columns, rows * columns))
    for order, weight in ((2, 1.0), (1, 0.02)):
        down, along = np.diff(np.eye(rows), n=order, axis=0), np.diff(np.eye(columns), n=order, axis=0)
        total += weight * (np.kron(down.T @ down, np.eye(columns)) + np.kron(np.eye(rows), along.T @ along))
    total += 1e-4 * np.eye(rows * columns)
    width = _band_width(counts)
    return np.stack([np.pad(np.diagonal(total, width - k), (width - k, 0)) for k in range(width + 1)])


@lru_cache(maxsize=128)
def _basis(page: Page, *, long_only: bool) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """`spline_basis` at the middle of each piece that such a search listens to, and of each digit box."""
    centres = np.concatenate([pieces_of(page, long_only=long_only).centres, [box.centre for box in boxes_of(page)]])
    return spline_basis(centres, knot_counts(page.paper_mm))


def _band_width(counts: tuple[int, int]) -> int:
    """How far apart two knots of one spline cell are in row-major order."""
    return 3 * counts[1] + 3


def _fit_field(placement: Placement, pieces: Pieces, measured: Measured, frames: Frames, radius: float, stiffness: float) -> Placement:
    """One robust least-squares step on the field: its knots from the shifts still found, large shifts counting less."""
    counts = knot_counts(placement.page.paper_mm)
    weight = weights(pieces, measured)
    shifts = np.zeros((*counts, 2)) if placement.correction is None else placement.correction.shifts.copy()
    # The wider a frame is looked for, the clearer it must be: at 13 mm something always looks a little like one.
    least = 0.2 if radius > LONG_ONLY_ABOVE_MM else 0.0
    clear = np.clip((frames.strength - least) / 0.25, 0.0, 1.0)
    frame_weight = FRAME_WEIGHT * clear * ((frames.sides > 0.1) | (frames.strength > 0.3))
    index, basis = _basis(placement.page, long_only=radius > LONG_ONLY_ABOVE_MM)
    for axis, along in ((0, ~pieces.horizontal), (1, pieces.horizontal)):
        shift = np.concatenate([measured.shift, frames.shift[:, axis]])
        pull = np.concatenate([weight * along, frame_weight])
        chosen = pull > 0
        if chosen.sum() < 8:
            continue
        knots, values, left = index[chosen], basis[chosen], shift[chosen]
        robust = pull[chosen] / (1.0 + (left / radius) ** 2)
        target = (values * shifts[:, :, axis].ravel()[knots]).sum(axis=1) + left
        bands = stiffness * _bending(counts) + _normal_bands(knots, values, robust, counts)
        right = np.bincount(knots.ravel(), (values * (robust * target)[:, None]).ravel(), minlength=counts[0] * counts[1])
        shifts[:, :, axis] = scipy.linalg.solveh_banded(bands, right, overwrite_ab=True, check_finite=False).reshape(counts)
    return Placement(placement.page, placement.to_view, CorrectionField(shifts))


def _normal_bands(
    knots: NDArray[np.intp], values: NDArray[np.float64], robust: NDArray[np.float64], counts: tuple[int, int]
) -> NDArray[np.float64]:
    """Upper bands of the normal matrix of (N, 16) spline weights at (N, 16) knots, each row weighed by `robust`."""
    width, size = _band_width(counts), counts[0] * counts[1]
    one, other = np.triu_indices(16)
    low, high = knots[:, one], knots[:, other]
    product = values[:, one] * values[:, other] * robust[:, None]
    flat = (width - (high - low)) * size + high
    bands = np.bincount(flat.ravel(), product.ravel(), minlength=(width + 1) * size)
    return bands.reshape(width + 1, size).astype(np.float64)

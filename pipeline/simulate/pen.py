"""Ink on paper: strokes and glyphs in page millimetres become a coverage that darkens the drawn page.

A pen does not draw a perfect line: the hand trembles, corners round off, and the ball skips. Everything written on a simulated sheet
passes through the three functions here, so that one pen writes digits, tally marks and words with the same stroke.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.morphology import skeletonize

Points = NDArray[np.float64]

_SUBPIXEL_BITS = 4
_GLYPH_PIXELS = 96
"""Height in pixels at which glyphs are thinned to their centre line: fine enough for a stroke a tenth of the height."""

_MOST_KNOTS = 7
"""A hand corrects a long line a few times only; more would make it a saw."""

_INK_THRESHOLD = 64
"""Low enough that the faint hairlines of MNIST stay connected: at 110 threes and zeros broke open."""


@dataclass(frozen=True, slots=True)
class Pen:
    """What writes.

    Attributes
    ----------
    colour
        Blue, green, red of the ink, 0 to 255.
    width_mm
        Width of the line.
    strength
        Share of the light that a full stroke takes away, 0 to 1.
    """

    colour: tuple[int, int, int]
    width_mm: float
    strength: float


@dataclass(frozen=True, slots=True)
class Paper:
    """A drawn page that can be written on.

    Attributes
    ----------
    image
        (H, W, 3) uint8 BGR, changed in place by writing.
    pixels_per_mm
        Resolution of `image`.
    """

    image: NDArray[np.uint8]
    pixels_per_mm: float

    @classmethod
    def from_drawing(cls, drawing: NDArray[np.uint8], *, pixels_per_mm: float) -> Paper:
        """Paper printed with a (H, W) grey or (H, W, 3) colour drawing."""
        image = np.array(drawing if drawing.ndim == 3 else cv2.cvtColor(drawing, cv2.COLOR_GRAY2BGR), dtype=np.uint8)
        return cls(image=image, pixels_per_mm=pixels_per_mm)

    def lay(self, coverage: NDArray[np.float32], *, left: int, top: int, colour: tuple[int, int, int], opaque: bool = False) -> None:
        """Lay colour on the paper: ink multiplies what is below it, correction fluid (`opaque`) replaces it.

        Parameters
        ----------
        coverage
            (h, w) float32, 0 to 1.
        left, top
            Pixel of the paper under the first pixel of `coverage`; parts outside the paper are dropped.
        """
        height, width = self.image.shape[:2]
        y0, y1 = max(top, 0), min(top + coverage.shape[0], height)
        x0, x1 = max(left, 0), min(left + coverage.shape[1], width)
        if y0 >= y1 or x0 >= x1:
            return
        part = coverage[y0 - top : y1 - top, x0 - left : x1 - left, None]
        below = self.image[y0:y1, x0:x1].astype(np.float32)
        ink = np.array(colour, dtype=np.float32)
        laid = below * (1 - part) + part * (ink if opaque else below * ink / 255)
        self.image[y0:y1, x0:x1] = np.clip(laid + 0.5, 0, 255).astype(np.uint8)


def draw_strokes(
    paper: Paper, strokes: Sequence[Points], pen: Pen, rng: np.random.Generator, *, tremble_mm: float = 0.15, round_mm: float = 0.7
) -> None:
    """Draw polylines as a hand would.

    Parameters
    ----------
    strokes
        (N, 2) page millimetres each, N >= 2.
    tremble_mm
        Standard deviation of the slow deviation from the line.
    round_mm
        Radius over which corners are smoothed.
    """
    scale = paper.pixels_per_mm
    drawn = [by_hand(stroke, rng, tremble_mm=tremble_mm, round_mm=round_mm) * scale - 0.5 for stroke in strokes]
    everything = np.concatenate(drawn)
    width = pen.width_mm * scale
    margin = int(width) + 3
    left, top = np.floor(everything.min(axis=0)).astype(int) - margin
    right, bottom = np.ceil(everything.max(axis=0)).astype(int) + margin
    mask = np.zeros((bottom - top, right - left), np.uint8)
    for line in drawn:
        fixed = np.round((line - (left, top)) * (1 << _SUBPIXEL_BITS)).astype(np.int32)
        cv2.polylines(mask, [fixed], False, 255, max(1, round(width)), cv2.LINE_AA, _SUBPIXEL_BITS)
    _lay_ink(paper, np.asarray(mask / 255, dtype=np.float32), pen, rng, left=int(left), top=int(top))


def draw_glyph(paper: Paper, glyph: NDArray[np.uint8], corners: Points, pen: Pen, rng: np.random.Generator) -> None:
    """Write a glyph, thinned to its centre line and drawn again with this pen.

    Parameters
    ----------
    glyph
        (h, w) uint8, 255 = ink, cropped to the ink.
    corners
        (3, 2) page millimetres of the glyph's top left, top right and bottom left corners.
    """
    ink = glyph_ink(glyph)
    height, width = ink.shape
    centre_line: NDArray[np.bool_] = skeletonize(np.pad(ink, 12))  # type: ignore[no-untyped-call]
    pixels_per_mm = height / max(float(np.linalg.norm(corners[2] - corners[0])), 1e-6)
    distance = cv2.distanceTransform((~centre_line).astype(np.uint8), cv2.DIST_L2, 5)
    coverage = np.asarray(np.clip(pen.width_mm * pixels_per_mm / 2 - distance + 0.5, 0, 1), dtype=np.float32)
    stamp(paper, coverage, corners, pen, rng, inner=(12, 12, width, height))


def glyph_ink(glyph: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Where a glyph has ink, at the size at which it is thinned: (96, w) bool from (h, w) uint8 cropped to the ink."""
    width = max(8, round(glyph.shape[1] * _GLYPH_PIXELS / glyph.shape[0]))
    large = cv2.GaussianBlur(cv2.resize(glyph, (width, _GLYPH_PIXELS), interpolation=cv2.INTER_CUBIC), (0, 0), 1.2)
    return np.asarray(large > _INK_THRESHOLD)


def cropped(picture: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
    """The picture without its empty border; None when it is empty."""
    rows, columns = np.flatnonzero((picture > 60).any(axis=1)), np.flatnonzero((picture > 60).any(axis=0))
    if not len(rows):
        return None
    return np.ascontiguousarray(picture[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])


def draw_blob(paper: Paper, outline: Points, pen: Pen, rng: np.random.Generator, *, opaque: bool = False) -> None:
    """Fill an outline, (N, 2) page millimetres: with ink, or `opaque` with correction fluid of the pen's colour."""
    pixels = outline * paper.pixels_per_mm - 0.5
    left, top = np.floor(pixels.min(axis=0)).astype(int) - 2
    right, bottom = np.ceil(pixels.max(axis=0)).astype(int) + 2
    mask = np.zeros((bottom - top, right - left), np.uint8)
    fixed = np.round((pixels - (left, top)) * (1 << _SUBPIXEL_BITS)).astype(np.int32)
    cv2.fillPoly(mask, [fixed], 255, cv2.LINE_AA, _SUBPIXEL_BITS)
    coverage = np.asarray(mask / 255, dtype=np.float32)
    if opaque:
        paper.lay(coverage * pen.strength, left=int(left), top=int(top), colour=pen.colour, opaque=True)
    else:
        _lay_ink(paper, coverage, pen, rng, left=int(left), top=int(top))


def stamp(
    paper: Paper, coverage: NDArray[np.float32], corners: Points, pen: Pen, rng: np.random.Generator, *, inner: tuple[int, int, int, int]
) -> None:
    """Lay a coverage picture so that its `inner` rectangle (x, y, width, height in its pixels) lands on `corners` (see `draw_glyph`)."""
    x, y, width, height = inner
    target = corners * paper.pixels_per_mm - 0.5
    affine = cv2.getAffineTransform(np.array([(x, y), (x + width, y), (x, y + height)], np.float32), target.astype(np.float32))
    rows, columns = coverage.shape
    outline = np.array([(0, 0, 1), (columns, 0, 1), (0, rows, 1), (columns, rows, 1)], np.float64) @ affine.T
    left, top = np.floor(outline.min(axis=0)).astype(int) - 1
    right, bottom = np.ceil(outline.max(axis=0)).astype(int) + 1
    affine[:, 2] -= (left, top)
    shrink = np.sqrt(abs(np.linalg.det(affine[:, :2])))
    if shrink < 0.7:
        coverage = np.asarray(cv2.GaussianBlur(coverage, (0, 0), 0.4 / shrink), dtype=np.float32)
    laid = cv2.warpAffine(coverage, affine, (int(right - left), int(bottom - top)), flags=cv2.INTER_LINEAR)
    _lay_ink(paper, np.asarray(laid, dtype=np.float32), pen, rng, left=int(left), top=int(top))


def by_hand(stroke: Points, rng: np.random.Generator, *, tremble_mm: float, round_mm: float) -> Points:
    """A polyline as a hand draws it: dense, corners rounded, with a slow tremble.

    Parameters
    ----------
    stroke
        (N, 2) millimetres, N >= 2.

    Returns
    -------
    (M, 2) millimetres, a point about every third of a millimetre.
    """
    steps = np.linalg.norm(np.diff(stroke, axis=0), axis=1)
    length = np.concatenate([[0.0], np.cumsum(steps)])
    count = max(3, int(length[-1] / 0.33))
    at = np.linspace(0, length[-1], count)
    dense = np.stack([np.interp(at, length, stroke[:, axis]) for axis in (0, 1)], axis=1)
    knots = int(np.clip(length[-1] / 6, 2, _MOST_KNOTS))
    drift = rng.normal(0, tremble_mm, (knots, 2))
    dense = dense + np.stack([np.interp(at, np.linspace(0, length[-1], knots), drift[:, axis]) for axis in (0, 1)], axis=1)
    window = min(int(round_mm / 0.33), count // 3)
    if window < 1:
        return np.asarray(dense)
    padded = np.pad(dense, ((window, window), (0, 0)), mode="edge")
    kernel = np.ones(2 * window + 1) / (2 * window + 1)
    smooth = np.stack([np.convolve(padded[:, axis], kernel, mode="valid") for axis in (0, 1)], axis=1)
    return np.concatenate([dense[:1], smooth[1:-1], dense[-1:]])


def _lay_ink(paper: Paper, coverage: NDArray[np.float32], pen: Pen, rng: np.random.Generator, *, left: int, top: int) -> None:
    """Lay a coverage with the unevenness of a real pen: a few millimetres darker, the next lighter."""
    rows, columns = coverage.shape
    cell = max(2, int(1.5 * paper.pixels_per_mm))
    coarse = rng.normal(1.0, 0.12, (rows // cell + 2, columns // cell + 2)).astype(np.float32)
    uneven = cv2.resize(coarse, (columns, rows), interpolation=cv2.INTER_LINEAR)
    paper.lay(np.clip(coverage * uneven * pen.strength, 0, 1), left=left, top=top, colour=pen.colour)

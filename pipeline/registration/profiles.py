"""Where a page's lines may lie along one axis of an upright view: correlation of line profiles over all scales and shifts.

How much of each row of the view is covered by long lines is one profile; how much of each row of the layout is, drawn at a scale, is
another. Their correlation over all shifts at once says where the page may lie along that axis, for every scale and both ways round.
Looked at coarsely, which takes about a quarter of the time, it says which of many pages are worth that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
import scipy.fft
from numpy.typing import NDArray

from pipeline.forms import Ink, Page

SCALES = np.exp(np.arange(np.log(0.42), np.log(2.9), 0.018))
"""Pixels of the view per millimetre that are tried: from a whole page in a corner of the photo to a third of a page filling it."""

BIN = 2
"""Pixels of the view per bin of a profile: lines are two pixels wide, and half the bins are a quarter of the work."""


@dataclass(frozen=True, slots=True)
class _Look:
    """How closely profiles are compared.

    Attributes
    ----------
    merged
        Bins of a profile that are taken as one.
    every
        One of so many scales is tried.
    spread
        Standard deviation of a printed line in the profile of a layout, in bins: what a wrong scale and a bent page shift it by.
    transform
        Length of the transforms: no shift of the longest layout wraps around in a view, which has 1.6 times the closer picture's pixels.
    longest
        Bins of the longest profile of a layout.
    shown
        Least bins of a page in the view.
    """

    merged: int
    every: int
    spread: float
    transform: int
    longest: int
    shown: int

    @property
    def scales(self) -> NDArray[np.float64]:
        return np.asarray(SCALES[:: self.every], np.float64)

    @property
    def bin(self) -> int:
        """Pixels of the view per bin."""
        return BIN * self.merged


FINE = _Look(merged=1, every=1, spread=1.1, transform=2400, longest=1240, shown=20)
COARSE = _Look(merged=2, every=2, spread=0.9, transform=1200, longest=620, shown=10)
KEPT_PER_AXIS = 14
INK_WEIGHT = {Ink.BLACK: 1.0, Ink.GREY: 0.35}
SCALE_TOLERANCE = 0.12
ANCHOR_TOLERANCE = 12.0
"""A tag's size fixes the scale, and its centre a point of the page, about as well as this (share, pixels)."""


@dataclass(frozen=True, slots=True)
class AxisFits:
    """`pixel = scale * millimetre + shift` along one axis, and how well the profiles correlate (0 to 1): (K,) each.

    A negative scale is a flip.
    """

    scale: NDArray[np.float64]
    shift: NDArray[np.float64]
    score: NDArray[np.float64]


def line_profile(ridge: NDArray[np.float32], seen: NDArray[np.uint8], *, axis: int) -> NDArray[np.float64]:
    """How much of each row (axis 1) or column (axis 0) is covered by lines, contrast-compressed, zero mean."""
    covered = cv2.reduce(np.minimum(ridge * 2.0, 1.0), axis, cv2.REDUCE_SUM, dtype=cv2.CV_64F).ravel()
    visible = np.maximum(seen.sum(axis=axis, dtype=np.float64), 0.15 * ridge.shape[axis])
    share = np.sqrt(covered / visible)
    share = np.pad(share, (0, -len(share) % BIN)).reshape(-1, BIN).mean(axis=1)
    share = np.convolve(share, [0.25, 0.5, 0.25], mode="same")
    base = np.convolve(np.pad(share, 10, mode="edge"), np.full(21, 1 / 21), mode="valid")
    return np.asarray(np.maximum(share - base, 0.0), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class _Layout:
    """A page's line profile along one axis at every scale S.

    Attributes
    ----------
    spectra
        (S, F) complex64, conjugate spectra.
    below
        (S, longest + 1) float32, the sum of the profile's squares before each bin: what a shift leaves in the picture is one of these
        less another.
    lengths
        (S,) bins.
    """

    spectra: NDArray[np.complex64]
    below: NDArray[np.float32]
    lengths: NDArray[np.intp]


@lru_cache(maxsize=128)
def _layout(page: Page, direction: str, look: _Look) -> _Layout:
    size = page.paper_mm[0] if direction == "x" else page.paper_mm[1]
    positions, weights = _line_positions(page, direction)
    lengths = np.minimum(np.ceil(size * look.scales / look.bin).astype(np.intp) + 1, look.longest)
    profiles = np.zeros((len(lengths), look.longest))
    for i, (scale, length) in enumerate(zip(look.scales, lengths, strict=True)):
        bins = np.arange(length) + 0.5
        spread = np.exp(-0.5 * ((bins[:, None] - positions[None] * scale / look.bin) / look.spread) ** 2) @ weights
        profiles[i, :length] = np.sqrt(np.minimum(spread, 1.0))
    below = np.pad(np.cumsum(profiles**2, axis=-1), ((0, 0), (1, 0)))
    spectra = np.fft.rfft(profiles, n=look.transform, axis=-1).conj()
    return _Layout(spectra.astype(np.complex64), below.astype(np.float32), lengths)


def _line_positions(page: Page, direction: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Positions in mm of the lines across `direction`, and the share of the page they cover."""
    across = page.paper_mm[1] if direction == "x" else page.paper_mm[0]
    gathered: dict[float, float] = {}
    for line in page.lines:
        if line.ink not in INK_WEIGHT:
            continue
        if direction == "x" and line.x0 == line.x1:
            position, length = line.x0, line.y1 - line.y0
        elif direction == "y" and line.y0 == line.y1:
            position, length = line.y0, line.x1 - line.x0
        else:
            continue
        key = round(position, 1)
        gathered[key] = gathered.get(key, 0.0) + INK_WEIGHT[line.ink] * length / across
    return np.array(list(gathered)), np.array(list(gathered.values()))


def axis_fits(profile: NDArray[np.float64], page: Page, direction: str, limits: tuple[float, float, float] | None = None) -> AxisFits:
    """The best scales and shifts of the page's profile on the photo's `profile`.

    `limits` is the scale of the page's axis, and the (mm, pixel) that it must pass through, where a tag tells them.
    """
    if limits is None:
        return _joined([_best(profile, page, direction, flip, slice(None), None) for flip in (0, 1)])
    scale, *through = limits
    near = np.flatnonzero(np.abs(np.log(SCALES / abs(scale))) < SCALE_TOLERANCE)
    scales = slice(int(near[0]), int(near[-1]) + 1) if len(near) else slice(0, 0)
    return _best(profile, page, direction, int(scale < 0), scales, (through[0], through[1]))


def coarse_scores(profile: NDArray[np.float64], page: Page, direction: str) -> NDArray[np.float64]:
    """(2,) how well the page's profile correlates with the photo's at best scale and shift, as printed and flipped, coarsely."""
    merged = np.pad(profile, (0, -len(profile) % COARSE.merged)).reshape(-1, COARSE.merged).mean(axis=1)
    layout = _layout(page, direction, COARSE)
    as_printed, flipped = _correlated(merged, layout, (0, 1), slice(None), COARSE)
    count, last = _shifts(merged, COARSE), _opposite(merged, layout, COARSE)
    shifts = np.arange(flipped.shape[1])
    shown = (shifts <= last[:, None]) & (shifts > last[:, None] - count)
    return np.array([as_printed[:, :count].max(initial=0.0), flipped.max(where=shown, initial=0.0)])


def _correlations(profile: NDArray[np.float64], page: Page, direction: str, flip: int, scales: slice) -> NDArray[np.float32]:
    """(S, shifts) correlation of the profiles at some scales, one way round, closely; the first shift is `_first_shift` bins."""
    layout, count = _layout(page, direction, FINE), _shifts(profile, FINE)
    (grid,) = _correlated(profile, layout, (flip,), scales, FINE)
    if not flip:
        return np.asarray(grid[:, :count], np.float32)
    # A flipped page in the photo is the page as printed in the flipped photo, counted from the other end.
    turned = np.zeros((len(grid), count), np.float32)
    for row, correlated, opposite in zip(turned, grid, _opposite(profile, layout, FINE)[scales], strict=True):
        start = max(0, opposite + 1 - grid.shape[1])
        end = min(count, opposite + 1)
        row[start:end] = correlated[opposite + 1 - end : opposite + 1 - start][::-1]
    return turned


def _shifts(profile: NDArray[np.float64], look: _Look) -> int:
    """How many shifts leave at least `look.shown` bins of the longest layout in the photo."""
    return len(profile) + look.longest - 2 * look.shown


def _opposite(profile: NDArray[np.float64], layout: _Layout, look: _Look) -> NDArray[np.intp]:
    """(S,) the shift of the page in the flipped photo that is the first one in the photo as it is, counted from the first."""
    return len(profile) - 2 * _first_shift(look) - layout.lengths


def _correlated(
    profile: NDArray[np.float64], layout: _Layout, flips: Sequence[int], scales: slice, look: _Look
) -> NDArray[np.float32]:
    """(flips, S, shifts) correlation of the photo as it is (0) or flipped (1) with the page as printed.

    The shifts go up to the one that leaves nothing of the page in the photo.
    """
    bins, first, below = len(profile), _first_shift(look), layout.below[scales]
    shifts = bins - first
    # Moved by the first shift, so that the shifts follow each other in what the transform gives.
    moved = np.zeros((len(flips), 1, look.transform), np.float32)
    moved[:, 0, -first : bins - first] = [profile[::-1] if flip else profile for flip in flips]
    together = scipy.fft.irfft(scipy.fft.rfft(moved) * layout.spectra[scales], n=look.transform, axis=-1)[..., :shifts]
    ends = max(0, shifts - look.longest)  # before it the page ends within the photo
    energy = np.empty(together.shape[1:], np.float32)
    energy[:, :ends] = below[:, -1:]
    energy[:, ends:] = below[:, shifts - ends : 0 : -1]
    energy[:, :-first] -= below[:, -first:0:-1]
    # A page of which under a third of the line weight is in the picture may sit anywhere: the floor keeps such shifts from winning.
    np.maximum(energy, 0.35 * below[:, -1:], out=energy)
    energy *= np.float32(max(float((profile**2).sum()), 1e-9))
    return np.asarray(np.divide(together, np.sqrt(energy, out=energy), out=together), np.float32)


def _first_shift(look: _Look) -> int:
    return look.shown - look.longest


def _best(
    profile: NDArray[np.float64], page: Page, direction: str, flip: int, scales: slice, through: tuple[float, float] | None
) -> AxisFits:
    """The best fits of one flip at some scales, through a (mm, pixel) where one is given."""
    grid = _correlations(profile, page, direction, flip, scales)
    first, count = _first_shift(FINE), grid.shape[1]
    tried, lengths = SCALES[scales], _layout(page, direction, FINE).lengths[scales]
    if through is not None:
        shifts = (first + np.arange(count)) * BIN
        place = tried * through[0] if flip == 0 else BIN * lengths - tried * through[0]
        grid[np.abs(shifts[None] + place[:, None] - through[1]) >= ANCHOR_TOLERANCE] = -1.0
    # Only the best within 5 scales and 7 shifts: around every good fit lie many that are nearly as good.
    peaks = np.flatnonzero((grid >= cv2.dilate(grid, np.ones((5, 7), np.uint8))) & (grid > 0)) if grid.size else np.empty(0, np.intp)
    scores = grid.ravel()[peaks]
    if len(scores) > KEPT_PER_AXIS:
        best = scores >= np.partition(scores, -KEPT_PER_AXIS)[-KEPT_PER_AXIS]
        peaks, scores = peaks[best], scores[best]
    order = np.argsort(-scores, kind="stable")[:KEPT_PER_AXIS]
    i, j = np.divmod(peaks[order], max(count, 1))
    starts = ((first + j) * BIN).astype(np.float64)
    scale = tried[i] if flip == 0 else -tried[i]
    return AxisFits(scale, starts if flip == 0 else starts + BIN * lengths[i], scores[order].astype(np.float64))


def _joined(parts: Sequence[AxisFits]) -> AxisFits:
    scale, shift, score = (np.concatenate([getattr(part, name) for part in parts]) for name in ("scale", "shift", "score"))
    return AxisFits(scale, shift, score)

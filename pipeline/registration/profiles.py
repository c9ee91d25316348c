"""Where a page's lines may lie along one axis of an upright view: correlation of line profiles over all scales and shifts.

How much of each row of the view is covered by long lines is one profile; how much of each row of the layout is, drawn at a scale, is
another. Their correlation over all shifts at once says where the page may lie along that axis, for every scale and both ways round.
"""

from __future__ import annotations

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
TRANSFORM_LENGTH = 2048
LONGEST = 1240
"""Bins of the longest layout profile; with a view of at most 1,600 pixels no shift wraps around."""
KEPT_PER_AXIS = 14
INK_WEIGHT = {Ink.BLACK: 1.0, Ink.GREY: 0.35}
SCALE_TOLERANCE = 0.12
ANCHOR_TOLERANCE = 12.0
"""A tag's size fixes the scale, and its centre a point of the page, about as well as this (share, pixels)."""


@dataclass(frozen=True, slots=True)
class AxisFit:
    """`pixel = scale * millimetre + shift` along one axis, and how well the profiles correlate (0 to 1). A negative scale is a flip."""

    scale: float
    shift: float
    score: float


def line_profile(ridge: NDArray[np.float32], seen: NDArray[np.uint8], *, axis: int) -> NDArray[np.float64]:
    """How much of each row (axis 1) or column (axis 0) is covered by lines, contrast-compressed, zero mean."""
    covered = np.minimum(ridge * 2.0, 1.0).sum(axis=axis, dtype=np.float64)
    visible = np.maximum(seen.sum(axis=axis, dtype=np.float64), 0.15 * ridge.shape[axis])
    share = np.sqrt(covered / visible)
    share = np.pad(share, (0, -len(share) % BIN)).reshape(-1, BIN).mean(axis=1)
    share = np.convolve(share, [0.25, 0.5, 0.25], mode="same")
    base = np.convolve(np.pad(share, 10, mode="edge"), np.full(21, 1 / 21), mode="valid")
    return np.asarray(np.maximum(share - base, 0.0), dtype=np.float64)


@lru_cache(maxsize=64)
def _layout_spectra(page: Page, direction: str) -> tuple[NDArray[np.complex64], NDArray[np.float32], NDArray[np.intp]]:
    """The page's line profile at every scale S, for both flips.

    Returns its conjugate spectra (2, S, F), the running sums of its squares (2, S, LONGEST + 1), and its lengths in bins (S,).
    """
    size = page.paper_mm[0] if direction == "x" else page.paper_mm[1]
    positions, weights = _line_positions(page, direction)
    lengths = np.minimum(np.ceil(size * SCALES / BIN).astype(np.intp) + 1, LONGEST)
    profiles = np.zeros((2, len(SCALES), LONGEST))
    for i, (scale, length) in enumerate(zip(SCALES, lengths, strict=True)):
        bins = np.arange(length) + 0.5
        spread = np.exp(-0.5 * ((bins[:, None] - positions[None] * scale / BIN) / 1.1) ** 2) @ weights
        profile = np.sqrt(np.minimum(spread, 1.0))
        profiles[0, i, :length] = profile
        profiles[1, i, :length] = profile[::-1]
    running = np.concatenate([np.zeros((2, len(SCALES), 1)), np.cumsum(profiles**2, axis=-1)], axis=-1)
    return np.fft.rfft(profiles, n=TRANSFORM_LENGTH, axis=-1).conj().astype(np.complex64), running.astype(np.float32), lengths


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


def axis_fits(profile: NDArray[np.float64], page: Page, direction: str, limits: tuple[float, float, float] | None = None) -> list[AxisFit]:
    """The best scales and shifts of the page's profile on the photo's `profile`; `limits` as `_limits` gives them."""
    spectra, running, lengths = _layout_spectra(page, direction)
    bins = len(profile)
    shifts = np.arange(-LONGEST + 20, bins - 20)
    together = scipy.fft.irfft(scipy.fft.rfft(profile.astype(np.float32), n=TRANSFORM_LENGTH) * spectra, n=TRANSFORM_LENGTH, axis=-1)
    together = np.concatenate([together[..., shifts[0] :], together[..., : shifts[-1] + 1]], axis=-1)
    # A page of which under a third of the line weight is in the picture may sit anywhere: the floor keeps such shifts from winning.
    visible = running[..., np.clip(bins - shifts, 0, LONGEST)] - running[..., np.clip(-shifts, 0, LONGEST)]
    energy = np.maximum(visible, 0.35 * running[:, :, -1:]) * np.float32(max(float((profile**2).sum()), 1e-9))
    score = together / np.sqrt(energy)
    fits: list[AxisFit] = []
    for flip in (0, 1):
        grid = score[flip]
        if limits is not None:
            scale, millimetre, pixel = limits
            if (scale < 0) != (flip == 1):
                continue
            place = SCALES * millimetre if flip == 0 else BIN * lengths - SCALES * millimetre
            near = np.abs(shifts[None] * BIN + place[:, None] - pixel) < ANCHOR_TOLERANCE
            grid = np.where(near & (np.abs(np.log(SCALES / abs(scale))) < SCALE_TOLERANCE)[:, None], grid, np.float32(-1.0))
        # Only the best within 5 scales and 7 shifts: around every good fit lie many that are nearly as good.
        peaks = np.argwhere((grid >= cv2.dilate(grid, np.ones((5, 7), np.uint8))) & (grid > 0))
        order = np.argsort(-grid[peaks[:, 0], peaks[:, 1]], kind="stable")[:KEPT_PER_AXIS]
        for i, j in peaks[order]:
            start, size = float(shifts[j] * BIN), float(BIN * lengths[i])
            scale_and_shift = (float(SCALES[i]), start) if flip == 0 else (-float(SCALES[i]), start + size)
            fits.append(AxisFit(*scale_and_shift, score=float(grid[i, j])))
    return fits

"""How much of a box's printed frame is covered: correction fluid and tape that run over the frame take the print away.

Patches of the boxes of a page come in; for each, the longest piece of a side of its frame that is missing comes out. The idea: a frame is
printed without a gap, and neither pens, nor shadows, nor folds make it lighter for long, so this needs no examples of corrections, of which
there are few.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.recognition.digits import MARGIN, check_patches
from pipeline.recognition.patches import darkness

REACH = 0.12
"""A side of the frame is looked for this far (in sides of the box) from its place, 2.4 mm on the poster of 2024."""

CORNER = 0.06
"""Share of a side left out at each end, where the neighbouring side's own ink is."""

HALF_WIDTH = 2
"""A side may lean by this many pixels to either hand along its length."""

MISSING = 0.4
"""Less dark than this share of what most of the side has, print is taken as missing."""


USUAL = 0.9
"""Of the gaps of a page this decile is taken as usual: scans in black and white have gaps everywhere."""


def covered(patches: NDArray[np.uint8]) -> NDArray[np.float64]:
    """(N,) by how much the gap in each frame is longer than usual on its page, as a share of a side, 0 to 1; arguments as `frame_gaps`.

    It is held against the same threshold as the probability that a box was corrected: of 2,817 boxes of real photos of 2024 two have more
    than a quarter, one of them whitened.
    """
    gaps = frame_gaps(patches)
    return np.clip(gaps - np.quantile(gaps, USUAL), 0.0, 1.0) if len(gaps) else gaps


def frame_gaps(patches: NDArray[np.uint8]) -> NDArray[np.float64]:
    """(N,) the longest gap in a side of each frame, as a share of the side, 0 to 1.

    Parameters
    ----------
    patches
        (N, S, S, 3) uint8 BGR, as the digit reader sees boxes.

    Raises
    ------
    ValueError
        When the patches have another shape or type.
    """
    if len(patches) == 0:
        return np.empty(0)
    size = patches.shape[1]
    check_patches(patches, size=size)
    dark = darkness(patches).mean(axis=1)
    side = size / (1 + 2 * MARGIN)
    near, far = MARGIN * side, (1 + MARGIN) * side
    start, end = int(near + CORNER * side), int(far - CORNER * side)
    reach = round(REACH * side)
    gaps = []
    for picture in (dark, dark.transpose(0, 2, 1)):
        for at in (near, far):
            first = min(max(round(at) - reach, 0), size - 2 * reach - 1)
            gaps.append(_longest_gap(picture[:, first : first + 2 * reach + 1, start:end]))
    return np.asarray(np.max(gaps, axis=0), np.float64)


def _longest_gap(bands: NDArray[np.float32]) -> NDArray[np.float64]:
    """(N,) from (N, rows, L) bands in which a line runs along the columns: the longest piece of it that is missing."""
    middle = bands.sum(axis=2).argmax(axis=1)
    rows = np.clip(middle[:, None] + np.arange(-HALF_WIDTH, HALF_WIDTH + 1), 0, bands.shape[1] - 1)
    line = np.take_along_axis(bands, rows[:, :, None], axis=1).max(axis=1)
    usual = np.quantile(line, 0.7, axis=1, keepdims=True)
    missing = line < MISSING * usual
    run, longest = np.zeros(len(line)), np.zeros(len(line))
    for column in missing.T:
        run = np.where(column, run + 1, 0)
        longest = np.maximum(longest, run)
    return np.asarray(longest / line.shape[1], np.float64)

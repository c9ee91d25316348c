"""What a photo shows of printed lines: the working picture, its dark ridges, its long straight segments.

A photo comes in; out comes a small grey picture with even lighting and, for any view of it, two maps that say how much each
pixel looks like the middle of a dark horizontal or vertical line. Everything in registration is decided on these maps, because
lines survive what kills texture: blur, colour casts, thumbnails, handwriting.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

WORKING_SIDE = 1000
"""Long side of the working picture in pixels: a 0.9 mm table line of a 600 x 900 mm page is then about one pixel wide."""

LONG_PIXELS = 27
"""A tally stroke is about 11 mm long: at the 2.3 pixels per mm of the closest photos this is just longer."""


@dataclass(frozen=True, slots=True)
class WorkingPicture:
    """A photo made small and evenly lit.

    Attributes
    ----------
    darkness
        (H, W) float32, 0 = paper, towards 1 = ink.
    scale
        Working pixels per photo pixel.
    """

    darkness: NDArray[np.float32]
    scale: float


@dataclass(frozen=True, slots=True)
class RidgeMaps:
    """How much each pixel looks like the middle of a dark line, per direction, in units of the picture's own noise.

    Attributes
    ----------
    horizontal, vertical
        (H, W) float32, 0 = no line, 1 = a line as clear as the clearest lines of this picture.
    long_horizontal, long_vertical
        The same, but only where a line runs on for `LONG_PIXELS`: tally strokes and letters are gone.
    """

    horizontal: NDArray[np.float32]
    vertical: NDArray[np.float32]
    long_horizontal: NDArray[np.float32]
    long_vertical: NDArray[np.float32]


def working_picture(image: NDArray[np.uint8], *, side: int = WORKING_SIDE) -> WorkingPicture:
    """Shrink (or enlarge a thumbnail of) a (H, W, 3) BGR photo to a long side of `side` and even out its lighting."""
    height, width = image.shape[:2]
    scale = min(side / max(height, width), 3.0)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    # The darkest channel sees blue, black and red ink alike and is blind to most colour casts once divided by the paper.
    grey = small.astype(np.float32)
    kernel = max(15, side // 24) | 1
    paper = np.empty_like(grey)
    for channel in range(3):
        lifted = cv2.dilate(small[:, :, channel], cv2.getStructuringElement(cv2.MORPH_RECT, (kernel // 2 | 1, kernel // 2 | 1)))
        paper[:, :, channel] = cv2.blur(lifted, (kernel, kernel))
    reflectance = cv2.transform(grey, np.full((1, 3), 1 / 3, np.float32)) / np.maximum(
        cv2.transform(paper, np.full((1, 3), 1 / 3, np.float32)), 8.0
    )
    darkness = np.clip(1.0 - reflectance.reshape(size[1], size[0]), 0.0, 1.0)
    return WorkingPicture(darkness=darkness.astype(np.float32), scale=size[0] / width)


def ridge_maps(darkness: NDArray[np.float32], *, width: int = 2, length: int = 15) -> RidgeMaps:
    """Dark-line response of a (H, W) picture, averaged over `length` pixels along the line.

    The response at a pixel is its darkness minus the darker of its two sides `width` + 1 pixels away: an edge of a shadow or of a
    blot has one dark side and gives nothing.
    """
    smooth = cv2.GaussianBlur(darkness, (0, 0), 0.7)
    offset = width + 1
    maps = []
    for axis in (0, 1):
        before = np.roll(smooth, offset, axis=axis)
        after = np.roll(smooth, -offset, axis=axis)
        ridge = np.maximum(smooth - np.maximum(before, after), 0.0)
        if axis == 0:
            ridge[:offset] = ridge[-offset:] = 0
            ridge = cv2.blur(ridge, (length, 1))
        else:
            ridge[:, :offset] = ridge[:, -offset:] = 0
            ridge = cv2.blur(ridge, (1, length))
        maps.append(ridge)
    top = max(float(np.quantile(np.concatenate([m[::3, ::3].ravel() for m in maps]), 0.995)), 1e-3)
    horizontal, vertical = (np.minimum(m / top, 1.0) for m in maps)
    # Widened by a pixel first, so that a line that leans by one pixel in its length is not broken.
    long_horizontal = cv2.morphologyEx(cv2.dilate(horizontal, np.ones((3, 1))), cv2.MORPH_OPEN, np.ones((1, LONG_PIXELS)))
    long_vertical = cv2.morphologyEx(cv2.dilate(vertical, np.ones((1, 3))), cv2.MORPH_OPEN, np.ones((LONG_PIXELS, 1)))
    return RidgeMaps(
        horizontal=horizontal,
        vertical=vertical,
        long_horizontal=np.minimum(long_horizontal, horizontal),
        long_vertical=np.minimum(long_vertical, vertical),
    )


def straight_segments(darkness: NDArray[np.float32]) -> NDArray[np.float64]:
    """Long straight dark segments of a (H, W) picture: (N, 4) x0, y0, x1, y1 in its pixels."""
    smooth = cv2.GaussianBlur(darkness, (0, 0), 0.8)
    lines = smooth - cv2.blur(smooth, (9, 9))
    # The 12 % darkest local ridges: a fixed share works for dark and faint photos alike, where a fixed level does not.
    level = max(float(np.quantile(lines[::2, ::2], 0.90)), 0.008)
    binary = (lines > level).astype(np.uint8) * 255
    side = max(darkness.shape)
    found = cv2.HoughLinesP(binary, 1, np.pi / 720, 60, minLineLength=side * 0.07, maxLineGap=max(3.0, side * 0.006))
    if found is None:
        return np.empty((0, 4))
    return found.reshape(-1, 4).astype(np.float64)

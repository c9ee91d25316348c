"""What a photo shows of printed lines: the working picture, its dark ridges, its long straight segments.

A photo comes in; out comes a small picture of darkness with even lighting and, for any view of it, maps that say how much each pixel
looks like the middle of a dark horizontal or vertical line. Everything in registration is decided on these maps, because lines
survive what kills texture: blur, colour casts, thumbnails, handwriting.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

WORKING_SIDE = 1000
"""Long side of the working picture in pixels: a 0.9 mm table line of a 600 x 900 mm page is then about one pixel wide."""
CLOSER_SIDE = 1400
"""Long side of the picture in which a page is looked for again that was not found: small in its photo, its lines are less than a pixel
wide in the first (seen on an A4 print on a table)."""
WINDOW_SIDE = 640
"""Long side of the picture in which the window of a page is looked for: 1.4 pixels a millimetre of the poster's."""
SMALLEST_WINDOW = 100
"""Shortest side of a picture in which lines of a window can be told from each other."""
FINE_SIDE = 1900
"""Least long side, where the photo has it, of the picture the page is laid out flat from: at 2 pixels a millimetre more is not seen."""
FINE_LIMIT = 2300
"""Longest side of that picture: a phone's 4,032 pixels halved are taken as they are."""
LARGEST_GAIN = 3.0
"""A thumbnail is enlarged at most this much."""
LONG_LEVEL = 0.2
"""Ridges above this share of the clearest lines may be part of a long one."""
LONG_PIXELS = 27
"""A tally stroke is about 11 mm long: at the 2.3 pixels per mm of the closest photos this is just longer."""
PAPER_REDUCTION = 4
"""The brightness of the paper is estimated on a picture this many times smaller: light changes slowly."""
HOUGH_SIDE = 640
"""Long side of the picture straight segments are looked for in: they are only to tell directions, not places."""


@dataclass(frozen=True, slots=True)
class WorkingPicture:
    """A photo made small and evenly lit.

    Attributes
    ----------
    darkness
        (H, W) float32, 0 = paper, towards 1 = ink.
    to_photo
        (3, 3) float64 from its pixels to the photo's.
    """

    darkness: NDArray[np.float32]
    to_photo: NDArray[np.float64]

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels."""
        return self.darkness.shape[1], self.darkness.shape[0]

    def reduced(self, side: int) -> WorkingPicture:
        """The picture with a long side of `side`, or as it is where that is no longer."""
        scale = side / max(self.size)
        if scale >= 1:
            return self
        darkness = cv2.resize(self.darkness, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        return WorkingPicture(np.asarray(darkness, np.float32), self.to_photo @ _enlarging(1 / scale))


@dataclass(frozen=True, slots=True)
class RidgeMaps:
    """How much each pixel looks like the middle of a dark line, per direction, in units of the picture's own noise.

    Attributes
    ----------
    horizontal, vertical
        (H, W) float32, 0 = no line, 1 = a line as clear as the clearest lines of this picture.
    long_horizontal, long_vertical
        The same, but only where a line runs on: tally strokes and letters are gone.
    """

    horizontal: NDArray[np.float32]
    vertical: NDArray[np.float32]
    long_horizontal: NDArray[np.float32]
    long_vertical: NDArray[np.float32]


def grey_picture(image: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """An (H, W, 3) BGR photo in grey, its long side at most `FINE_LIMIT`, and the (3, 3) map from its pixels to the photo's."""
    height, width = image.shape[:2]
    # By a whole factor first, which is several times faster than by a broken one.
    factor = max(1, max(height, width) // FINE_SIDE)
    if factor > 1:
        image = image[: height // factor * factor, : width // factor * factor]
        image = np.asarray(cv2.resize(image, (width // factor, height // factor), interpolation=cv2.INTER_AREA), dtype=np.uint8)
    # The channels are averaged and not weighted as the eye does: blue ink and blue light must not count less.
    grey = np.asarray(cv2.transform(image, np.full((1, 3), 1 / 3, np.float32)), dtype=np.uint8)
    to_photo = _enlarging(factor)
    if max(grey.shape) > FINE_LIMIT:
        scale = FINE_SIDE / max(grey.shape)
        grey = np.asarray(cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), dtype=np.uint8)
        to_photo = to_photo @ _enlarging(1 / scale)
    return grey, to_photo


def working_picture(grey: NDArray[np.uint8], to_photo: NDArray[np.float64], *, side: int | None = None) -> WorkingPicture:
    """Even out the lighting of an (H, W) grey picture, brought to a long side of `side` (a thumbnail nearer to it) where one is given."""
    scale = 1.0 if side is None else min(side / max(grey.shape), LARGEST_GAIN)
    if scale != 1.0:
        method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        grey = np.asarray(cv2.resize(grey, None, fx=scale, fy=scale, interpolation=method), dtype=np.uint8)
    return WorkingPicture(darkness=_darkness(grey), to_photo=to_photo @ _enlarging(1 / scale))


def _enlarging(factor: float) -> NDArray[np.float64]:
    """From the pixel centres of a picture to those of one `factor` times larger."""
    return np.array([[factor, 0, (factor - 1) / 2], [0, factor, (factor - 1) / 2], [0, 0, 1.0]])


def ridge_maps(darkness: NDArray[np.float32], *, width: int = 2, length: int = 15, long: int = LONG_PIXELS) -> RidgeMaps:
    """Dark-line response of a (H, W) picture, averaged over `length` pixels along the line; `long` is how far a long line runs on.

    The response at a pixel is its darkness minus the darker of its two sides `width` + 1 pixels away: an edge of a shadow or of a
    blot has one dark side and gives nothing.
    """
    smooth = cv2.GaussianBlur(darkness, (3, 3), 0.7)
    reach = width + 1
    maps = []
    for across in ((1, 0), (0, 1)):
        down, right = across[0] * reach, across[1] * reach
        ridge = np.zeros_like(smooth)
        middle = smooth[down : smooth.shape[0] - down, right : smooth.shape[1] - right]
        before = smooth[: smooth.shape[0] - 2 * down, : smooth.shape[1] - 2 * right]
        after = smooth[2 * down :, 2 * right :]
        inner = ridge[down : smooth.shape[0] - down, right : smooth.shape[1] - right]
        np.maximum(cv2.subtract(middle, cv2.max(before, after)), 0, out=inner)
        maps.append(cv2.blur(ridge, (length, 1) if across[0] else (1, length)))
    top = max(float(np.quantile(np.concatenate([m[::6, ::6].ravel() for m in maps]), 0.995)), 1e-3)
    horizontal, vertical = (np.minimum(np.multiply(m, np.float32(1 / top), out=m), np.float32(1), out=m) for m in map(np.asarray, maps))
    return RidgeMaps(
        horizontal=horizontal,
        vertical=vertical,
        long_horizontal=_long(horizontal, (3, 1), (1, long)),
        long_vertical=_long(vertical, (1, 3), (long, 1)),
    )


def _long(ridge: NDArray[np.float32], across: tuple[int, int], along: tuple[int, int]) -> NDArray[np.float32]:
    """`ridge` where it runs on, zero elsewhere; widened by a pixel first, so that a line that leans by one is not broken."""
    marked = cv2.dilate((ridge > LONG_LEVEL).view(np.uint8), np.ones(across, np.uint8))
    runs = cv2.morphologyEx(marked, cv2.MORPH_OPEN, np.ones(along, np.uint8))
    return np.asarray(cv2.copyTo(ridge, runs), dtype=np.float32)


def straight_segments(darkness: NDArray[np.float32]) -> NDArray[np.float64]:
    """Long straight dark segments of a (H, W) picture: (N, 4) x0, y0, x1, y1 in its pixels."""
    scale = min(1.0, HOUGH_SIDE / max(darkness.shape))
    small = cv2.resize(darkness, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    smooth = cv2.GaussianBlur(small, (3, 3), 0.7)
    lines = cv2.subtract(smooth, cv2.blur(smooth, (7, 7)))
    # The tenth of the pixels that stand out most: a fixed share works for dark and faint photos alike, where a fixed level does not.
    level = max(float(np.quantile(lines[::2, ::2], 0.90)), 0.008)
    binary = np.asarray(lines > level, dtype=np.uint8)
    side = max(small.shape)
    found = cv2.HoughLinesP(binary, 1, np.pi / 300, 40, minLineLength=side * 0.07, maxLineGap=max(3.0, side * 0.006))
    if found is None:
        return np.empty((0, 4))
    return np.asarray((found.reshape(-1, 4).astype(np.float64) + 0.5) / scale - 0.5)


def _darkness(grey: NDArray[np.uint8]) -> NDArray[np.float32]:
    """How much darker than the paper around it each pixel of an (H, W) picture is, 0 to 1."""
    height, width = grey.shape
    small = cv2.resize(grey, (max(1, width // PAPER_REDUCTION), max(1, height // PAPER_REDUCTION)), interpolation=cv2.INTER_AREA)
    kernel = max(5, max(small.shape) // 24) | 1
    lifted = cv2.dilate(small, np.ones((kernel // 2 | 1, kernel // 2 | 1), np.uint8))
    paper = cv2.resize(cv2.blur(lifted, (kernel, kernel)).astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    relative = grey.astype(np.float32) / np.maximum(paper, np.float32(8))
    return np.asarray(np.maximum(1 - relative, 0), dtype=np.float32)

"""Numbers cut out of their photos, for a page that shows them: the boxes of a number, and nothing beside them.

Only photos with numbers are opened here: each was opened before, in a process that could have been lost, and was not.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from itertools import islice

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.imaging import Limits, Photo, decode
from pipeline.recap.summary import Example
from pipeline.sheet import Point
from pipeline.store.photos import PhotoLostError, PhotoStore

HEIGHT = 56
"""Pixels of a crop; three boxes are about 200 wide."""

WIDEST = 6.0 * HEIGHT

MOST_SHRUNK = 8.0
"""Times that a number may be larger in its photo before pixels are left out."""

QUALITY = 75

PAPER = (255, 255, 255)


def cut(examples: Iterable[Example], photos: PhotoStore, *, limits: Limits) -> dict[tuple[str, int, str], bytes]:
    """The JPEG of each number by its key, without those whose photo is lost or can no longer be opened.

    Raises
    ------
    StoreError
        The place of the photos cannot be reached.
    """
    of_picture: dict[tuple[str, int], list[Example]] = defaultdict(list)
    for example in examples:
        of_picture[example.sheet.sha256, example.sheet.number].append(example)
    crops: dict[tuple[str, int, str], bytes] = {}
    for (sha256, number), wanted in of_picture.items():
        picture = _picture(photos, sha256, number, limits)
        if picture is not None:
            for example in wanted:
                crops[example.key] = _jpeg(flattened(picture, example.number.quad))
    return crops


def _picture(photos: PhotoStore, sha256: str, number: int, limits: Limits) -> NDArray[np.uint8] | None:
    """The picture of the sheet with this number in its photo."""
    try:
        data = photos.get(sha256)
    except PhotoLostError:
        return None
    opened = next(islice(decode(data, name=sha256, limits=limits), number - 1, None), None)
    return opened.image if isinstance(opened, Photo) else None


def flattened(picture: NDArray[np.uint8], quad: tuple[Point, Point, Point, Point]) -> NDArray[np.uint8]:
    """A quadrilateral of a (H, W, 3) picture as an upright rectangle, `HEIGHT` pixels high."""
    corners = np.array(quad, dtype=np.float32)
    sides = [float(np.hypot(*(corners[(place + 1) % 4] - corners[place]))) for place in range(4)]
    across, down = (sides[0] + sides[2]) / 2, max((sides[1] + sides[3]) / 2, 1.0)
    width = round(min(max(HEIGHT * across / down, 1.0), WIDEST))
    # First as large as it is in the photo, then smaller by areas: a transform alone would leave pixels out.
    scale = min(max(down / HEIGHT, 1.0), MOST_SHRUNK)
    size = round(width * scale), round(HEIGHT * scale)
    there = np.array([(0, 0), (size[0], 0), size, (0, size[1])], dtype=np.float32)
    flat = cv2.warpPerspective(picture, cv2.getPerspectiveTransform(corners, there), size, borderValue=PAPER)
    return cv2.resize(flat, (width, HEIGHT), interpolation=cv2.INTER_AREA).astype(np.uint8)


def _jpeg(picture: NDArray[np.uint8]) -> bytes:
    _, encoded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return encoded.tobytes()

"""EXIF orientation: how a camera was held, and the picture turned so that it is seen as it was taken.

Read here for every format alike instead of by each decoder in its own way, because field corners are reported in pixels of
the photo with this turn applied: it must be one and the same turn everywhere.
"""

from __future__ import annotations

import struct

import cv2
import numpy as np
from numpy.typing import NDArray

_ORIENTATION_TAG = 0x0112
_SHORT = 3


def orientation_of_exif(tiff: bytes) -> int:
    """Orientation (1 to 8) in an EXIF block, given without its `Exif` prefix; 1 when there is none or it is not readable."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    if order is None:
        return 1
    try:
        (directory,) = struct.unpack_from(order + "I", tiff, 4)
        (count,) = struct.unpack_from(order + "H", tiff, directory)
        for entry in range(count):
            tag, kind, _number, value = struct.unpack_from(order + "HHIH", tiff, directory + 2 + 12 * entry)
            if tag == _ORIENTATION_TAG and kind == _SHORT:
                return value if 1 <= value <= 8 else 1
    except struct.error:
        return 1
    return 1


def apply_orientation(image: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """The picture as it was taken.

    Parameters
    ----------
    image
        (H, W, 3) uint8 as stored.
    orientation
        EXIF orientation 1 to 8 (CIPA DC-008, tag 0x0112).

    Returns
    -------
    (H, W, 3) or (W, H, 3) uint8
    """
    turn = {3: cv2.ROTATE_180, 6: cv2.ROTATE_90_CLOCKWISE, 8: cv2.ROTATE_90_COUNTERCLOCKWISE}
    if orientation in turn:
        return _bytes(cv2.rotate(image, turn[orientation]))
    if orientation == 2:
        return _bytes(cv2.flip(image, 1))
    if orientation == 4:
        return _bytes(cv2.flip(image, 0))
    if orientation in (5, 7):
        transposed = cv2.transpose(image)
        return _bytes(transposed if orientation == 5 else cv2.rotate(transposed, cv2.ROTATE_180))
    return image


def _bytes(image: NDArray[np.generic]) -> NDArray[np.uint8]:
    return image.astype(np.uint8, copy=False)

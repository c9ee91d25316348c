"""One kind of picture for everything downstream: BGR, 8 bits a channel, whatever the decoder gave."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def bgr_bytes(picture: NDArray[np.generic]) -> NDArray[np.uint8]:
    """A picture as (H, W, 3) uint8, BGR.

    Parameters
    ----------
    picture
        (H, W), (H, W, 1), (H, W, 3) BGR or (H, W, 4) BGRA; uint8, or uint16 over its whole range. Transparency is laid on white, as paper.
    """
    if picture.dtype == np.uint16:
        picture = np.right_shift(picture.astype(np.uint16, copy=False), 8)
    pixels = picture.astype(np.uint8, copy=False)
    if pixels.ndim == 2:
        pixels = pixels[:, :, np.newaxis]
    if pixels.shape[2] == 1:
        pixels = np.repeat(pixels, 3, axis=2)
    elif pixels.shape[2] == 4:
        opacity = pixels[:, :, 3:].astype(np.uint16)
        pixels = ((pixels[:, :, :3] * opacity + 255 * (255 - opacity) + 127) // 255).astype(np.uint8)
    return np.ascontiguousarray(pixels)

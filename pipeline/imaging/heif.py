"""HEIC photos, as iPhones and newer Android phones store them, through libheif.

The container's own rotation is applied by libheif; the EXIF orientation beside it repeats it and must not be applied again
(ISO/IEC 23008-12, 6.5.10).
"""

from __future__ import annotations

import numpy as np
import pi_heif
from numpy.typing import NDArray

from pipeline.imaging.photo import Limits, refuse_size
from pipeline.imaging.pixels import bgr_bytes
from pipeline.sheet import Refusal, RefusalCode

pi_heif.options.DECODE_THREADS = 1


def decode_heif(data: bytes, *, limits: Limits) -> NDArray[np.uint8] | Refusal:
    """The primary picture of a HEIC file as (H, W, 3) uint8 BGR."""
    try:
        container = pi_heif.open_heif(data, bgr_mode=True)
        refusal = refuse_size(container.size, limits=limits)
        if refusal:
            return refusal
        # A copy: the pixels belong to the container and go with it.
        return bgr_bytes(np.array(container, copy=True))
    except (ValueError, EOFError, SyntaxError, RuntimeError, OSError, IndexError) as error:
        return Refusal(RefusalCode.DAMAGED_FILE, f"the heif file cannot be decoded: {' '.join(str(error).split())}")

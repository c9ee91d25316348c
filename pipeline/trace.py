"""Pictures of what every stage did, for `--debug`: numbered in the order they were made, and free when nobody asked.

A stage gets a `Trace` or None and draws only for the former. A picture shows one step, and its name says which.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.writing import write_whole

JPEG_QUALITY = 90


@dataclass(frozen=True, slots=True)
class Trace:
    """The pictures of one photo, in a folder of its own."""

    folder: Path
    _numbers: count[int] = field(default_factory=lambda: count(1), repr=False)

    def picture(self, name: str, image: NDArray[np.uint8]) -> None:
        """Keep a picture of a step.

        Parameters
        ----------
        name
            What it shows, in words joined by hyphens.
        image
            (H, W) or (H, W, 3) uint8, grey or BGR.
        """
        write_whole(self.folder / f"{next(self._numbers):02d}-{name}.jpg", jpeg_bytes(image))


def jpeg_bytes(image: NDArray[np.uint8]) -> bytes:
    """A picture, (H, W) grey or (H, W, 3) BGR uint8, as the bytes of a JPEG file."""
    done, encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    if not done:
        raise ValueError(f"a picture of shape {image.shape} cannot be written as JPEG")
    return encoded.tobytes()

"""What opening a file gives: photos within the limits, or the reason there is none."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.settings import Settings
from pipeline.sheet import Refusal, RefusalCode


@dataclass(frozen=True, slots=True, eq=False)
class Photo:
    """One picture, as a person would see it.

    Attributes
    ----------
    image
        (H, W, 3) uint8, BGR, EXIF orientation applied, transparency on white.
    name
        How it is reported: the name of its file, and `#page=N` after it when it is a page of a PDF.
    sha256
        Of the file's bytes, in hex; the pages of one PDF share it.
    """

    image: NDArray[np.uint8]
    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Unopened:
    """A file, or a page of it, that gave no picture. `sha256` is empty when its bytes could not be read."""

    name: str
    sha256: str
    refusal: Refusal


@dataclass(frozen=True, slots=True)
class Limits:
    """What is refused before it is decoded, and how large a drawn PDF page becomes; the meanings are in `Settings`."""

    max_bytes: int
    max_pixels: int
    max_pdf_pages: int
    min_short_side_px: int
    pdf_long_side_px: int

    @classmethod
    def of(cls, settings: Settings) -> Limits:
        return cls(
            max_bytes=round(settings.max_file_megabytes * 1e6),
            max_pixels=round(settings.max_megapixels * 1e6),
            max_pdf_pages=settings.max_pdf_pages,
            min_short_side_px=settings.min_short_side_px,
            pdf_long_side_px=settings.pdf_long_side_px,
        )


def refuse_size(size: tuple[int, int], *, limits: Limits) -> Refusal | None:
    """The refusal of a picture of (width, height) pixels that is too large to decode or too small to read, or None."""
    width, height = size
    pixels = width * height
    if pixels > limits.max_pixels:
        detail = f"{width} x {height} is {pixels / 1e6:.1f} million pixels, more than {limits.max_pixels / 1e6:g}"
        return Refusal(RefusalCode.TOO_MANY_PIXELS, detail)
    if min(size) < limits.min_short_side_px:
        return Refusal(RefusalCode.TOO_SMALL, f"{width} x {height} pixels, the shorter side less than {limits.min_short_side_px}")
    return None

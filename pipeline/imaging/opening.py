"""Open a file that nobody vouches for: bytes in, photos or refusals out.

Size and pixel limits are held against the header before anything is decoded. JPEG, PNG and WebP go through OpenCV, HEIC through
libheif, PDF pages through PDFium; every way ends in the same picture: BGR, 8 bits, upright by EXIF, transparency on white.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.imaging.exif import apply_orientation
from pipeline.imaging.files import read_bytes
from pipeline.imaging.headers import Format, Header, format_of, read_header
from pipeline.imaging.heif import decode_heif
from pipeline.imaging.pdf import render_pages
from pipeline.imaging.photo import Limits, Photo, Unopened, refuse_size
from pipeline.imaging.pixels import bgr_bytes
from pipeline.sheet import Refusal, RefusalCode


def open_images(path: Path, *, name: str, limits: Limits) -> Iterator[Photo | Unopened]:
    """The photos in a file: one for a picture, one a page for a PDF, in order.

    Parameters
    ----------
    name
        How the file is reported.
    """
    data = read_bytes(path, max_bytes=limits.max_bytes)
    if isinstance(data, Refusal):
        yield Unopened(name, "", data)
        return
    yield from decode(data, name=name, limits=limits)


def decode(data: bytes, *, name: str, limits: Limits) -> Iterator[Photo | Unopened]:
    """As `open_images`, of bytes at hand."""
    sha256 = hashlib.sha256(data).hexdigest()
    format = format_of(data)
    if format is Format.PDF:
        pages = render_pages(data, limits=limits)
        if isinstance(pages, Refusal):
            yield Unopened(name, sha256, pages)
            return
        for number, page in enumerate(pages, start=1):
            yield _opened(page, f"{name}#page={number}", sha256, limits)
    elif format is None:
        yield Unopened(name, sha256, Refusal(RefusalCode.UNSUPPORTED_FORMAT, f"{_first_look(data)} is not a format that is read"))
    elif format is Format.HEIF:
        yield _opened(decode_heif(data, limits=limits), name, sha256, limits)
    else:
        yield _opened(_decode_picture(data, format, limits), name, sha256, limits)


def _opened(picture: NDArray[np.uint8] | Refusal, name: str, sha256: str, limits: Limits) -> Photo | Unopened:
    if isinstance(picture, Refusal):
        return Unopened(name, sha256, picture)
    height, width = picture.shape[:2]
    refusal = refuse_size((width, height), limits=limits)
    return Unopened(name, sha256, refusal) if refusal else Photo(picture, name, sha256)


def _decode_picture(data: bytes, format: Format, limits: Limits) -> NDArray[np.uint8] | Refusal:
    header = read_header(data, format)
    if isinstance(header, Refusal):
        return header
    refusal = refuse_size((header.width, header.height), limits=limits)
    if refusal:
        return refusal
    picture = _decode_with_opencv(data, header)
    if picture is None or picture.shape[:2] != (header.height, header.width):
        return Refusal(RefusalCode.DAMAGED_FILE, f"the {format} file cannot be decoded")
    return apply_orientation(picture, header.orientation)


def _decode_with_opencv(data: bytes, header: Header) -> NDArray[np.uint8] | None:
    # IMREAD_COLOR turns grey, palette, 16-bit and CMYK into BGR bytes, but shows what lies under transparent pixels.
    flags = cv2.IMREAD_UNCHANGED if header.alpha else cv2.IMREAD_COLOR
    try:
        picture = cv2.imdecode(np.frombuffer(data, dtype=np.uint8), flags | cv2.IMREAD_IGNORE_ORIENTATION)
    except cv2.error:
        return None
    return None if picture is None else bgr_bytes(picture)


def _first_look(data: bytes) -> str:
    return "text" if data[:512].isascii() and b"\0" not in data[:512] else f"a file that begins with {data[:4].hex(' ')}"

"""Small files for the tests of opening: pictures encoded in many ways, PDFs written by hand."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

WHITE, RED, BLUE = (255, 255, 255), (30, 30, 200), (200, 30, 30)
"""BGR."""


def colours(height: int = 200, width: int = 320) -> NDArray[np.uint8]:
    """(H, W, 3) uint8 BGR: white above, red below left, blue below right, so that every turn can be told from every other."""
    picture = np.empty((height, width, 3), np.uint8)
    picture[:, : width // 2] = RED
    picture[:, width // 2 :] = BLUE
    picture[: height // 4] = WHITE
    return picture


def encoded(picture: NDArray[np.uint8], format: str, *, mode: str = "RGB", orientation: int | None = None, **options: Any) -> bytes:
    """A BGR picture as a file of a Pillow format and mode."""
    image = Image.fromarray(picture[..., ::-1]).convert(mode, palette=Image.Palette.ADAPTIVE)
    if orientation is not None:
        exif = Image.Exif()
        exif[0x0112] = orientation
        options["exif"] = exif.tobytes()
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def png_bomb(width: int, height: int) -> bytes:
    """A PNG of one colour and one bit a pixel: 30,000 x 30,000 pixels take 110 KB."""
    compressor = zlib.compressobj(9)
    row = b"\0" + bytes((width + 7) // 8)
    pixels = b"".join(compressor.compress(row) for _ in range(height)) + compressor.flush()
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", pixels), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    )


def pdf_of(pages: list[NDArray[np.uint8]], *, dpi: float = 72.0) -> bytes:
    """A PDF with one picture a page, as a scanner or a phone makes it."""
    images = [Image.fromarray(page[..., ::-1]) for page in pages]
    file = io.BytesIO()
    images[0].save(file, "PDF", save_all=True, append_images=images[1:], resolution=dpi)
    return file.getvalue()


def drawn_pdf(*, pages: int = 1, width: float = 595.0, height: float = 842.0, content: bytes = b"1 0 0 rg 0 0 100 100 re f") -> bytes:
    """A PDF of drawn pages (points), by default A4 with a red square of 100 points at its lower left."""
    kids = " ".join(f"{3 + 2 * index} 0 R" for index in range(pages)).encode()
    objects = [b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Count %d/Kids[%s]>>" % (pages, kids)]
    for index in range(pages):
        box = f"{width:g} {height:g}".encode()
        objects.append(b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 %s]/Contents %d 0 R>>" % (box, 4 + 2 * index))
        objects.append(b"<</Length %d>>stream\n%s\nendstream" % (len(content), content))
    out = bytearray(b"%PDF-1.4\n")
    places = []
    for number, body in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj%s endobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, start)
    return bytes(out)

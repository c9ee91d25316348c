"""What a picture says of itself before it is decoded: format, size, orientation, and whether its end is there.

Untrusted bytes come in; a `Header` or a `Refusal` goes out. Only the container is walked (JPEG markers, PNG chunks, RIFF
chunks), never the compressed pixels, so a picture of 30,000 x 30,000 pixels in 100 KB costs microseconds. Decoders fill what is
missing with grey and warn on stderr at best; a missing end is noticed here and refused, since grey boxes would read as empty ones.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from pipeline.imaging.exif import orientation_of_exif
from pipeline.sheet import Refusal, RefusalCode

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"

MAX_JPEG_SCANS = 100
"""A progressive JPEG of a camera or phone has about 10 scans; thousands of empty ones keep a decoder busy for hours."""

_HEIF_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"})
_PDF_HEADER_WITHIN = 1024
_START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_ALONE = frozenset(range(0xD0, 0xD8)) | {0x01}
"""JPEG markers that no length follows: restarts and TEM."""


class Format(StrEnum):
    """The kinds of file that can hold a sheet, told by their first bytes and never by their name."""

    JPEG = "jpeg"
    PNG = "png"
    WEBP = "webp"
    HEIF = "heif"
    PDF = "pdf"


@dataclass(frozen=True, slots=True)
class Header:
    """A picture as its container describes it.

    Attributes
    ----------
    width, height
        Pixels as stored, before the orientation is applied.
    orientation
        EXIF orientation, 1 to 8; 1 means as stored.
    alpha
        Some pixels may be transparent.
    """

    format: Format
    width: int
    height: int
    orientation: int = 1
    alpha: bool = False


def format_of(data: bytes) -> Format | None:
    """The format by magic bytes, or None when it is none that we read."""
    if data.startswith(b"\xff\xd8\xff"):
        return Format.JPEG
    if data.startswith(PNG_SIGNATURE):
        return Format.PNG
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return Format.WEBP
    if data[4:8] == b"ftyp" and data[8:12] in _HEIF_BRANDS and b"avif" not in data[8 : min(int.from_bytes(data[:4]), 256)]:
        return Format.HEIF
    if b"%PDF-" in data[:_PDF_HEADER_WITHIN]:
        return Format.PDF
    return None


def read_header(data: bytes, format: Format) -> Header | Refusal:
    """The header of a JPEG, PNG or WebP file that is whole as a container.

    Returns
    -------
    Header or Refusal
        `damaged_file` when the end is missing or the container makes no sense.
    """
    parse = {Format.JPEG: _jpeg, Format.PNG: _png, Format.WEBP: _webp}[format]
    try:
        header = parse(data)
    except (IndexError, struct.error):
        return Refusal(RefusalCode.DAMAGED_FILE, f"the {format} file ends early")
    except _DamagedError as error:
        return Refusal(RefusalCode.DAMAGED_FILE, f"the {format} file is damaged: {error}")
    except _AnimationError:
        return Refusal(RefusalCode.UNSUPPORTED_FORMAT, f"the {format} file is an animation")
    if header.width < 1 or header.height < 1:
        return Refusal(RefusalCode.DAMAGED_FILE, f"the {format} file is damaged: it says {header.width} x {header.height} pixels")
    return header


class _DamagedError(Exception):
    """The container breaks its own rules; never leaves this module."""


class _AnimationError(Exception):
    """More pictures than one, of which none is the photo; never leaves this module."""


def _jpeg(data: bytes) -> Header:
    width = height = 0
    orientation = 1
    position = 2
    while True:
        if data[position] != 0xFF:
            raise _DamagedError(f"no marker at byte {position}")
        marker = data[position + 1]
        if marker == 0xFF:
            position += 1
            continue
        if marker in _ALONE:
            position += 2
            continue
        (length,) = struct.unpack_from(">H", data, position + 2)
        segment = data[position + 4 : position + 2 + length]
        if length < 2 or len(segment) != length - 2:
            raise _DamagedError("it ends inside its header")
        if marker in _START_OF_FRAME:
            height, width = struct.unpack_from(">HH", segment, 1)
        elif marker == 0xE1 and segment.startswith(b"Exif\0\0"):
            orientation = orientation_of_exif(segment[6:])
        elif marker == 0xDA:
            break
        position += 2 + length
    # After the first scan 0xFF is always followed by 0, a restart, or a true marker, so these searches cannot hit pixels.
    if data.find(b"\xff\xd9", position) < 0:
        raise _DamagedError("its end is missing (cut short in transfer?)")
    if data.count(b"\xff\xda", position) > MAX_JPEG_SCANS:
        raise _DamagedError(f"more than {MAX_JPEG_SCANS} scans")
    return Header(Format.JPEG, width, height, orientation)


def _png(data: bytes) -> Header:
    width = height = 0
    orientation = 1
    alpha = False
    for kind, body in _png_chunks(data):
        if kind == b"IHDR":
            width, height, _depth, colour = struct.unpack_from(">IIBB", body)
            alpha = colour in (4, 6)
        elif kind == b"tRNS":
            alpha = True
        elif kind == b"eXIf":
            orientation = orientation_of_exif(body)
    return Header(Format.PNG, width, height, orientation, alpha)


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    position = len(PNG_SIGNATURE)
    while True:
        length, kind = struct.unpack_from(">I4s", data, position)
        body = data[position + 8 : position + 8 + length]
        (checksum,) = struct.unpack_from(">I", data, position + 8 + length)
        if zlib.crc32(body, zlib.crc32(kind)) != checksum:
            raise _DamagedError(f"checksum of chunk {kind.decode('ascii', 'replace')} is wrong")
        if kind == b"IEND":
            return
        yield kind, body
        position += 12 + length


def _webp(data: bytes) -> Header:
    (riff_length,) = struct.unpack_from("<I", data, 4)
    if riff_length + 8 > len(data):
        raise _DamagedError("its end is missing (cut short in transfer?)")
    size: tuple[int, int] | None = None
    orientation = 1
    alpha = False
    position = 12
    while position + 8 <= riff_length + 8:
        kind, length = struct.unpack_from("<4sI", data, position)
        body = memoryview(data)[position + 8 : position + 8 + length]
        if kind == b"VP8X":
            if body[0] & 0x02:
                raise _AnimationError
            alpha = alpha or bool(body[0] & 0x10)
            size = 1 + int.from_bytes(body[4:7], "little"), 1 + int.from_bytes(body[7:10], "little")
        elif kind == b"VP8 " and size is None:
            size = struct.unpack_from("<H", body, 6)[0] & 0x3FFF, struct.unpack_from("<H", body, 8)[0] & 0x3FFF
        elif kind == b"VP8L":
            (bits,) = struct.unpack_from("<I", body, 1)
            alpha = alpha or bool(bits >> 28 & 1)
            size = size or ((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
        elif kind == b"EXIF":
            orientation = orientation_of_exif(bytes(body).removeprefix(b"Exif\0\0"))
        position += 8 + length + (length & 1)
    if size is None:
        raise _DamagedError("no picture in it")
    return Header(Format.WEBP, *size, orientation=orientation, alpha=alpha)

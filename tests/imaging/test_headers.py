"""What is known of a picture before it is decoded, held against Pillow; and every way in which a file can be cut short."""

from __future__ import annotations

import io
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pipeline.imaging.headers import MAX_JPEG_SCANS, Format, Header, format_of, read_header
from pipeline.sheet import Refusal, RefusalCode
from tests.imaging.pictures import colours, drawn_pdf, encoded, png_bomb

ENCODINGS = {
    "baseline JPEG": (Format.JPEG, encoded(colours(), "JPEG")),
    "progressive JPEG": (Format.JPEG, encoded(colours(), "JPEG", progressive=True)),
    "grey JPEG": (Format.JPEG, encoded(colours(), "JPEG", mode="L")),
    "PNG": (Format.PNG, encoded(colours(), "PNG")),
    "palette PNG": (Format.PNG, encoded(colours(), "PNG", mode="P")),
    "lossy WebP": (Format.WEBP, encoded(colours(), "WEBP")),
    "lossless WebP": (Format.WEBP, encoded(colours(), "WEBP", lossless=True)),
    "WebP with transparency": (Format.WEBP, encoded(colours(), "WEBP", mode="RGBA")),
    "WebP with EXIF": (Format.WEBP, encoded(colours(), "WEBP", orientation=6)),
}


@pytest.mark.parametrize(("format", "data"), ENCODINGS.values(), ids=ENCODINGS)
def test_size_agrees_with_pillow(format: Format, data: bytes) -> None:
    assert format_of(data) is format
    header = read_header(data, format)
    assert isinstance(header, Header)
    assert (header.width, header.height) == Image.open(io.BytesIO(data)).size


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_orientation_is_found_in_every_format(format: str, orientation: int) -> None:
    header = read_header(encoded(colours(), format, orientation=orientation), Format(format.lower()))
    assert isinstance(header, Header)
    assert header.orientation == orientation


@pytest.mark.parametrize(("format", "data"), ENCODINGS.values(), ids=ENCODINGS)
@given(kept=st.floats(0.02, 0.999))
@settings(max_examples=30)
def test_every_picture_cut_short_is_damaged(format: Format, data: bytes, kept: float) -> None:
    cut = data[: max(13, int(len(data) * kept))]
    refusal = read_header(cut, format)
    assert isinstance(refusal, Refusal)
    assert refusal.code is RefusalCode.DAMAGED_FILE


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
def test_bytes_after_the_end_do_no_harm(format: str) -> None:
    data = encoded(colours(), format) + b"a phone's own trailer" * 100
    assert isinstance(read_header(data, Format(format.lower())), Header)


def test_changed_byte_in_a_png_is_noticed_by_its_checksum() -> None:
    data = bytearray(encoded(colours(), "PNG"))
    data[len(data) // 2] ^= 0x10
    refusal = read_header(bytes(data), Format.PNG)
    assert isinstance(refusal, Refusal)
    assert "checksum" in refusal.detail


def test_jpeg_of_thousands_of_scans_is_refused() -> None:
    data = encoded(colours(), "JPEG", progressive=True)
    start = data.index(b"\xff\xda")
    bomb = data[:start] + data[start:-2] * (MAX_JPEG_SCANS + 1) + data[-2:]
    refusal = read_header(bomb, Format.JPEG)
    assert isinstance(refusal, Refusal)
    assert "scans" in refusal.detail


def test_animation_is_not_a_photo() -> None:
    frames = [Image.fromarray(colours()), Image.fromarray(colours()[::-1].copy())]
    file = io.BytesIO()
    frames[0].save(file, "WEBP", save_all=True, append_images=frames[1:])
    refusal = read_header(file.getvalue(), Format.WEBP)
    assert isinstance(refusal, Refusal)
    assert refusal.code is RefusalCode.UNSUPPORTED_FORMAT


def test_size_of_a_huge_picture_is_known_at_once() -> None:
    bomb = png_bomb(30_000, 30_000)
    assert len(bomb) < 200_000
    started = time.perf_counter()
    header = read_header(bomb, Format.PNG)
    assert time.perf_counter() - started < 0.1
    assert isinstance(header, Header)
    assert (header.width, header.height) == (30_000, 30_000)


def test_pdf_is_known_even_with_bytes_before_it() -> None:
    assert format_of(drawn_pdf()) is Format.PDF
    assert format_of(b"\r\n" * 20 + drawn_pdf()) is Format.PDF


def test_avif_is_not_taken_for_heic() -> None:
    assert format_of(b"\0\0\0\x1cftypmif1\0\0\0\0mif1avifmiaf" + bytes(100)) is None
    assert format_of(b"\0\0\0\x1cftypmif1\0\0\0\0mif1heicmiaf" + bytes(100)) is Format.HEIF


@given(st.binary(max_size=300), st.sampled_from([Format.JPEG, Format.PNG, Format.WEBP]))
def test_no_bytes_raise(noise: bytes, format: Format) -> None:
    start = {Format.JPEG: b"\xff\xd8\xff", Format.PNG: b"\x89PNG\r\n\x1a\n", Format.WEBP: b"RIFF\x40\0\0\0WEBP"}[format]
    assert isinstance(read_header(start + noise, format), (Header, Refusal))

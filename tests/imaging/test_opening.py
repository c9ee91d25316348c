"""Files in every encoding give the same upright picture; bad ones give one refusal with its code."""

from __future__ import annotations

import hashlib
from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipeline.imaging import Limits, Photo, Unopened, decode, open_images
from pipeline.settings import Settings
from pipeline.sheet import RefusalCode
from tests.imaging.pictures import BLUE, RED, WHITE, colours, drawn_pdf, encoded, pdf_of, png_bomb

LIMITS = Limits.of(Settings())
DATA = Path(__file__).parent / "data"


def photo_in(data: bytes) -> Photo:
    (opened,) = decode(data, name="x.jpg", limits=LIMITS)
    assert isinstance(opened, Photo), opened
    assert opened.image.dtype == np.uint8
    assert opened.image.flags.c_contiguous
    return opened


def refusal_of(data: bytes, limits: Limits = LIMITS) -> RefusalCode:
    (opened,) = decode(data, name="x.jpg", limits=limits)
    assert isinstance(opened, Unopened)
    assert opened.name == "x.jpg"
    assert opened.sha256 == hashlib.sha256(data).hexdigest()
    return opened.refusal.code


def close(picture: NDArray[np.uint8], expected: NDArray[np.uint8], tolerance: float = 3.0) -> bool:
    return picture.shape == expected.shape and float(np.abs(picture.astype(int) - expected).mean()) < tolerance


@pytest.mark.parametrize(
    "data",
    [
        encoded(colours(), "JPEG", quality=95, subsampling=0),
        encoded(colours(), "JPEG", quality=95, subsampling=0, progressive=True),
        encoded(colours(), "JPEG", mode="CMYK", quality=95),
        encoded(colours(), "PNG"),
        encoded(colours(), "PNG", mode="P"),
        encoded(colours(), "PNG", mode="RGBA"),
        encoded(colours(), "WEBP", lossless=True),
        encoded(colours(), "WEBP", mode="RGBA", lossless=True),
        (DATA / "colours.heic").read_bytes(),
    ],
    ids=["JPEG", "progressive", "CMYK", "PNG", "palette", "RGBA", "WebP", "WebP RGBA", "HEIC"],
)
def test_every_encoding_gives_the_same_picture(data: bytes) -> None:
    assert close(photo_in(data).image, colours())


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
def test_grey_is_three_channels(format: str) -> None:
    grey = cv2.cvtColor(colours(), cv2.COLOR_BGR2GRAY)
    assert close(photo_in(encoded(colours(), format, mode="L")).image, np.dstack([grey] * 3).astype(np.uint8))


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_sixteen_bits_become_eight(channels: int) -> None:
    deep = colours().astype(np.uint16) * 257
    deep = {1: deep[..., 0], 3: deep, 4: np.dstack([deep, np.full(deep.shape[:2], 65535, np.uint16)])}[channels]
    expected = colours() if channels > 1 else np.dstack([colours()[..., 0]] * 3)
    assert close(photo_in(cv2.imencode(".png", deep)[1].tobytes()).image, expected, tolerance=1)


def test_what_is_transparent_is_white_as_paper() -> None:
    shown = np.dstack([colours(), np.zeros((200, 320), np.uint8)])
    shown[:, :160, 3] = 255
    picture = photo_in(cv2.imencode(".png", shown)[1].tobytes()).image
    assert tuple(picture[150, 20]) == RED
    assert tuple(picture[150, 300]) == WHITE


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
def test_photo_of_a_turned_phone_is_upright(format: str) -> None:
    picture = photo_in(encoded(colours(), format, orientation=6)).image
    assert close(picture, np.rot90(colours(), -1), tolerance=12)


def test_heic_is_turned_once_by_its_container_and_not_again_by_exif() -> None:
    picture = photo_in((DATA / "turned.heic").read_bytes()).image
    assert close(picture, np.rot90(colours(), -1))


def test_real_photograph_survives() -> None:
    cat = np.ascontiguousarray(skimage.data.chelsea()[..., ::-1])
    assert close(photo_in(encoded(cat, "JPEG", quality=95)).image, cat)


def test_name_and_hash_are_those_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(encoded(colours(), "JPEG"))
    (opened,) = open_images(path, name="given/a.jpg", limits=LIMITS)
    assert (opened.name, opened.sha256) == ("given/a.jpg", hashlib.sha256(path.read_bytes()).hexdigest())


def test_missing_file_has_no_hash(tmp_path: Path) -> None:
    (opened,) = open_images(tmp_path / "absent.jpg", name="absent.jpg", limits=LIMITS)
    assert isinstance(opened, Unopened)
    assert (opened.sha256, opened.refusal.code) == ("", RefusalCode.NOT_FOUND)


@pytest.mark.parametrize("kept", [0.02, 0.3, 0.6, 0.95, 0.999])
@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
def test_file_cut_short_is_damaged(format: str, kept: float) -> None:
    data = encoded(np.random.default_rng(1).integers(0, 255, (300, 300, 3), np.uint8), format)
    assert refusal_of(data[: int(len(data) * kept)]) is RefusalCode.DAMAGED_FILE


def test_heic_cut_short_is_damaged() -> None:
    data = (DATA / "colours.heic").read_bytes()
    assert refusal_of(data[:-5]) is RefusalCode.DAMAGED_FILE


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"Ini bukan foto.\n" * 100, RefusalCode.UNSUPPORTED_FORMAT),
        (b"GIF89a" + bytes(100), RefusalCode.UNSUPPORTED_FORMAT),
        (b"\x7fELF" + bytes(100), RefusalCode.UNSUPPORTED_FORMAT),
        (b"\xff\xd8\xff\xe0" + b"x" * 50, RefusalCode.DAMAGED_FILE),
        (b"%PDF-1.7 and then nothing of the kind", RefusalCode.DAMAGED_FILE),
        (b"\0\0\0\x18ftypheic" + bytes(100), RefusalCode.DAMAGED_FILE),
        (png_bomb(30_000, 30_000), RefusalCode.TOO_MANY_PIXELS),
        (encoded(colours(100, 400), "JPEG"), RefusalCode.TOO_SMALL),
        ((DATA / "encrypted.pdf").read_bytes(), RefusalCode.ENCRYPTED),
        (drawn_pdf(pages=400), RefusalCode.TOO_MANY_PAGES),
    ],
    ids=["text", "GIF", "program", "no JPEG", "no PDF", "no HEIC", "bomb", "thumbnail", "encrypted", "400 pages"],
)
def test_bad_file_gives_one_refusal(data: bytes, code: RefusalCode) -> None:
    assert refusal_of(data) is code


def test_limits_are_settings() -> None:
    data = encoded(colours(200, 320), "JPEG")
    assert refusal_of(data, Limits.of(Settings(max_megapixels=0.06))) is RefusalCode.TOO_MANY_PIXELS
    assert refusal_of(data, Limits.of(Settings(min_short_side_px=201))) is RefusalCode.TOO_SMALL
    assert refusal_of(drawn_pdf(pages=3), Limits.of(Settings(max_pdf_pages=2))) is RefusalCode.TOO_MANY_PAGES


def test_pixel_limit_holds_for_heic_too() -> None:
    assert refusal_of((DATA / "colours.heic").read_bytes(), Limits.of(Settings(max_megapixels=0.06))) is RefusalCode.TOO_MANY_PIXELS


@given(st.binary(max_size=400), st.sampled_from([b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\x40\0\0\0WEBP", b"%PDF-1.4\n"]))
def test_no_bytes_raise(noise: bytes, start: bytes) -> None:
    assert all(isinstance(opened, (Photo, Unopened)) for opened in decode(start + noise, name="x", limits=LIMITS))


@pytest.mark.parametrize("position", range(0, 100, 7))
def test_changed_bytes_never_raise(position: int) -> None:
    for data in (encoded(colours(), "JPEG"), encoded(colours(), "WEBP"), pdf_of([colours()]), (DATA / "colours.heic").read_bytes()):
        changed = bytearray(data)
        changed[len(changed) * position // 100] ^= 0xFF
        assert all(isinstance(opened, (Photo, Unopened)) for opened in decode(bytes(changed), name="x", limits=LIMITS))


def test_blue_is_the_first_channel() -> None:
    assert tuple(photo_in(encoded(colours(), "PNG")).image[150, 300]) == BLUE

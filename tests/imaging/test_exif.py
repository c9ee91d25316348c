"""The turn of a photo: read from its bytes, and applied as Pillow applies it."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from pipeline.imaging.exif import apply_orientation, orientation_of_exif
from tests.imaging.pictures import colours, encoded


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_applied_as_pillow_applies_it(orientation: int) -> None:
    picture = colours()
    file = encoded(picture, "PNG", orientation=orientation)
    expected = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(file))))[..., ::-1]
    assert np.array_equal(apply_orientation(picture, orientation), expected)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("order", ["<", ">"])
def test_orientation_is_read_in_both_byte_orders(orientation: int, order: str) -> None:
    exif = Image.Exif()
    exif.endian = order
    exif[0x010F] = "a maker"
    exif[0x0112] = orientation
    assert orientation_of_exif(exif.tobytes().removeprefix(b"Exif\0\0")) == orientation


@given(st.binary(max_size=200))
def test_any_bytes_give_some_orientation(noise: bytes) -> None:
    assert 1 <= orientation_of_exif(noise) <= 8
    assert 1 <= orientation_of_exif(b"II*\0\x08\0\0\0" + noise) <= 8


def test_orientation_outside_one_to_eight_is_no_turn() -> None:
    exif = Image.Exif()
    exif[0x0112] = 9
    assert orientation_of_exif(exif.tobytes().removeprefix(b"Exif\0\0")) == 1

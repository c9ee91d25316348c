"""A copy of a picture is like it, another paper of the same form is not."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.imaging.likeness import COPY, difference, likeness


@pytest.fixture
def picture() -> NDArray[np.uint8]:
    """Shapes of many sizes."""
    random = np.random.default_rng(4)
    picture = np.full((900, 700, 3), 230, np.uint8)
    for _ in range(120):
        start, end = random.integers(0, 700, 2), random.integers(0, 900, 2)
        cv2.line(picture, tuple(map(int, start)), tuple(map(int, end)), [int(value) for value in random.integers(0, 200, 3)], 4)
    return picture


def test_copy_saved_anew_is_like_its_original(picture: NDArray[np.uint8]) -> None:
    smaller = cv2.resize(picture, None, fx=0.4, fy=0.4, interpolation=cv2.INTER_AREA)
    _, content = cv2.imencode(".jpg", cv2.convertScaleAbs(smaller, alpha=0.9, beta=5), (cv2.IMWRITE_JPEG_QUALITY, 40))
    copy = np.asarray(cv2.imdecode(content, cv2.IMREAD_COLOR), np.uint8)
    assert 0 < difference(likeness(picture), likeness(copy)) <= COPY


def test_other_picture_is_not(picture: NDArray[np.uint8]) -> None:
    assert difference(likeness(picture), likeness(np.ascontiguousarray(picture[::-1]))) > 3 * COPY


def test_likeness_is_1024_bits_in_hex_and_the_same_again(picture: NDArray[np.uint8]) -> None:
    assert len(likeness(picture)) == 256
    assert likeness(picture) == likeness(picture.copy())
    assert difference("f" * 256, "0" * 256) == 1024

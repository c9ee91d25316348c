"""Figures of a photo that say what a person should do better."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import skimage.data
from numpy.typing import NDArray

from pipeline.imaging import QualityPolicy, explain, measure_quality
from pipeline.sheet import RefusalCode

POLICY = QualityPolicy()


@pytest.fixture(scope="module")
def page() -> NDArray[np.uint8]:
    """A printed page, photographed."""
    return cv2.cvtColor(cv2.resize(skimage.data.page(), None, fx=3, fy=3), cv2.COLOR_GRAY2BGR).astype(np.uint8)


def blurred(picture: NDArray[np.uint8], sigma: float) -> NDArray[np.uint8]:
    return cv2.GaussianBlur(picture, (0, 0), sigma).astype(np.uint8)


def test_good_photo_needs_no_explanation(page: NDArray[np.uint8]) -> None:
    assert explain(measure_quality(page), policy=POLICY) is None


def test_sharpness_falls_with_blur(page: NDArray[np.uint8]) -> None:
    sharpness = [measure_quality(blurred(page, sigma)).sharpness for sigma in (1, 3, 9, 27)]
    assert sharpness == sorted(sharpness, reverse=True)


def test_dark_photo_is_explained(page: NDArray[np.uint8]) -> None:
    refusal = explain(measure_quality((page // 8).astype(np.uint8)), policy=POLICY)
    assert refusal is not None
    assert refusal.code is RefusalCode.TOO_DARK


def test_blurred_photo_is_explained(page: NDArray[np.uint8]) -> None:
    refusal = explain(measure_quality(blurred(page, 30)), policy=POLICY)
    assert refusal is not None
    assert refusal.code is RefusalCode.TOO_BLURRED


def test_blank_wall_is_not_called_blurred() -> None:
    wall = np.random.default_rng(1).normal(180, 2, (600, 800, 3)).astype(np.uint8)
    assert explain(measure_quality(wall), policy=POLICY) is None


def test_size_hardly_matters(page: NDArray[np.uint8]) -> None:
    large = cv2.resize(page, None, fx=3, fy=3, interpolation=cv2.INTER_CUBIC).astype(np.uint8)
    small, big = measure_quality(page), measure_quality(large)
    assert big.brightness == pytest.approx(small.brightness, abs=6)
    assert big.contrast == pytest.approx(small.contrast, abs=12)
    assert big.sharpness == pytest.approx(small.sharpness, rel=0.35)


@pytest.mark.parametrize("shape", [(1, 1, 3), (150, 4000, 3)])
def test_any_size_can_be_measured(shape: tuple[int, ...]) -> None:
    assert measure_quality(np.zeros(shape, np.uint8)).brightness == 0

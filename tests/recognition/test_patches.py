"""Patches are cut where the mapping says, and the light is taken out of them."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipeline.forms import Rect
from pipeline.recognition.patches import cut_patches, darkness, normalise

Array = NDArray[np.float64]


def drawn_box(*, side: int = 48, paper: float = 220.0, ink: float = 40.0, sign: bool = True) -> NDArray[np.uint8]:
    """A patch with a frame and a diagonal stroke."""
    patch = np.full((side, side, 3), paper, np.uint8)
    cv2.rectangle(patch, (5, 5), (side - 6, side - 6), (ink, ink, ink), 2)
    if sign:
        cv2.line(patch, (14, 34), (34, 14), (ink, ink, ink), 3)
    return patch


def scaled(pixels_per_mm: float, shift: tuple[float, float] = (0.0, 0.0)):
    return lambda points: points * pixels_per_mm + np.array(shift)


def test_a_patch_shows_its_rectangle_and_the_margin() -> None:
    photo = np.full((200, 200, 3), 255, np.uint8)
    photo[80:120, 80:120] = 0
    (patch,) = cut_patches(photo, scaled(2.0, (-0.5, -0.5)), [Rect(40, 40, 20, 20)], size=40, margin=0.5)
    assert (patch[12:28, 12:28] == 0).all()
    assert (patch[:8] == 255).all()
    assert (patch[:, 32:] == 255).all()


def test_an_affine_page_is_cut_to_the_same_patch_whatever_its_place_and_turn() -> None:
    photo = np.full((300, 300, 3), 255, np.uint8)
    photo[100:200, 100:200] = cv2.resize(drawn_box(), (100, 100))
    angle = np.pi / 2
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    turned = np.ascontiguousarray(np.rot90(photo, -1))
    (straight,) = cut_patches(photo, scaled(1.0, (-0.5, -0.5)), [Rect(100, 100, 100, 100)], size=48, margin=0.15)
    (rotated,) = cut_patches(
        turned, lambda p: (p - 150) @ turn.T + 150 - 0.5, [Rect(100, 100, 100, 100)], size=48, margin=0.15
    )
    assert np.abs(straight.astype(int) - rotated.astype(int)).max() <= 3


def test_fine_detail_is_averaged_and_not_sampled_away() -> None:
    photo = np.zeros((800, 800, 3), np.uint8)
    photo[:, ::2] = 255
    (patch,) = cut_patches(photo, scaled(1.0), [Rect(100, 100, 600, 600)], size=30, margin=0.0)
    assert patch.mean() == pytest.approx(127, abs=6)
    assert patch.std() < 12


def test_outside_the_photo_its_edge_is_repeated() -> None:
    photo = np.full((50, 50, 3), 90, np.uint8)
    patches = cut_patches(photo, scaled(1.0), [Rect(-500, -500, 20, 20), Rect(40, 40, 20, 20)], size=16, margin=0.15)
    assert (patches == 90).all()


def test_no_rectangles_give_no_patches() -> None:
    assert cut_patches(np.zeros((9, 9, 3), np.uint8), scaled(1.0), [], size=16, margin=0.1).shape == (0, 16, 16, 3)


@pytest.mark.parametrize("photo", [np.zeros((0, 9, 3), np.uint8), np.zeros((9, 9), np.uint8), np.zeros((9, 9, 3), np.float32)])
def test_what_is_no_photo_is_refused(photo: NDArray[np.uint8]) -> None:
    with pytest.raises(ValueError, match="uint8"):
        cut_patches(photo, scaled(1.0), [Rect(0, 0, 5, 5)], size=16, margin=0.1)


def test_a_mapping_that_is_not_finite_is_refused() -> None:
    with pytest.raises(ValueError, match="finite"):
        cut_patches(np.zeros((9, 9, 3), np.uint8), lambda p: p * np.nan, [Rect(0, 0, 5, 5)], size=16, margin=0.1)


@settings(max_examples=30, deadline=None)
@given(gains=st.tuples(*[st.floats(0.35, 1.1)] * 3))
def test_exposure_and_colour_cast_do_not_change_a_normalised_patch(gains: tuple[float, float, float]) -> None:
    plain = drawn_box()
    cast = np.clip(plain * np.array(gains), 0, 255).astype(np.uint8)
    difference = np.abs(normalise(plain[None]) - normalise(cast[None]))
    assert difference.max() < 0.06


def test_a_shadow_across_a_box_is_taken_out() -> None:
    plain = drawn_box()
    shade = np.linspace(1.0, 0.75, 48)[None, :, None]
    shaded = (plain * shade).astype(np.uint8)
    assert np.abs(normalise(plain[None]) - normalise(shaded[None])).mean() < 0.05


def test_a_bare_patch_is_not_stretched_to_ink() -> None:
    noise = np.random.default_rng(1).normal(200, 2, (1, 48, 48, 3)).astype(np.uint8)
    assert np.abs(normalise(noise)).max() < 0.6


def test_extreme_patches_give_finite_numbers() -> None:
    patches = np.stack([np.zeros((48, 48, 3), np.uint8), np.full((48, 48, 3), 255, np.uint8)])
    assert np.isfinite(normalise(patches)).all()
    assert np.isfinite(darkness(patches)).all()

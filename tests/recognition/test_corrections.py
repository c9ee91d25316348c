"""A correction is noticed beside the other boxes of its page, whatever the light and whatever the order."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.crosscheck import VerdictPolicy
from pipeline.recognition.corrections import CHANNELS, PATCH_SIZE, CorrectionReader, beside_page

THRESHOLD = VerdictPolicy().max_corrected
EDGE = 10
"""Pixels from the rim of a patch to the frame of its box."""
MODEL = Path(__file__).parents[2] / "models" / "corrections.onnx"


@pytest.fixture(scope="module")
def reader() -> CorrectionReader:
    return CorrectionReader(MODEL)


def page(*, paper: float = 215.0, ink: float = 120.0) -> NDArray[np.uint8]:
    """Nine boxes with a thin sign in each, as soft as a camera makes them."""
    boxes = []
    for number in range(9):
        box = np.full((PATCH_SIZE, PATCH_SIZE, 3), paper, np.float32)
        cv2.rectangle(box, (EDGE, EDGE), (PATCH_SIZE - 1 - EDGE, PATCH_SIZE - 1 - EDGE), (60, 60, 60), 1, cv2.LINE_AA)
        cv2.putText(box, str(number), (20, 37), cv2.FONT_HERSHEY_SIMPLEX, 0.7, (ink + 40, ink, ink), 1, cv2.LINE_AA)
        boxes.append(cv2.GaussianBlur(box, (0, 0), 0.8))
    return np.clip(np.stack(boxes) + np.random.default_rng(0).normal(0, 2, (9, PATCH_SIZE, PATCH_SIZE, 1)), 0, 255).astype(np.uint8)


def gone_over(box: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The box with another sign written heavily over its own."""
    written = box.copy()
    cv2.putText(written, "8", (19, 38), cv2.FONT_HERSHEY_SIMPLEX, 0.75, (70, 30, 30), 4, cv2.LINE_AA)
    return written


def whitened(box: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The box with fluid over its middle and half of its frame."""
    fluid = box.copy()
    cv2.ellipse(fluid, (26, 30), (21, 15), 20, 0, 360, (252, 252, 252), -1, cv2.LINE_AA)
    cv2.putText(fluid, "4", (20, 37), cv2.FONT_HERSHEY_SIMPLEX, 0.7, (160, 120, 120), 1, cv2.LINE_AA)
    return fluid


@pytest.mark.parametrize("corrected", [gone_over, whitened])
@pytest.mark.parametrize("light", [1.0, 0.55])
def test_the_box_that_was_corrected_stands_out_on_its_page(reader: CorrectionReader, corrected, light: float) -> None:
    boxes = page()
    boxes[4] = corrected(boxes[4])
    said = reader.read((boxes * light).astype(np.uint8))
    assert said[4] > THRESHOLD
    assert np.delete(said, 4).max() < THRESHOLD


def test_what_is_usual_on_a_page_is_no_correction(reader: CorrectionReader) -> None:
    assert reader.read(page()).max() < THRESHOLD
    assert reader.read(page(ink=40.0)).max() < THRESHOLD


@pytest.mark.parametrize("corrected", [gone_over, whitened])
def test_one_correction_among_a_hundred_boxes_is_found_and_a_page_full_of_them_is_doubted(reader: CorrectionReader, corrected) -> None:
    many = np.concatenate([page() for _ in range(11)])
    many[50] = corrected(many[50])
    assert np.flatnonzero(reader.read(many) > THRESHOLD).tolist() == [50]
    assert (reader.read(np.stack([corrected(box) for box in page()])) > THRESHOLD).all()
    assert reader.read(corrected(page()[3])[None])[0] > THRESHOLD
    assert reader.read(page()[3:4])[0] < THRESHOLD


def test_the_order_of_the_boxes_changes_nothing(reader: CorrectionReader) -> None:
    boxes = page()
    boxes[2] = gone_over(boxes[2])
    order = np.random.default_rng(1).permutation(9)
    assert (reader.read(boxes[order]) == reader.read(boxes)[order]).all()


def test_nothing_is_ever_certain_and_odd_pages_are_read(reader: CorrectionReader) -> None:
    black = np.zeros((3, PATCH_SIZE, PATCH_SIZE, 3), np.uint8)
    noise = np.random.default_rng(2).integers(0, 256, (5, PATCH_SIZE, PATCH_SIZE, 3)).astype(np.uint8)
    for boxes in (black, 255 - black, noise, noise[:1]):
        said = reader.read(boxes)
        assert said.shape == (len(boxes),)
        assert ((said > 0) & (said < 1)).all()
    assert reader.read(noise[:0]).shape == (0,)


def test_what_is_set_beside_a_box_is_the_same_for_all_of_its_page() -> None:
    boxes = page()
    inputs = beside_page(boxes)
    assert inputs.shape == (9, CHANNELS, PATCH_SIZE, PATCH_SIZE)
    assert np.isfinite(inputs).all()
    assert (inputs[:, 3:] == inputs[:1, 3:]).all()
    assert (inputs[:, 6:] == inputs[:, 6:, :1, :1]).all()


def test_a_frame_looks_the_same_around_heavy_ink_as_around_its_neighbours() -> None:
    boxes = page(ink=150.0)
    boxes[4, 16:40, 21:35] = 0
    inputs = beside_page(boxes)
    frame = inputs[:, :3, EDGE, 12:44].mean(axis=(1, 2))
    assert frame[4] == pytest.approx(np.median(frame), abs=0.05)
    assert inputs[4, :3, 28, 28].min() > 1.2


@pytest.mark.parametrize("patches", [np.zeros((2, 56, 56)), np.zeros((2, 48, 48, 3), np.uint8), np.zeros((2, 56, 56, 3), np.float32)])
def test_patches_of_another_shape_or_type_are_refused(reader: CorrectionReader, patches: NDArray[np.uint8]) -> None:
    with pytest.raises(ValueError, match="patches must be"):
        reader.read(patches)

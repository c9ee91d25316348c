"""Boxes of which nobody knows the page are put beside those that look as if they were of the same one."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from pipeline.training.boxes import CROP_SIZE, FEBRIYAN, UNKNOWN, BoxCrops
from pipeline.training.like_pages import CLEAN_EVERY, MATES, pages_of_febriyan

COUNT = 60
CORRECTED = (10, 11)
NOT_KNOWN = 20


@pytest.fixture
def crops(tmp_path: Path) -> BoxCrops:
    """Boxes of a bright photo (even) and of a dark and larger one with a blue pen (odd), in no order; two of them corrected."""
    random = np.random.default_rng(5)
    (tmp_path / FEBRIYAN).mkdir(parents=True)
    names = [f"{number:02}.png" for number in range(COUNT)]
    for number, name in enumerate(names):
        paper, pen, height, width = ((90, 80, 80), (60, 30, 20), 56, 50) if number % 2 else ((235, 240, 240), (40, 40, 40), 44, 40)
        picture = np.full((height, width, 3), paper, np.uint8)
        cv2.rectangle(picture, (3, 3), (width - 4, height - 4), (20, 20, 20), 2)
        cv2.line(picture, (width // 3, height // 4), (width // 2, height * 2 // 3), pen, 3)
        noisy = np.clip(picture + random.normal(0, 2, picture.shape), 0, 255).astype(np.uint8)
        cv2.imwrite(str(tmp_path / FEBRIYAN / name), noisy)
    corrected = np.zeros(COUNT, np.int64)
    corrected[list(CORRECTED)] = 1
    corrected[NOT_KNOWN] = UNKNOWN
    return BoxCrops(
        images=np.zeros((COUNT, CROP_SIZE, CROP_SIZE, 3), np.uint8), labels=np.ones(COUNT, np.int64), illegible=np.zeros(COUNT, np.int64),
        corrected=corrected, groups=np.array(names), sets=np.full(COUNT, "febriyan"), names=np.array(names),
    )  # fmt: skip


def test_every_page_is_of_boxes_that_look_alike(crops: BoxCrops, tmp_path: Path) -> None:
    pages = pages_of_febriyan(tmp_path, crops)
    names, shown = zip(*(name.split(":")[:2] for name in pages.names), strict=True)
    clean = COUNT - len(CORRECTED) - 1
    assert len(set(names)) == len(CORRECTED) + -(-clean // CLEAN_EVERY)
    for page in set(names):
        boxes = [int(box.removesuffix(".png")) for box, name in zip(shown, names, strict=True) if name == page]
        assert len(boxes) == len(set(boxes)) == MATES + 1
        assert len({box % 2 for box in boxes}) == 1
        assert NOT_KNOWN not in boxes
    assert pages.corrected.sum() == len(CORRECTED)


def test_a_picture_that_is_missing_is_named(crops: BoxCrops, tmp_path: Path) -> None:
    (tmp_path / FEBRIYAN / "07.png").unlink()
    with pytest.raises(FileNotFoundError, match=r"07\.png"):
        pages_of_febriyan(tmp_path, crops)

"""A frame that is covered is noticed, whatever is written in it; a whole one is not."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.recognition.digits import MARGIN, PATCH_SIZE
from pipeline.recognition.frames import covered, frame_gaps

NEAR, FAR = (round(PATCH_SIZE * share / (1 + 2 * MARGIN)) for share in (MARGIN, 1 + MARGIN))


def box(*, shift: tuple[int, int] = (0, 0), paper: int = 210, print_ink: int = 60) -> NDArray[np.uint8]:
    """A patch with a printed frame and a digit in it."""
    patch = np.full((PATCH_SIZE, PATCH_SIZE, 3), paper, np.uint8)
    (x, y), ink = shift, (print_ink,) * 3
    cv2.rectangle(patch, (NEAR + x, NEAR + y), (FAR + x, FAR + y), ink, 1)
    cv2.line(patch, (24 + x, 16 + y), (22 + x, 34 + y), (140, 40, 30), 2)
    return patch


def whitened(patch: NDArray[np.uint8], *, length: int) -> NDArray[np.uint8]:
    """The patch with so many pixels of the frame's left side painted over."""
    painted = patch.copy()
    cv2.rectangle(painted, (NEAR - 4, 24 - length // 2), (NEAR + 4, 24 + length // 2), (225, 225, 225), -1)
    return painted


@pytest.mark.parametrize("shift", [(0, 0), (2, -2), (-3, 1)])
@pytest.mark.parametrize("paper", [230, 120])
def test_whole_frame_has_no_gap(shift: tuple[int, int], paper: int) -> None:
    assert frame_gaps(box(shift=shift, paper=paper, print_ink=paper // 4)[None])[0] < 0.1


@pytest.mark.parametrize("length", [14, 20, 26])
def test_gap_is_as_long_as_what_is_painted_over(length: int) -> None:
    gap = frame_gaps(whitened(box(), length=length)[None])[0]
    assert gap == pytest.approx(length / (FAR - NEAR), abs=0.12)


def test_shadow_and_leaning_frame_are_no_gap() -> None:
    shade = np.linspace(0.5, 1.0, PATCH_SIZE)[None, :, None]
    leaning = cv2.warpAffine(
        box(), cv2.getRotationMatrix2D((24, 24), 3.0, 1.0), (PATCH_SIZE, PATCH_SIZE), borderMode=cv2.BORDER_REPLICATE
    )
    patches = np.stack([(box() * shade).astype(np.uint8), leaning.astype(np.uint8)])
    assert (frame_gaps(patches) < 0.2).all()


def test_only_what_is_unusual_on_the_page_counts() -> None:
    page = np.stack([box()] * 8 + [whitened(box(), length=22)])
    scores = covered(page)
    assert scores[-1] > 0.4
    assert (scores[:-1] == 0).all()
    everywhere = np.stack([whitened(box(), length=22)] * 9)
    assert (covered(everywhere) < 0.05).all()


def test_no_boxes_and_boxes_of_one_colour_are_no_trouble() -> None:
    assert len(covered(np.empty((0, PATCH_SIZE, PATCH_SIZE, 3), np.uint8))) == 0
    assert np.isfinite(covered(np.full((3, PATCH_SIZE, PATCH_SIZE, 3), 128, np.uint8))).all()


def test_what_is_no_patch_is_refused() -> None:
    with pytest.raises(ValueError, match="uint8"):
        frame_gaps(np.full((1, PATCH_SIZE, PATCH_SIZE, 3), np.nan))  # type: ignore[arg-type]

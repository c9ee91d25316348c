"""The drawn form against the official blank: a vector PDF, rendered, with every printed line compared both ways."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pypdfium2
import pytest
from numpy.typing import NDArray

from pipeline.forms import Form, Line, Page, draw_page, load_catalogue

BLANK = Path(__file__).parents[2].parent / "shared" / "data" / "blanks" / "2024" / "C.HASIL-PPWP.pdf"
SCALE = 6.0
TOLERANCE_MM = 0.3
EMBLEM = (77.0, 85.0, 26.0)
"""Left, top and side of the area of the commission's emblem, which the form does not draw."""

pytestmark = [pytest.mark.real, pytest.mark.skipif(not BLANK.exists(), reason=f"the official blank is not at {BLANK}")]


@pytest.fixture(scope="module")
def form() -> Form:
    return load_catalogue()["c-hasil-ppwp-2024"]


def official(page: Page) -> NDArray[np.uint8]:
    """(H, W) uint8, the official page at SCALE pixels a millimetre."""
    document = pypdfium2.PdfDocument(BLANK)
    try:
        rendered = document[int(page.number) - 1].render(scale=SCALE * 25.4 / 72, grayscale=True).to_numpy()
    finally:
        document.close()
    return np.array(rendered).reshape(rendered.shape[:2])


def offset_mm(image: NDArray[np.uint8], line: Line, *, at: float) -> float:
    """How far from `line`, at a fraction of its length, the middle of the ink lies in the image; NaN when there is none."""
    reach = 1.2
    x, y = line.x0 + at * (line.x1 - line.x0), line.y0 + at * (line.y1 - line.y0)
    across = np.arange(-reach, reach, 0.5 / SCALE)
    along = np.arange(-1.0, 1.0, 0.5 / SCALE)
    dx, dy = np.meshgrid(along, across) if line.horizontal else np.meshgrid(across, along)
    at_x, at_y = ((x + dx) * SCALE - 0.5).astype(np.float32), ((y + dy) * SCALE - 0.5).astype(np.float32)
    patch = cv2.remap(image, at_x, at_y, cv2.INTER_LINEAR)
    darkness = 255.0 - np.median(patch, axis=1 if line.horizontal else 0)
    darkness[darkness < 0.5 * darkness.max()] = 0
    return float(darkness @ across / darkness.sum()) if darkness.max() > 15 else float("nan")


@pytest.mark.parametrize("number", ["1", "2", "3"])
def test_every_line_of_the_form_is_printed_there(form: Form, number: str) -> None:
    page = form.pages[number]
    image = official(page)
    missing = []
    for line in page.lines:
        if line.horizontal and line.y0 == 50:
            continue  # the cut line is dotted
        offsets = [offset_mm(image, line, at=at) for at in (0.17, 0.37, 0.63, 0.83)]
        # Where another line or a text crosses, one of the four places may be off.
        good = sum(abs(offset) <= TOLERANCE_MM for offset in offsets)
        if good < 3:
            missing.append((line, offsets))
    assert missing == []


@pytest.mark.parametrize("number", ["1", "2", "3"])
def test_every_long_line_printed_there_is_in_the_form(form: Form, number: str) -> None:
    page = form.pages[number]
    image, drawn = official(page), draw_page(page, pixels_per_mm=SCALE)
    height, width = np.minimum(image.shape, drawn.shape)
    reach = round(2 * TOLERANCE_MM * SCALE) + 1
    x, y, side = (round(SCALE * value) for value in EMBLEM)
    image[y : y + side, x : x + side] = 255
    near = cv2.erode(drawn[:height, :width], np.ones((reach, reach), np.uint8))
    for level, darkest in ((120, 150), (235, 240)):
        ink = (image[:height, :width] < level).astype(np.uint8)
        for size in ((round(8 * SCALE), 1), (1, round(8 * SCALE))):
            runs = cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones(size[::-1], np.uint8)) > 0
            assert runs.any()
            # Pixels at the very end of a line may differ; a whole line would be 48 at least.
            assert np.count_nonzero(near[runs] >= darkest) < 24


@pytest.mark.parametrize("number", ["1", "2", "3"])
def test_texts_stand_where_the_official_form_has_them(form: Form, number: str) -> None:
    page = form.pages[number]
    image = official(page)
    for text in page.texts:
        top, bottom, left, right = (round(SCALE * side) for side in (text.box.y, text.box.y1, text.box.x, text.box.x1))
        assert (image[top : bottom + 1, left : right + 1] < 200).mean() > 0.05, text.text

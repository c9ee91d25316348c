"""Drawn pages: right in place and ink at any scale, and recognisable by their tags."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.forms import Catalogue, Ink, Line, Page, draw_layout, draw_page, load_catalogue
from pipeline.forms.drawing import INK_LEVELS


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue()


def blank(*lines: Line) -> Page:
    return Page(number="1", paper_mm=(40, 30), tag=None, fiducials=(), lines=lines, circles=(), texts=(), fields={})


def test_the_picture_has_the_size_of_the_paper(catalogue: Catalogue) -> None:
    page = catalogue["c-hasil-ppwp-2024"].pages["3"]
    drawn = draw_page(page, pixels_per_mm=1.5)
    assert drawn.shape == (1350, 900)
    assert drawn.dtype == np.uint8
    assert draw_layout(page, pixels_per_mm=1.0).shape == (900, 600, 3)


@given(
    x=st.floats(5, 35),
    y=st.floats(5, 12),
    length=st.floats(1, 15),
    width=st.floats(0.2, 1.5),
    scale=st.floats(0.5, 8),
    ink=st.sampled_from(Ink),
)
@settings(deadline=None)
def test_a_line_keeps_its_ink_and_its_middle_at_any_scale(x: float, y: float, length: float, width: float, scale: float, ink: Ink) -> None:
    darkness = 255.0 - draw_page(blank(Line(x, y, x, y + length, width, ink)), pixels_per_mm=scale)
    depth = 255 - INK_LEVELS[ink]
    area = width * (length + width)
    # Each pixel is rounded to a whole grey level: half a level of error for each pixel the line touches.
    touched = (width * scale + 2) * ((length + width) * scale + 2)
    assert darkness.sum() / scale**2 == pytest.approx(depth * area, abs=0.5 * touched / scale**2 + 1e-6)
    columns = darkness.sum(axis=0)
    if columns.sum() > 20 * depth:
        middle = (columns @ (np.arange(columns.size) + 0.5)) / columns.sum() / scale
        assert middle == pytest.approx(x, abs=0.1 / scale + 0.02)


@pytest.mark.parametrize("scale", [1.0, 2.3, 4.0])
def test_opencv_finds_the_tag_of_every_page_where_the_form_says(catalogue: Catalogue, scale: float) -> None:
    detector = cv2.aruco.ArucoDetector(cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_APRILTAG_36h10))
    for page in catalogue["c-hasil-ppwp-2024"].pages.values():
        assert page.tag is not None
        corners, ids, _ = detector.detectMarkers(draw_page(page, pixels_per_mm=scale))
        assert ids is not None
        assert ids.ravel().tolist() == [page.tag.id]
        # Corners are reported at whole pixels whose middle is half a pixel further.
        assert np.abs((corners[0][0] + 0.5) / scale - page.tag.corners()).max() < 1.1 / scale


def test_bubbles_are_open_rings_with_their_digit(catalogue: Catalogue) -> None:
    page = catalogue["c-hasil-ppwp-2024"].pages["2"]
    drawn = draw_page(page, pixels_per_mm=8.0)
    bubbles = page.fields["paslon_2"].bubbles
    assert bubbles is not None
    for column in bubbles.columns:
        for circle in column:
            x, y, radius = circle.x * 8, circle.y * 8, circle.diameter * 4
            assert drawn[int(y), int(x + radius)] < 60
            assert drawn[int(y), int(x - radius)] < 60
            assert drawn[int(y - 0.75 * radius), int(x)] == 255
            assert drawn[int(y - 0.3 * radius) : int(y + 0.3 * radius), int(x - 0.3 * radius) : int(x + 0.3 * radius)].min() < 60


def test_texts_fill_their_rectangles_and_can_be_left_out(catalogue: Catalogue) -> None:
    page = catalogue["c-hasil-ppwp-2024"].pages["1"]
    heading = next(text for text in page.texts if text.text == "DATA PEMILIH DAN PENGGUNA HAK PILIH").box
    drawn = draw_page(page, pixels_per_mm=4.0)
    bare = draw_page(page, pixels_per_mm=4.0, texts=False)
    top, bottom, left, right = (round(4 * side) for side in (heading.y, heading.y1, heading.x, heading.x1))
    ink = np.argwhere(drawn[top - 8 : bottom + 8, left - 8 : right + 8] < 160)
    assert ink.min(axis=0) == pytest.approx([8, 8], abs=2)
    assert ink.max(axis=0) == pytest.approx([bottom - top + 7, right - left + 7], abs=2)
    assert bare[top:bottom, left:right].min() == 255


def test_the_layout_picture_shows_every_kind_of_source_in_colour(catalogue: Catalogue) -> None:
    picture = draw_layout(catalogue["c-hasil-ppwp-2024"].pages["2"], pixels_per_mm=2.0)
    colourful = picture.max(axis=2).astype(int) - picture.min(axis=2) > 80
    for field in catalogue["c-hasil-ppwp-2024"].pages["2"].fields.values():
        assert field.tally
        assert field.words
        for rect in (field.boxes[0], field.tally.box, field.words):
            assert colourful[round(rect.y * 2), round(rect.x * 2) : round(rect.x1 * 2)].mean() > 0.5

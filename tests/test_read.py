"""The recipe from a photo to a sheet, where no stage alone can answer: forms that look like a known one, order, turned photos."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.forms import draw_page
from pipeline.imaging import Photo
from pipeline.read import Reader, read_photo, read_sheet
from pipeline.settings import Settings
from pipeline.sheet import Sheet, Verdict
from pipeline.simulate.camera import Shot
from pipeline.simulate.pack import load_pack
from pipeline.simulate.sheets import simulate_sheet

PIXELS_PER_MM = 1.8


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader.load(Settings())


def photo_of(image: NDArray[np.uint8]) -> Photo:
    return Photo(image=image, name="photo.jpg", sha256="0" * 64)


def lookalike(reader: Reader, boxes: int) -> NDArray[np.uint8]:
    """Page 2 with its tag, but with `boxes` narrow boxes a number, each holding a printed 7."""
    page = reader.catalogue["c-hasil-ppwp-2024"].pages["2"]
    picture = cv2.cvtColor(draw_page(page, pixels_per_mm=PIXELS_PER_MM), cv2.COLOR_GRAY2BGR)
    for layout in page.fields.values():
        row = layout.box_row
        x0, y0, x1, y1 = (round(v * PIXELS_PER_MM) for v in (row.x - 1.5, row.y - 1.5, row.x1 + 1.5, row.y1 + 1.5))
        picture[y0:y1, x0:x1] = 255
        pitch = (row.width + 3) / boxes
        for k in range(boxes):
            left = row.x + k * pitch
            corners = np.array([[left, row.y], [left + pitch - 3, row.y1]]) * PIXELS_PER_MM
            top_left, bottom_right = (tuple(int(v) for v in np.round(corner)) for corner in corners)
            cv2.rectangle(picture, top_left, bottom_right, (30, 30, 30), 2)
            cv2.putText(picture, "7", (top_left[0] + 3, bottom_right[1] - 7), cv2.FONT_HERSHEY_SIMPLEX, 0.7, (150, 60, 30), 2)
    return np.asarray(picture, dtype=np.uint8)


@pytest.mark.parametrize("boxes", [2, 4, 5])
def test_a_form_with_other_boxes_is_never_read_as_if_it_were_known(reader: Reader, boxes: int) -> None:
    sheet = read_sheet(photo_of(lookalike(reader, boxes)), reader)
    assert sheet.verdict is not Verdict.ACCEPTED
    assert sheet.verdict is Verdict.REFUSED or all(
        any(name in finding.fields and finding.severity != "info" for finding in sheet.findings) for name in sheet.fields
    )


def test_an_upside_down_photo_reads_the_same_numbers(reader: Reader) -> None:
    form = reader.catalogue["c-hasil-ppwp-2024"]
    sheet = simulate_sheet(form, "2", Shot(size=(900, 1300)), np.random.default_rng(4), load_pack(), name="a.jpg")
    upright = read_sheet(photo_of(sheet.photo.image), reader)
    turned = read_sheet(photo_of(np.ascontiguousarray(sheet.photo.image[::-1, ::-1])), reader)
    assert values(turned) == values(upright) == sheet.truth.fields
    assert turned.registration is not None
    assert abs(abs(turned.registration.rotation) - 180) < 2


def values(sheet: Sheet) -> dict[str, int | None]:
    return {name: field.value for name, field in sheet.fields.items()}


def test_a_reading_survives_the_journey_through_json(reader: Reader) -> None:
    form = reader.catalogue["c-hasil-ppwp-2024"]
    image = simulate_sheet(form, "3", Shot(size=(900, 1300)), np.random.default_rng(5), load_pack(), name="a.jpg").photo.image
    reading = read_photo(photo_of(image), reader)
    assert reading.registration is not None
    assert Sheet.from_dict(reading.sheet.to_dict()).to_dict() == reading.sheet.to_dict()


def test_blank_boxes_with_a_number_in_the_bubbles_are_never_accepted(reader: Reader) -> None:
    form = reader.catalogue["c-hasil-ppwp-2024"]
    page = form.pages["2"]
    picture = cv2.cvtColor(draw_page(page, pixels_per_mm=PIXELS_PER_MM), cv2.COLOR_GRAY2BGR)
    bubbles = page.fields["paslon_1"].bubbles
    assert bubbles is not None
    for digit, column in zip((1, 2, 3), bubbles.columns, strict=True):
        circle = column[digit]
        centre = (round(circle.x * PIXELS_PER_MM), round(circle.y * PIXELS_PER_MM))
        cv2.circle(picture, centre, round(circle.diameter * PIXELS_PER_MM / 2), (90, 40, 30), -1)
    sheet = read_sheet(replace(photo_of(np.asarray(picture, dtype=np.uint8)), name="bubbles.jpg"), reader)
    assert sheet.verdict is Verdict.REVIEW
    assert sheet.fields["paslon_1"].value is None

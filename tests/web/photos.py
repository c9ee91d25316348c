"""A photo of a page whose places are known, and what was read on it."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from pipeline.forms import load_catalogue
from pipeline.sheet import Field, RegistrationSummary, Sheet, quad_of
from tests.sheets import make_field, make_sheet

FORM = load_catalogue()["c-hasil-ppwp-2024"]
PAGE = FORM.pages["2"]

PIXELS_A_MM = 1.5
LEFT, TOP = 60, 40
"""Pixels of the photo at the left of the page and above it."""

GREEN, BLUE, RED = (0, 160, 0), (0, 0, 200), (200, 0, 0)
"""Colours in the photo, as RGB: of digit boxes, of words, and of all else on the page."""

GPS = 0x8825
SECRET_PLACE = (1.5, 2.5, 3.5)


def jpeg_of_page(*, turns: int = 0, gps: bool = False) -> bytes:
    """A red page on black with green boxes and blue words, turned by quarters; `gps`: the file says where it was taken."""
    width, height = (round(side * PIXELS_A_MM) for side in FORM.paper_mm)
    picture = np.zeros((height + 2 * TOP, width + 2 * LEFT, 3), np.uint8)
    picture[TOP : TOP + height, LEFT : LEFT + width] = RED
    for layout in PAGE.fields.values():
        for rect, colour in ((layout.box_row, GREEN), (layout.words, BLUE)):
            if rect is not None:
                x0, y0, x1, y1 = (round(value * PIXELS_A_MM) for value in (rect.x, rect.y, rect.x1, rect.y1))
                picture[TOP + y0 : TOP + y1, LEFT + x0 : LEFT + x1] = colour
    file = io.BytesIO()
    exif = Image.Exif()
    if gps:
        exif[GPS] = {2: SECRET_PLACE, 4: SECRET_PLACE}
    Image.fromarray(np.rot90(picture, turns)).save(file, "JPEG", quality=95, exif=exif)
    return file.getvalue()


def sheet_of_page(*, turns: int = 0, **changes: object) -> Sheet:
    """What was read on such a photo."""
    width, height = FORM.paper_mm
    fields: dict[str, Field] = {
        name: make_field(7, quad=quad_of(placed(layout.box_row.corners(), turns))) for name, layout in PAGE.fields.items()
    }
    corners = quad_of(placed(np.array([[0, 0], [width, 0], [width, height], [0, height]], float), turns))
    registration = RegistrationSummary("tag", 0.3, -90.0 * turns, corners)
    values = {"form": FORM.id, "page": "2", "fields": fields, "tps": None, "registration": registration}
    return make_sheet(**{**values, **changes})


def placed(points_mm: np.ndarray, turns: int) -> list[list[float]]:
    """Pixels of the photo of points of the page."""
    width, height = (round(side * PIXELS_A_MM) for side in FORM.paper_mm)
    points = points_mm * PIXELS_A_MM + (LEFT, TOP)
    full_width, full_height = width + 2 * LEFT, height + 2 * TOP
    for _ in range(turns % 4):  # a quarter to the left
        points = np.stack([points[:, 1], full_width - points[:, 0]], axis=1)
        full_width, full_height = full_height, full_width
    return points.tolist()

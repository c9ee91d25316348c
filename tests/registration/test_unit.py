"""Pages of any size are laid alike: all of them, drawn and photographed from the front, are told from each other and found."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from pipeline.forms import Page, Rect, draw_page, load_catalogue
from pipeline.registration import Registration, RegistrationPolicy, register
from pipeline.registration.unit import LONGER_SIDE, in_units, units_per_mm

CATALOGUE = load_catalogue()
PAGES = [(form.id, number) for form in CATALOGUE for number in form.pages]
MARGIN = 40
PIXELS_HIGH = 1500


def photo_of(page: Page) -> tuple[np.ndarray, float]:
    """(H, W, 3) BGR picture of the blank page on a grey table, and its pixels per mm."""
    pixels_per_mm = PIXELS_HIGH / max(page.paper_mm)
    paper = draw_page(page, pixels_per_mm=pixels_per_mm)
    picture = cv2.copyMakeBorder(paper, MARGIN, MARGIN, MARGIN, MARGIN, cv2.BORDER_CONSTANT, value=(120,))
    return cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR), pixels_per_mm


@pytest.mark.parametrize(("form", "number"), PAGES)
def test_every_page_of_the_catalogue_is_told_from_all_others_and_laid(form: str, number: str) -> None:
    page = CATALOGUE[form].pages[number]
    image, pixels_per_mm = photo_of(page)
    found = register(image, CATALOGUE, policy=RegistrationPolicy())
    assert isinstance(found, Registration), found
    assert (found.form, found.page) == (form, number)
    boxes = [box for field in page.fields.values() for box in field.boxes]
    centres = np.array([box.centre for box in boxes])
    away = np.linalg.norm(found.to_photo(centres) - (centres * pixels_per_mm + MARGIN), axis=1) / pixels_per_mm
    assert away.max() < 0.1 * boxes[0].width


@pytest.mark.parametrize(("form", "number"), PAGES)
def test_a_page_in_units_is_the_page_made_larger(form: str, number: str) -> None:
    page = CATALOGUE[form].pages[number]
    large = in_units(page)
    factor = units_per_mm(page)
    assert max(large.paper_mm) == pytest.approx(LONGER_SIDE)
    assert [line.length for line in large.lines] == pytest.approx([factor * line.length for line in page.lines])
    assert (large.window is None) == (page.window is None)
    for name, field in page.fields.items():
        widths = [box.width for box in large.fields[name].boxes]
        assert widths == pytest.approx([factor * box.width for box in field.boxes])


def test_the_poster_of_2024_is_its_own_measure() -> None:
    page = CATALOGUE["c-hasil-ppwp-2024"].pages["2"]
    assert in_units(page) == page


def test_window_is_made_larger_too() -> None:
    form, number = next((form, number) for form, number in PAGES if units_per_mm(CATALOGUE[form].pages[number]) != 1.0)
    page = replace(CATALOGUE[form].pages[number], window=Rect(10.0, 20.0, 30.0, 40.0))
    factor = units_per_mm(page)
    assert in_units(page).window == Rect(10.0 * factor, 20.0 * factor, 30.0 * factor, 40.0 * factor)

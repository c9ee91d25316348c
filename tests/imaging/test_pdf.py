"""Pages of PDFs: at the resolution of the picture in them, or large enough to read, and never beyond the limit."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import pytest

from pipeline.imaging import Limits, Photo, Unopened, decode
from pipeline.settings import Settings
from pipeline.sheet import RefusalCode
from tests.imaging.pictures import RED, colours, drawn_pdf, pdf_of


def pages(data: bytes, **limits: float) -> Iterator[Photo | Unopened]:
    return decode(data, name="a.pdf", limits=Limits.of(Settings.model_validate(limits)))


@pytest.mark.parametrize("dpi", [50.0, 72.0, 300.0])
def test_page_of_one_picture_keeps_its_resolution(dpi: float) -> None:
    (page,) = pages(pdf_of([colours(600, 900)], dpi=dpi))
    assert isinstance(page, Photo)
    assert np.allclose(page.image.shape[:2], (600, 900), atol=1)
    assert float(np.abs(page.image[:599, :899].astype(int) - colours(600, 900)[:599, :899]).mean()) < 3


def test_pages_are_numbered_and_share_the_hash_of_the_file() -> None:
    read = list(pages(pdf_of([colours(200, 300), colours(400, 200)])))
    assert [page.name for page in read] == ["a.pdf#page=1", "a.pdf#page=2"]
    assert len({page.sha256 for page in read}) == 1
    shapes = [page.image.shape for page in read if isinstance(page, Photo)]
    assert np.allclose(shapes, [(200, 300, 3), (400, 200, 3)], atol=1)


def test_drawn_page_is_large_enough_to_read() -> None:
    (page,) = pages(drawn_pdf())
    assert isinstance(page, Photo)
    assert page.image.shape[0] == pytest.approx(3500, abs=1)
    assert tuple(page.image[-10, 10]) == (0, 0, 255)
    assert tuple(page.image[10, 10]) == (255, 255, 255)


@pytest.mark.parametrize(("width", "height"), [(14400.0, 14400.0), (1.0, 14400.0), (595.0, 842.0)])
def test_no_page_is_drawn_beyond_the_pixel_limit(width: float, height: float) -> None:
    (page,) = pages(drawn_pdf(width=width, height=height), max_megapixels=2)
    if isinstance(page, Unopened):
        assert page.refusal.code is RefusalCode.TOO_SMALL
    else:
        assert page.image.shape[0] * page.image.shape[1] <= 2e6


def test_picture_beyond_the_limit_is_refused_before_it_is_decoded() -> None:
    (page,) = pages(pdf_of([colours(600, 900)]), max_megapixels=0.5)
    assert isinstance(page, Unopened)
    assert page.refusal.code is RefusalCode.TOO_MANY_PIXELS
    assert page.name == "a.pdf#page=1"


def test_page_without_size_is_refused_and_the_others_are_read() -> None:
    assert tuple(colours()[150, 20]) == RED
    read = list(pages(drawn_pdf(width=0, height=0, pages=2)))
    assert len(read) == 2


@pytest.mark.parametrize("side", [b"5" * 80, b"1e400", b"-5", b"nan"])
def test_page_whose_size_is_no_length_is_refused_or_read_at_another(side: bytes) -> None:
    data = re.sub(rb"/MediaBox \[ 0 0 [0-9.]+", b"/MediaBox [ 0 0 " + side, pdf_of([colours(200, 300)]))
    assert side in data
    (page,) = pages(data)
    if isinstance(page, Unopened):
        assert page.refusal.code in (RefusalCode.DAMAGED_FILE, RefusalCode.TOO_SMALL)
    else:
        assert max(page.image.shape) <= Settings().pdf_long_side_px


def test_picture_without_pixels_is_no_resolution_of_its_page() -> None:
    data = pdf_of([colours(200, 300)])
    assert b"/Width 300" in data
    (page,) = pages(data.replace(b"/Width 300", b"/Width 000"), pdf_long_side_px=1000)
    assert isinstance(page, Photo)
    assert max(page.image.shape) == 1000

"""Real photos of 2024 through the whole recipe: the right page, no wrong number accepted, and none of the other forms taken for it.

The models have seen these papers, so this is no measure of accuracy (`sirekap bench accuracy --out-of-fold` is): it guards what
real paper does to registration, cutting and policy.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.forms import load_catalogue
from pipeline.imaging import Limits, Photo, open_images
from pipeline.read import Reader, read_sheet
from pipeline.settings import Settings
from pipeline.sheet import Sheet, Verdict

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
KNOWN = "c-hasil-ppwp-2024"
CATALOGUE = load_catalogue()
EVERY = 12
"""Every twelfth sheet of a set: two dozen crops of the app, and a few of each other form."""

pytestmark = [pytest.mark.real, pytest.mark.skipif(not DATA.is_dir(), reason="the real photos are not at hand: ../shared/data is missing")]


def truths(*, known: bool) -> list[dict[str, Any]]:
    if not DATA.is_dir():
        return []
    sheets = json.loads((DATA / "truth.json").read_text("utf-8"))["sheets"]
    chosen = [sheet for sheet in sheets if (sheet["form"] == KNOWN if known else sheet["form"] not in CATALOGUE)]
    small = [sheet for sheet in chosen if sheet["set"] in ("chasil-2024-whole", "screen-2024")]
    return small + [sheet for sheet in chosen if sheet not in small][::EVERY]


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader.load(Settings())


def read(image: str, reader: Reader) -> Sheet:
    (photo,) = open_images(DATA / "sheets" / image, name=image, limits=Limits.of(Settings()))
    assert isinstance(photo, Photo)
    return read_sheet(photo, reader)


@pytest.mark.parametrize("truth", truths(known=True), ids=lambda truth: truth["image"])
def test_the_page_is_found_and_nothing_wrong_is_accepted(truth: dict[str, Any], reader: Reader) -> None:
    sheet = read(truth["image"], reader)
    assert (sheet.form, sheet.page) == (KNOWN, truth["page"])
    values = {name: number.value for name, number in sheet.fields.items()}
    assert sheet.verdict is not Verdict.ACCEPTED or values == truth["fields"]


@pytest.mark.parametrize("truth", truths(known=False), ids=lambda truth: truth["image"])
def test_another_form_is_never_taken_for_a_known_one(truth: dict[str, Any], reader: Reader) -> None:
    assert read(truth["image"], reader).verdict is Verdict.REFUSED

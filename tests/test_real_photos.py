"""Real sheets of every form through the whole recipe: the right page, no wrong number accepted, and no unknown form taken for a known one.

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
CATALOGUE = load_catalogue()
EVERY = 24
"""Every 24th sheet of the poster: a dozen crops of the app."""
OTHER_FORMS = (
    "c1-2019/01ACEH_01ACEHBARAT_01ARONGANLAMBALEK_02ALUEBATEE_01_X01.jpg",
    "c1-2019/01ACEH_01ACEHBARAT_01ARONGANLAMBALEK_02ALUEBATEE_01_X02.jpg",
    "c1-2019/01ACEH_01ACEHBARAT_01ARONGANLAMBALEK_07COTKUMBANG_01_X01.jpg",  # upside down
    "c1-2019/01ACEH_01ACEHBARAT_01ARONGANLAMBALEK_08DRIENRAMPAK_01_X01.jpg",  # two boxes off it fits nearly as well
    "c1-2019/01ACEH_01ACEHBARAT_01ARONGANLAMBALEK_08DRIENRAMPAK_01_X02.jpg",  # its heading is nearly that of another form
    "c1-2019/rzwck_test8.jpg",
    "scan-2014/c14_1773007.jpg",
    "scan-2014/c14h1_nunbaun.jpg",
    "plano-2015/pkl15_4217.jpg",
    "plano-2017/dki17_2.jpg",
    "plano-2019/p19_3.jpg",
    "plano-2019/p19_trialrun.jpg",
    "plano-2019/dpr19_pdi.jpg",
    "c-digital/cd_data02.jpg",
    "c-digital/cd_dpr01.jpg",
    "c-digital/cd_pwp02.jpg",  # curled, grey frames beside black lines
)

pytestmark = [pytest.mark.real, pytest.mark.skipif(not DATA.is_dir(), reason="the real photos are not at hand: ../shared/data is missing")]


def truths(*, known: bool) -> list[dict[str, Any]]:
    if not DATA.is_dir():
        return []
    sheets = json.loads((DATA / "truth.json").read_text("utf-8"))["sheets"]
    if not known:
        return [sheet for sheet in sheets if sheet["form"] not in CATALOGUE]
    small = [sheet for sheet in sheets if sheet["set"] in ("chasil-2024-whole", "screen-2024") or sheet["image"] in OTHER_FORMS]
    return small + [sheet for sheet in sheets if sheet["set"] == "gammafest-2024"][::EVERY]


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
    assert (sheet.form, sheet.page) == (truth["form"], str(truth["page"])), sheet.refusal
    values = {name: number.value for name, number in sheet.fields.items()}
    assert sheet.verdict is not Verdict.ACCEPTED or values == truth["fields"]


@pytest.mark.parametrize("truth", truths(known=False), ids=lambda truth: truth["image"])
def test_another_form_is_never_taken_for_a_known_one(truth: dict[str, Any], reader: Reader) -> None:
    assert read(truth["image"], reader).verdict is Verdict.REFUSED


def test_a_scan_on_which_the_print_has_faded_away_is_refused(reader: Reader) -> None:
    assert read("c1-2019/01ACEH_01ACEHBARAT_01ARONGANLAMBALEK_15PANTONMAKMUR_01_X01.jpg", reader).verdict is Verdict.REFUSED

"""Real sheets of all forms at hand are told from each other: the right page or a refusal, never another form."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import pytest

from pipeline.forms import load_catalogue
from pipeline.registration import Registration, RegistrationPolicy, register
from pipeline.sheet import Refusal

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
pytestmark = [pytest.mark.real, pytest.mark.skipif(not DATA.is_dir(), reason="no real sheets: ../shared/data is missing")]

CATALOGUE = load_catalogue()
POLICY = RegistrationPolicy()
RIGHT = (
    "c1-2019/01ACEH_01ACEHBARAT_01ARONGANLAMBALEK_02ALUEBATEE_01_X01.jpg",
    "c1-2019/01ACEH_01ACEHBARAT_01ARONGANLAMBALEK_02ALUEBATEE_01_X02.jpg",
    "c1-2019/01ACEH_01ACEHBARAT_01ARONGANLAMBALEK_07COTKUMBANG_01_X01.jpg",  # upside down
    "c1-2019/01ACEH_01ACEHBARAT_01ARONGANLAMBALEK_08DRIENRAMPAK_01_X01.jpg",  # two boxes off it fits nearly as well
    "plano-2019/p19_3.jpg",
    "plano-2019/p19_trialrun.jpg",
    "plano-2019/dpr19_pdi.jpg",
    "c-digital/cd_data02.jpg",
    "c-digital/cd_dpr01.jpg",
    "c-digital/cd_pwp02.jpg",  # curled, grey frames beside black lines
)


def truth() -> dict[str, dict[str, object]]:
    return {sheet["image"]: sheet for sheet in json.loads((DATA / "truth.json").read_text("utf-8"))["sheets"]}


def registered(image: str) -> Registration | Refusal:
    photo = cv2.imread(str(DATA / "sheets" / image))
    assert photo is not None
    return register(photo, CATALOGUE, policy=POLICY)


@pytest.mark.parametrize("image", RIGHT)
def test_sheet_is_found_to_be_what_it_is(image: str) -> None:
    found, sheet = registered(image), truth()[image]
    assert isinstance(found, Registration), found
    assert (found.form, found.page) == (sheet["form"], str(sheet["page"]))
    assert min(found.frames.values()) > 0.5


def test_forms_that_are_not_in_the_catalogue_are_refused() -> None:
    strangers = [sheet for sheet in truth().values() if sheet["set"] == "unseen-forms"]
    assert len(strangers) == 5
    for sheet in strangers:
        found = registered(str(sheet["image"]))
        assert isinstance(found, Refusal), (sheet["image"], found)


def test_a_scan_on_which_the_print_has_faded_away_is_refused() -> None:
    assert isinstance(registered("c1-2019/01ACEH_01ACEHBARAT_01ARONGANLAMBALEK_15PANTONMAKMUR_01_X01.jpg"), Refusal)

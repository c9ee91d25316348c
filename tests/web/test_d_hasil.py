"""D.Hasil over the web: for whom, of which regions, under which name."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO

import openpyxl
import pypdfium2
import pytest
from sqlalchemy import Engine

from pipeline.sheet import Verdict
from pipeline.store.accounts import Role
from tests.stores import add_photo, add_reading, sheet_saying
from tests.web.conftest import STATION, ClientAs

FORM, COPY = "c-hasil-ppwp-2024", "c-hasil-salinan-ppwp-2024"
DISTRICT = STATION[:6]


@pytest.fixture
def counted(site_store: Engine) -> Engine:
    """A store with a confirmed sheet, one in doubt, and one of another form."""
    with site_store.begin() as connection:
        sheets = ((3, FORM, Verdict.ACCEPTED, 111), (4, FORM, Verdict.REVIEW, 7071), (5, COPY, Verdict.ACCEPTED, 99))
        for number, form, verdict, votes in sheets:
            tps = f"{STATION[:10]}{number:03d}"
            photo = add_photo(connection, f"{tps}.jpg", tps=tps)
            add_reading(connection, photo, replace(sheet_saying(form, "2", paslon_1=votes), verdict=verdict), likeness=None)
    return site_store


def test_paper_is_of_what_is_confirmed(counted: Engine, client_as: ClientAs) -> None:
    answer = client_as(Role.PPK, DISTRICT).get(f"/recap/{DISTRICT}/d-hasil.pdf?form={FORM}")
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"] == f'attachment; filename="D.Hasil-{DISTRICT}-{FORM}.pdf"'
    with pypdfium2.PdfDocument(answer.content) as pdf:
        page = pdf[0]
        text = page.get_textpage()
        said = text.get_text_bounded()
        text.close()
        page.close()
    assert "111" in said
    assert "7.071" not in said
    assert "Bukan hasil resmi" in said


def test_workbook_is_of_the_form_that_was_asked_for(counted: Engine, client_as: ClientAs) -> None:
    answer = client_as(Role.AUDITOR).get(f"/recap/1805/d-hasil.xlsx?form={COPY}")
    assert answer.headers["content-disposition"] == f'attachment; filename="D.Hasil-1805-{COPY}.xlsx"'
    sheet = openpyxl.load_workbook(BytesIO(answer.content)).active
    numbers = {cell.value for line in sheet.iter_rows() for cell in line if isinstance(cell.value, int)}
    assert 99 in numbers
    assert not {111, 7071} & numbers


@pytest.mark.parametrize("suffix", ["pdf", "xlsx"])
def test_only_districts_regencies_and_provinces_have_one(counted: Engine, client_as: ClientAs, suffix: str) -> None:
    client = client_as(Role.NATIONAL)
    expected = {"18": 200, "1805": 200, DISTRICT: 200, "id": 404, STATION[:10]: 404, "17": 404}
    assert {code: client.get(f"/recap/{code}/d-hasil.{suffix}").status_code for code in expected} == expected
    assert client.get(f"/recap/18/d-hasil.{suffix}?form=none").status_code == 404


@pytest.mark.parametrize(
    ("role", "region", "status"),
    [
        (Role.KPPS, STATION, 403), (Role.PPS, STATION[:10], 403), (Role.PPK, DISTRICT, 200), (Role.REGENCY, "1805", 200),
        (Role.PROVINCE, "18", 200), (Role.ADMIN, "", 200), (Role.PPK, "110101", 404),
    ],
)  # fmt: skip
def test_only_those_above_the_villages_get_it(counted: Engine, client_as: ClientAs, role: Role, region: str, status: int) -> None:
    assert client_as(role, region).get(f"/recap/{DISTRICT}/d-hasil.pdf").status_code == status


def test_links_stand_only_where_they_lead_somewhere(counted: Engine, client_as: ClientAs) -> None:
    links = {
        (role, code): f"/recap/{code}/d-hasil.pdf?form={FORM}" in client.get(f"/recap/{code}?form={FORM}").text
        for role, client in ((role, client_as(role, region)) for role, region in ((Role.NATIONAL, ""), (Role.PPS, STATION[:10])))
        for code in ("id", "18", DISTRICT, STATION[:10])
    }
    assert [key for key, shown in links.items() if shown] == [(Role.NATIONAL, "18"), (Role.NATIONAL, DISTRICT)]


def test_store_without_results_has_none(client_as: ClientAs, site_store: Engine) -> None:
    assert client_as(Role.NATIONAL).get("/recap/18/d-hasil.pdf").status_code == 404

"""The pages of recapitulation: from the nation to the photo, with what every number is of and rests on."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from pipeline.sheet import Verdict
from pipeline.store.accounts import Role, deactivate
from pipeline.store.elections import Election, add_election
from pipeline.store.schema import readings, sessions
from pipeline.store.times import text_of
from pipeline.web.pages import live
from tests.stores import add_photo, add_reading, sheet_saying
from tests.web.conftest import ELSEWHERE, STATION, ClientAs

FORM = "c-hasil-ppwp-2024"
ANOTHER = f"{STATION[:10]}004"


@pytest.fixture
def counted(site_store: Engine) -> Engine:
    """A store with a confirmed sheet in two provinces, and one that is in doubt."""
    with site_store.begin() as connection:
        add_election(connection, Election("2024", "Presiden 2024", "2024-02-14", tuple((FORM, page) for page in "123")))
        stations = (
            (STATION, Verdict.ACCEPTED, (111, 22, 3)),
            (ANOTHER, Verdict.REVIEW, (7071, 40, 5)),
            (ELSEWHERE, Verdict.ACCEPTED, (50, 60, 70)),
        )
        for tps, verdict, votes in stations:
            photo = add_photo(connection, f"{tps}.jpg", tps=tps)
            sheet = sheet_saying(FORM, "2", **{f"paslon_{number}": value for number, value in enumerate(votes, start=1)})
            add_reading(connection, photo, replace(sheet, verdict=verdict), likeness=None)
    return site_store


def test_from_the_nation_to_the_photo_in_five_clicks(counted: Engine, client_as: ClientAs) -> None:
    client = client_as(Role.NATIONAL)
    here = client.get("/recap").headers["location"]
    assert here == "/recap/id"
    for code in ("18", "1805", "180508", "1805082001"):
        page = client.get(here).text
        assert f'href="/recap/{code}"' in page
        here = f"/recap/{code}"
    with counted.connect() as connection:
        reading = connection.scalar(sa.select(readings.c.position).order_by(readings.c.position).limit(1))
    assert f'href="/sheets/{reading}"' in client.get(here).text
    assert client.get(f"/sheets/{reading}").status_code == 200


def test_sums_are_of_what_is_confirmed_and_say_of_how_many(counted: Engine, client_as: ClientAs) -> None:
    page = client_as(Role.NATIONAL).get("/recap/id").text
    assert "Bukan hasil resmi" in page
    totals = re.search(r"<tfoot>.*?</tfoot>", page, re.S)
    assert totals
    assert "161" in totals.group()
    assert "82" in totals.group()
    assert "masih dapat berubah" in page  # 13 stations without a confirmed sheet are 3,900 voters


def test_numbers_in_doubt_are_shown_to_those_who_never_type_and_to_nobody_else(counted: Engine, client_as: ClientAs) -> None:
    for code in ("18", "1805082001"):
        assert re.search(r"7[.,]?071", client_as(Role.AUDITOR, name=f"auditor{code}").get(f"/recap/{code}").text)
    for role, region in ((Role.PPS, "1805082001"), (Role.PPK, "180508"), (Role.NATIONAL, "")):
        client = client_as(role, region)
        for code in ("id", "18", "1805", "180508", "1805082001"):
            assert not re.search(r"7[.,]?071", client.get(f"/recap/{code}").text)


def test_nobody_sees_a_region_that_is_not_theirs_or_is_none(counted: Engine, client_as: ClientAs) -> None:
    client = client_as(Role.PPK, "180508")
    assert client.get("/recap").headers["location"] == "/recap/180508"
    assert 'href="/recap/id"' not in client.get("/recap/1805082001").text
    for code in ("id", "18", "1805", "11", "1101012001", "9", "99", "%25"):
        assert client.get(f"/recap/{code}").status_code == 404
    assert client_as(Role.NATIONAL).get("/recap/id?form=none").status_code == 404


def test_store_without_sheets_says_so(client_as: ClientAs, site_store: Engine) -> None:
    assert "belum ada hasil" in client_as(Role.NATIONAL).get("/recap/id").text


def test_live_page_counts_what_came_and_what_became_of_it(counted: Engine, client_as: ClientAs) -> None:
    page = client_as(Role.NATIONAL).get("/live").text
    for count, what in ((3, "foto datang"), (0, "foto belum dibaca"), (1, "lembar di antrean")):
        assert re.search(rf"<b>{count}</b> <span>{what}", page), what
    assert "LAMPUNG" in page
    assert 'href="/recap/18"' in page
    of_district = client_as(Role.PPK, "180508").get("/live").text
    assert of_district.index("Seluruh Indonesia") < of_district.index("<b>3</b> <span>foto datang") < of_district.index("Menurut wilayah")


@pytest.mark.parametrize("end", ["logged out", "deactivated", "expired"])
def test_stream_of_the_live_page_ends_with_the_session(
    counted: Engine, client_as: ClientAs, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    client = client_as(Role.NATIONAL, name="eka")

    async def meanwhile(seconds: float) -> None:
        with counted.begin() as connection:
            if end == "deactivated":
                deactivate(connection, "eka")
            elif end == "logged out":
                connection.execute(sessions.delete())
            else:
                connection.execute(sessions.update().values(expires=text_of(datetime.now(UTC))))

    monkeypatch.setattr(live.anyio, "sleep", meanwhile)
    told = client.get("/live/events").text
    assert told.count("\n\n") == 1
    assert "LAMPUNG" in told
    assert client.get("/live/events").headers["location"].startswith("/login")

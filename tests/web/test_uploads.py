"""Photos are sent for a station of one's own region, kept once by what is in them, and never under the name they came with."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from sqlalchemy import Engine

from pipeline.settings import Settings
from pipeline.sheet import Verdict
from pipeline.store.accounts import Role
from pipeline.store.schema import photos
from pipeline.store.sheets import sheets_of
from pipeline.store.standing import reassign
from pipeline.web.app import create_app
from pipeline.web.policy import FILES_AT_ONCE
from pipeline.web.visit import SESSION_COOKIE
from tests.sheets import make_refused, make_sheet
from tests.stores import add_photo, add_reading
from tests.web.conftest import ELSEWHERE, STATION, ClientAs, TestClient, session_for

JPEG = b"\xff\xd8\xff"
"""How a JPEG file begins."""

OTHER_VILLAGE = "1805082009001"


def send(client: TestClient, *files: tuple[str, bytes], **form: str) -> tuple[int, str]:
    answer = client.post("/upload", files=[("photos", (name, data and JPEG + data, "image/jpeg")) for name, data in files], data=form)
    return answer.status_code, answer.text


@contextmanager
def officer_of(app: FastAPI) -> Iterator[TestClient]:
    """The officer of the station at another server than that of the fixtures."""
    with TestClient(app) as client:
        session = session_for(app.state.site.store, Role.KPPS, STATION)
        client.headers["X-CSRF-Token"] = session.csrf
        client.cookies.set(SESSION_COOKIE, session.token)
        yield client


def there(store: Engine) -> list[tuple[str, str | None]]:
    with store.connect() as connection:
        return [tuple(row) for row in connection.execute(sa.select(photos.c.name, photos.c.tps).order_by(photos.c.position))]


def test_officer_sends_photos_of_the_own_station_whatever_the_form_says(client_as: ClientAs, site_store: Engine) -> None:
    elsewhere = {"tps": ELSEWHERE, "village": ELSEWHERE[:10], "number": "1"}
    status, page = send(client_as(Role.KPPS, STATION), ("a.jpg", b"one"), ("b.jpg", b"two"), **elsewhere)
    assert status == 200
    assert page.count("diterima, menunggu dibaca") == 2
    assert there(site_store) == [(f"{STATION}-a.jpg", STATION), (f"{STATION}-b.jpg", STATION)]


@pytest.mark.parametrize(
    ("role", "region", "form"),
    [
        (Role.PPS, "1805082001", {"village": "1805082001", "number": "3"}),
        (Role.PPK, "180508", {"village": "1805082001", "number": "003"}),
        (Role.REGENCY, "1805", {"tps": STATION}),
        (Role.NATIONAL, "", {"tps": f" {STATION} "}),
    ],
)
def test_operator_sends_photos_of_a_station_of_the_region(
    client_as: ClientAs, site_store: Engine, role: Role, region: str, form: dict[str, str]
) -> None:
    assert send(client_as(role, region), ("a.jpg", b"one"), **form)[0] == 200
    assert [tps for _, tps in there(site_store)] == [STATION]


@pytest.mark.parametrize(
    "form",
    [
        {"tps": ELSEWHERE}, {"tps": OTHER_VILLAGE}, {"tps": "1805082001000"}, {"tps": "18050820010"}, {"tps": "1.80508E+12"}, {},
        {"village": "1101012001", "number": "1"}, {"village": "1805082001", "number": "' OR 1=1 --"}, {"tps": "../../etc/x"},
        {"village": "", "number": "1"},
    ],
)  # fmt: skip
def test_station_that_is_not_of_the_region_is_refused(client_as: ClientAs, site_store: Engine, form: dict[str, str]) -> None:
    assert send(client_as(Role.PPK, "180508"), ("a.jpg", b"one"), **form)[0] == 400
    assert there(site_store) == []


def test_same_photo_is_kept_once_whatever_it_is_called(client_as: ClientAs, site_store: Engine) -> None:
    client = client_as(Role.KPPS, STATION)
    send(client, ("a.jpg", b"one"))
    status, page = send(client, ("again.jpg", b"one"), ("a.jpg", b"two"))
    assert status == 200
    assert page.count("sudah ada sebelumnya") == 1
    assert page.count("diterima, menunggu dibaca") == 1
    assert len(there(site_store)) == 2


def test_photo_of_another_station_stays_there_and_that_is_said(client_as: ClientAs, site_store: Engine) -> None:
    send(client_as(Role.NATIONAL), ("a.jpg", b"one"), tps=ELSEWHERE)
    _, page = send(client_as(Role.KPPS, STATION), ("a.jpg", b"one"))
    assert "Foto yang sama sudah ada untuk TPS lain" in page
    assert ELSEWHERE not in page
    assert [tps for _, tps in there(site_store)] == [ELSEWHERE]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../../etc/passwd", "passwd"), ("..\\..\\windows\\x.jpg", "x.jpg"), ("/etc/shadow", "shadow"), (".", "."),
        ("a\nb.jpg", "a%0Ab.jpg"),
        ("<img src=x onerror=alert(1)>.jpg", "&lt;img src=x onerror=alert(1)&gt;.jpg"), ("x" * 300 + ".jpg", "x" * 96 + ".jpg"),
        ("{{1234*1234}}.jpg", "{{1234*1234}}.jpg"), ("1707912345678.jpg", "1707912345678.jpg"), (f"{ELSEWHERE}.jpg", f"{ELSEWHERE}.jpg"),
    ],
)  # fmt: skip
def test_name_of_a_file_is_only_shown(client_as: ClientAs, site_store: Engine, settings: Settings, name: str, shown: str) -> None:
    before = set(settings.home.parent.rglob("*"))
    status, page = send(client_as(Role.KPPS, STATION), (name, b"one"))
    assert status == 200
    assert f"{STATION}-{shown}" in page
    (kept,) = there(site_store)
    assert kept[1] == STATION, "a name that looks like a station's code says nothing"
    made = [path for path in settings.home.parent.rglob("*") if path not in before and path.is_file()]
    assert {path.name for path in made if "photos" in path.parts} == {hashlib.sha256(JPEG + b"one").hexdigest()}
    assert all(path.is_relative_to(settings.home) for path in made)


def test_what_is_wrong_with_a_file_is_said_of_that_file(client_as: ClientAs, site_store: Engine, app: FastAPI) -> None:
    status, page = send(client_as(Role.KPPS, STATION), ("empty.jpg", b""), ("good.jpg", b"one"))
    assert status == 200
    assert "damaged_file" in page
    assert "Salin ulang atau foto ulang; berkas rusak." in page
    assert len(there(site_store)) == 1
    assert send(client_as(Role.KPPS, STATION, name="lain"), ("empty.jpg", b""))[0] == 422


@pytest.mark.parametrize("data", [b"hello", b"<html>", b"PK\3\4", b"GIF89a", b"#!/bin/sh"])
def test_file_that_is_no_photo_is_refused_at_once(client_as: ClientAs, site_store: Engine, data: bytes) -> None:
    answer = client_as(Role.KPPS, STATION).post("/upload", files=[("photos", ("photo.jpg", data, "image/jpeg"))])
    assert answer.status_code == 422
    assert "Kirim foto JPEG, PNG, WebP, HEIC, atau PDF." in answer.text
    assert there(site_store) == []


def test_form_without_a_file_is_sent_back(client_as: ClientAs) -> None:
    client = client_as(Role.KPPS, STATION)
    assert send(client)[0] == 400
    assert send(client, ("", b"one"))[0] == 400


def test_too_much_at_once_is_refused(settings: Settings) -> None:
    small = create_app(settings.model_copy(update={"max_file_megabytes": 0.01}))
    with officer_of(small) as client:
        status, page = send(client, ("large.jpg", b"x" * 20_000))
        assert status == 422
        assert "too_large" in page
        assert send(client, ("huge.jpg", b"x" * 500_000))[0] == 413
        assert send(client, *[(f"{number}.jpg", b"x") for number in range(FILES_AT_ONCE + 1)])[0] == 400
        assert there(small.state.site.store) == []


def test_reader_is_woken_when_photos_came(settings: Settings) -> None:
    class Woken:
        def __init__(self) -> None:
            self.calls: list[str] = []

        def start(self) -> None:
            self.calls.append("start")

        def wake(self) -> None:
            self.calls.append("wake")

        def stop(self) -> None:
            self.calls.append("stop")

    reader = Woken()
    app = create_app(settings, reader=reader)
    with officer_of(app) as client:
        send(client, ("a.jpg", b"one"))
        send(client, ("a.jpg", b"one"))
    assert reader.calls == ["start", "wake", "stop"]


def test_station_shows_what_became_of_each_photo(client_as: ClientAs, site_store: Engine) -> None:
    with site_store.begin() as connection:
        add_photo(connection, "waits.jpg", tps=STATION)
        add_reading(connection, add_photo(connection, "sure.jpg", tps=STATION), make_sheet(tps=None, verdict=Verdict.ACCEPTED, findings=()))
        add_reading(connection, add_photo(connection, "dark.jpg", tps=STATION), make_refused())
        add_photo(connection, "elsewhere.jpg", tps=ELSEWHERE)
    page = client_as(Role.KPPS, STATION).get(f"/stations/{STATION}").text
    assert "menunggu dibaca" in page
    assert "Diterima" in page
    assert "Foto ulang agar seluruh halaman terlihat" in page
    assert "elsewhere.jpg" not in page
    assert f'hx-get="/stations/{STATION}"' in page
    part = client_as(Role.KPPS, STATION, name="lain").get(f"/stations/{STATION}", headers={"HX-Request": "true"}).text
    assert part.lstrip().startswith("<section")


def test_findings_are_shown_to_the_officer_and_kept_from_who_may_type(client_as: ClientAs, site_store: Engine) -> None:
    with site_store.begin() as connection:
        photo = add_photo(connection, "doubt.jpg", tps=STATION)
        add_reading(connection, photo, make_sheet(tps=None))
        (stored,) = sheets_of(connection, photo.position)
    for path in (f"/stations/{STATION}", f"/sheets/{stored.position}"):
        assert "Ragu; &#34;1&#34;, 7" in client_as(Role.KPPS, STATION, name=f"kpps{len(path)}").get(path).text
        assert "Ragu" not in client_as(Role.PPK, STATION[:6], name=f"ppk{len(path)}").get(path).text


def test_what_other_documents_say_names_nothing_of_other_stations(client_as: ClientAs, site_store: Engine) -> None:
    with site_store.begin() as connection:
        here, there = (add_photo(connection, f"{tps}.jpg", tps=tps) for tps in (STATION, ELSEWHERE))
        for photo in (here, there):
            add_reading(connection, photo, make_sheet(tps=None, verdict=Verdict.ACCEPTED, findings=()))
        (stored,) = sheets_of(connection, here.position)
    assert any(ELSEWHERE in finding.message.id for finding in stored.set_findings)
    officer, auditor = client_as(Role.KPPS, STATION), client_as(Role.AUDITOR)
    for path in (f"/stations/{STATION}", f"/sheets/{stored.position}"):
        assert ELSEWHERE not in officer.get(path).text
        assert "Gambar yang sama" in officer.get(path).text
        assert ELSEWHERE in auditor.get(path).text


def test_moved_photo_is_seen_where_it_is_now(client_as: ClientAs, site_store: Engine) -> None:
    with site_store.begin() as connection:
        photo = add_photo(connection, "moved.jpg", tps=ELSEWHERE)
        add_reading(connection, photo, make_sheet(tps=None))
        (stored,) = sheets_of(connection, photo.position)
    client = client_as(Role.KPPS, STATION)
    assert client.get(f"/sheets/{stored.position}").status_code == 404
    with site_store.begin() as connection:
        reassign(connection, photo.position, STATION, reason="wrong_tps")
    assert client.get(f"/sheets/{stored.position}").status_code == 200

"""Links are made, shown as QR and revoked by those who answer for the station."""

from __future__ import annotations

import re

import pytest
import zxingcpp
from PIL import Image
from sqlalchemy import Engine

from pipeline.store.accounts import Role
from pipeline.store.links import links_of
from tests.web.conftest import ELSEWHERE, STATION, ClientAs, TestClient

VILLAGE = STATION[:10]


@pytest.fixture
def pps(client_as: ClientAs) -> TestClient:
    return client_as(Role.PPS, VILLAGE)


def address_in(page: str) -> str:
    found = re.search(r'class="link-address" readonly value="([^"]+)"', page)
    assert found
    return found[1]


def qr_in(page: str) -> str:
    """What the QR code of a page says: its rectangles drawn as a picture."""
    ((side, path),) = re.findall(r'<svg width="(\d+)".*?<path d="([^"]+)"', page, re.DOTALL)
    picture = Image.new("L", (int(side), int(side)), 255)
    for x, y, width, height in (map(int, one) for one in re.findall(r"M(\d+) (\d+)h(\d+)v(\d+)h-", path)):
        picture.paste(0, (x, y, x + width, y + height))
    (code,) = zxingcpp.read_barcodes(picture)
    return str(code.text)


def test_link_is_made_shown_and_revoked(pps: TestClient, site_store: Engine, visitor: TestClient) -> None:
    where = f"/stations/{STATION}/links"
    assert pps.post(where).headers["location"] == where
    page = pps.get(where).text
    address = address_in(page)
    assert address.startswith("http://testserver/m#masuk=1.")
    assert qr_in(page) == address
    csrf = visitor.get("/m/api/me").json()["csrf"]
    token = address.partition("#masuk=")[2]
    assert visitor.post("/m/api/login", json={"token": token}, headers={"X-CSRF-Token": csrf}).status_code == 200
    assert visitor.get("/m/api/me").json()["officer"]["tps"] == STATION
    assert pps.post(f"{where}/1/revoke").status_code == 303
    page = pps.get(where).text
    assert "dicabut" in page
    assert "masuk=" not in page
    assert visitor.get("/m/api/me").json()["officer"] is None
    with site_store.connect() as connection:
        assert [link.made_by for link in links_of(connection, "")] == [f"pps-{VILLAGE}"]


def test_link_of_another_station_is_not_there(client_as: ClientAs, pps: TestClient) -> None:
    elsewhere = client_as(Role.PPS, ELSEWHERE[:10])
    assert elsewhere.post(f"/stations/{ELSEWHERE}/links").status_code == 303
    assert pps.post(f"/stations/{STATION}/links/1/revoke").status_code == 404
    assert "masuk=" in elsewhere.get(f"/stations/{ELSEWHERE}/links").text


def test_officers_of_a_deactivated_account_get_none(pps: TestClient, client_as: ClientAs) -> None:
    pps.post(f"/stations/{STATION}/links")
    admin = client_as(Role.ADMIN)
    assert admin.post(f"/accounts/kpps-{STATION}/deactivate").status_code == 303
    answer = pps.post(f"/stations/{STATION}/links")
    assert answer.status_code == 409
    assert "dinonaktifkan" in answer.text

"""Anybody can hold a receipt against the ledger, and who has its link sees the copy."""

from __future__ import annotations

import base64

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from fastapi import FastAPI
from sqlalchemy import Engine

from pipeline.sheet import FieldState
from pipeline.store.accounts import Role
from pipeline.store.confirmations import confirm, note
from pipeline.store.decisions import Typed
from pipeline.store.ledger import canonical
from pipeline.store.receipts import Receipt, receipt_at, token_of
from pipeline.store.standing import settle
from tests.stores import add_photo, add_reading, sheet_saying
from tests.web.conftest import STATION, ClientAs, TestClient

FORM = "c-hasil-ppwp-2024"


@pytest.fixture
def receipt(site_store: Engine) -> Receipt:
    """That of a photo of page 2, which was read, corrected by the officer, and waits to be typed."""
    with site_store.begin() as connection:
        photo = add_photo(connection, "a.jpg", tps=STATION)
        add_reading(connection, photo, sheet_saying(FORM, "2", paslon_1=714, paslon_2=20, paslon_3=3))
        confirm(connection, photo.position + 1, account="ani", others={"paslon_1": Typed(FieldState.NUMBER, 774)})
        note(connection, STATION, account="ani", text="listrik padam <b>")
        settle(connection, photo.position)
        found = receipt_at(connection, photo.position)
    assert found is not None
    return found


@pytest.fixture
def token(app: FastAPI, receipt: Receipt) -> str:
    return token_of(receipt, app.state.site.signer)


@pytest.mark.parametrize("asked", ["{}", " {} "])
def test_anybody_sees_by_its_hash_that_a_photo_is_kept_and_no_number(visitor: TestClient, receipt: Receipt, asked: str) -> None:
    answer = visitor.get("/cek", params={"hash": asked.format(receipt.sha256.upper() if asked == " {} " else receipt.sha256)})
    assert answer.status_code == 200
    assert "Foto ini tercatat" in answer.text
    assert receipt.hash in answer.text
    assert "TPS 3" in answer.text
    assert ">714<" not in answer.text


@pytest.mark.parametrize(
    ("asked", "status", "said"), [("0" * 64, 404, "Tidak ada foto"), ("abc", 404, "bukan hash"), ("", 200, "Tempel hash")]
)
def test_what_is_not_kept_is_said(visitor: TestClient, receipt: Receipt, asked: str, status: int, said: str) -> None:
    answer = visitor.get("/cek", params={"hash": asked})
    assert (answer.status_code, said in answer.text) == (status, True)


def test_who_has_the_link_sees_the_numbers_the_officer_s_and_the_notes(visitor: TestClient, receipt: Receipt, token: str) -> None:
    page = visitor.get(f"/cek/{token}").text
    for said in (">714<", ">774<", receipt.sha256, receipt.hash, "TPS 3", "listrik padam &lt;b&gt;", "sah"):
        assert said in page, said


def test_whoever_may_have_to_type_the_sheet_does_not_see_its_numbers_there(client_as: ClientAs, token: str) -> None:
    page = client_as(Role.PPS, STATION[:10]).get(f"/cek/{token}").text
    assert ">714<" not in page
    assert ">774<" not in page
    assert "menunggu diketik" in page
    assert ">714<" in client_as(Role.AUDITOR).get(f"/cek/{token}").text


def test_receipt_that_was_changed_is_none(visitor: TestClient, token: str) -> None:
    position, _, signature = token.partition(".")
    other = "B" if signature[0] == "A" else "A"
    for one in (f"{int(position) + 1}.{signature}", f"{position}.{other}{signature[1:]}", position, "x"):
        for address in (f"/cek/{one}", f"/cek/{one}/foto.jpg"):
            answer = visitor.get(address)
            assert answer.status_code == 404
            assert "bukan dari server ini" in answer.text


def test_signature_can_be_checked_without_this_server(visitor: TestClient, receipt: Receipt, token: str) -> None:
    key = load_pem_public_key(visitor.get("/cek/kunci.pem").content)
    assert isinstance(key, Ed25519PublicKey)
    signature = base64.urlsafe_b64decode(token.partition(".")[2] + "==")
    key.verify(signature, f"sirekap-receipt\n{canonical(receipt.said())}".encode())
    with pytest.raises(InvalidSignature):
        key.verify(signature, f"sirekap-receipt\n{canonical({**receipt.said(), 'position': 99})}".encode())


def test_photo_that_is_not_read_yet_has_a_page_and_no_picture(visitor: TestClient, app: FastAPI, site_store: Engine) -> None:
    with site_store.begin() as connection:
        found = receipt_at(connection, add_photo(connection, "b.jpg", tps=STATION).position)
    assert found is not None
    token = token_of(found, app.state.site.signer)
    assert "menunggu dibaca" in visitor.get(f"/cek/{token}").text
    assert visitor.get(f"/cek/{token}/foto.jpg").status_code == 404

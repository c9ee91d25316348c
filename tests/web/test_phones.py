"""What phones ask of the server: logging in by a link, sending in pieces, the reading, what is said of it, and the receipt."""

from __future__ import annotations

import hashlib
import secrets
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from sqlalchemy import Engine

from pipeline.recap.wording import DOUBTS
from pipeline.regions import TpsCode
from pipeline.sheet import FieldState, FindingCode, RefusalCode
from pipeline.store.accounts import Role
from pipeline.store.decisions import Typed
from pipeline.store.elections import Election, add_election
from pipeline.store.links import Link, make_link, revoke, token_of
from pipeline.store.readings import ReadSheet, StoredPhoto, record
from pipeline.store.schema import photos, queue, readings
from pipeline.store.sheets import sheets_of
from pipeline.store.standing import settle
from pipeline.store.uploads import CHUNK
from pipeline.web.pages import mobile, phones
from pipeline.web.pages.phones import _same
from tests.sheets import make_refused
from tests.stores import add_photo, add_reading, sheet_saying
from tests.web.conftest import ELSEWHERE, STATION, ClientAs, TestClient

FORM = "c-hasil-ppwp-2024"
JPEG = b"\xff\xd8\xff"
PHOTO = JPEG + bytes(range(256)) * 2_500
"""Three pieces."""

JSON = {"Accept": "application/json", "X-TPS": STATION}
"""What the app of a phone of this station sends with everything."""


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def path(data: bytes) -> str:
    return f"/m/api/uploads/{sha(data)}/{len(data)}"


def put(client: TestClient, data: bytes, number: int, *, said: str | None = None, tps: str = STATION) -> Any:
    piece = data[number * CHUNK : (number + 1) * CHUNK]
    headers = {**JSON, "X-TPS": tps, "X-Chunk-SHA256": said or sha(piece)}
    return client.put(f"{path(data)}/{number}", content=piece, headers=headers)


def send(client: TestClient, data: bytes, *, tps: str = STATION, **said: str) -> Any:
    headers = {**JSON, "X-TPS": tps}
    begun = client.post(path(data), json={}, headers=headers).json()
    for number in range(-(-len(data) // CHUNK)):
        if "received" in begun and number not in begun["received"]:
            assert put(client, data, number, tps=tps).status_code == 200
    return client.post(f"{path(data)}/finish", json={"name": "IMG_1.jpg", **said}, headers=headers)


def confirm(client: TestClient, reading: int, others: object, **said: object) -> Any:
    sent = {"others": others, "after": None, "key": secrets.token_urlsafe(), **said}
    return client.post(f"/m/api/sheets/{reading}/confirm", json=sent, headers=JSON)


def write_note(client: TestClient, text: str, key: str = "") -> Any:
    return client.post("/m/api/notes", json={"text": text, "key": key or secrets.token_urlsafe()}, headers=JSON)


def link_to(app: FastAPI, store: Engine, tps: str = STATION, *, until: datetime | None = None) -> tuple[Link, str]:
    with store.begin() as connection:
        link = make_link(connection, TpsCode.parse(tps), made_by="budi", now=datetime.now(UTC), until=until)
    return link, token_of(link, app.state.site.signer)


def log_in_by(client: TestClient, token: str) -> Any:
    csrf = client.get("/m/api/me").json()["csrf"]
    return client.post("/m/api/login", json={"token": token}, headers={"X-CSRF-Token": csrf, **JSON})


@pytest.fixture
def officer(client_as: ClientAs) -> TestClient:
    return client_as(Role.KPPS, STATION)


def read_as(store: Engine, position: int, *, likeness: str = "5a" * 128, **numbers: int | None) -> int:
    """What was read of page 2 on a photo that came; gives the row of the reading."""
    sheet = sheet_saying(FORM, "2", **numbers)
    with store.begin() as connection:
        row = connection.execute(sa.select(photos.c.sha256, photos.c.name).where(photos.c.position == position)).one()
        record(connection, StoredPhoto(position, row.sha256, row.name), [ReadSheet(sheet, likeness)])
        settle(connection, position)
        return connection.execute(sa.select(sa.func.max(readings.c.position))).scalar_one()


def test_link_logs_in_and_its_cookie_lives_as_long_as_it(app: FastAPI, visitor: TestClient, site_store: Engine) -> None:
    with site_store.begin() as connection:
        add_election(connection, Election("2024", "Presiden 2024", "2024-02-14", tuple((FORM, page) for page in "123")))
    _, token = link_to(app, site_store, until=datetime.now(UTC) + timedelta(days=20))
    answer = log_in_by(visitor, token)
    assert answer.status_code == 200
    cookie = next(one for one in answer.headers.get_list("set-cookie") if one.startswith("sirekap_session="))
    assert "HttpOnly" in cookie
    assert 1_727_000 < int(cookie.split("Max-Age=")[1].split(";")[0]) <= 1_728_000
    me = visitor.get("/m/api/me").json()
    assert (me["officer"]["tps"], me["officer"]["number"]) == (STATION, 3)
    assert me["regions"] == ["LAMPUNG", "TULANG BAWANG", "BANJAR AGUNG", "BANJAR AGUNG"]
    assert [(one["form"], one["page"]) for one in me["elections"][0]["pages"]] == [(FORM, page) for page in "123"]
    assert {(tag["form"], tag["page"], tag["id"]) for tag in me["tags"]} >= {(FORM, "1", 101), (FORM, "2", 102), (FORM, "3", 103)}
    assert me["photos"] == []


def test_revoked_ended_and_made_up_links_are_one_clear_sentence(app: FastAPI, visitor: TestClient, site_store: Engine) -> None:
    revoked, token = link_to(app, site_store)
    with site_store.begin() as connection:
        revoke(connection, revoked.id, now=datetime.now(UTC))
    _, ended = link_to(app, site_store, until=datetime.now(UTC) - timedelta(seconds=1))
    for one in (token, ended, "", "x", token[:-4] + "AAAA"):
        answer = log_in_by(visitor, one)
        assert answer.status_code == 403
        assert "Minta tautan baru" in answer.json()["error"]["advice"]["id"]
    assert visitor.get("/m/api/me").json()["officer"] is None


def test_revoking_ends_the_phone_in_the_middle_and_what_came_stays(app: FastAPI, visitor: TestClient, site_store: Engine) -> None:
    link, token = link_to(app, site_store)
    log_in_by(visitor, token)
    visitor.headers["X-CSRF-Token"] = visitor.get("/m/api/me").json()["csrf"]
    visitor.post(path(PHOTO), json={}, headers=JSON)
    put(visitor, PHOTO, 0)
    with site_store.begin() as connection:
        revoke(connection, link.id, now=datetime.now(UTC))
    assert put(visitor, PHOTO, 1).status_code == 401
    _, again = link_to(app, site_store)
    log_in_by(visitor, again)
    visitor.headers["X-CSRF-Token"] = visitor.get("/m/api/me").json()["csrf"]
    assert visitor.post(path(PHOTO), json={}, headers=JSON).json()["received"] == [0]


def test_photo_in_pieces_is_one_photo_with_its_receipt(officer: TestClient, site_store: Engine, app: FastAPI) -> None:
    assert officer.post(path(PHOTO), json={}, headers=JSON).json() == {"chunk": CHUNK, "received": []}
    put(officer, PHOTO, 2)
    assert officer.post(path(PHOTO), json={}, headers=JSON).json()["received"] == [2]
    unfinished = officer.post(f"{path(PHOTO)}/finish", json={}, headers=JSON)
    assert unfinished.status_code == 409
    first = send(officer, PHOTO, page="2").json()["receipt"]
    again, finished_again = send(officer, PHOTO).json()["receipt"], officer.post(path(PHOTO), json={}, headers=JSON).json()["receipt"]
    assert first == again == finished_again
    assert first["sha256"] == sha(PHOTO)
    with site_store.connect() as connection:
        (row,) = connection.execute(sa.select(photos)).all()
        ledger_hash = connection.scalar(sa.text(f"SELECT hash FROM ledger WHERE position = {first['position']}"))
    assert (row.sha256, row.tps, row.page, row.name) == (sha(PHOTO), STATION, "2", f"{STATION}-IMG_1.jpg")
    assert first["hash"] == ledger_hash
    assert app.state.site.photos.get(sha(PHOTO)) == PHOTO
    assert not list(app.state.site.settings.uploads_folder.glob("*/*")), "pieces of a photo that is kept are not"
    assert officer.get(first["link"].removeprefix("http://testserver")).status_code == 200


def test_two_phones_send_the_pieces_of_one_photo_between_them(client_as: ClientAs, site_store: Engine) -> None:
    one = client_as(Role.KPPS, STATION)
    other = client_as(Role.KPPS, STATION, name="second-phone")
    one.post(path(PHOTO), json={}, headers=JSON)
    put(one, PHOTO, 0)
    assert send(other, PHOTO).json()["receipt"] == send(one, PHOTO).json()["receipt"]
    with site_store.connect() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(photos)) == 1


def test_altered_piece_is_refused_and_nothing_is_lost(officer: TestClient) -> None:
    officer.post(path(PHOTO), json={}, headers=JSON)
    put(officer, PHOTO, 0)
    altered = put(officer, PHOTO, 1, said=sha(b"other"))
    assert altered.status_code == 409
    assert "dikirim ulang" in altered.json()["error"]["advice"]["id"]
    assert officer.post(path(PHOTO), json={}, headers=JSON).json()["received"] == [0]
    assert send(officer, PHOTO).status_code == 200


def test_whole_of_another_hash_is_sent_anew(officer: TestClient) -> None:
    wrong = f"/m/api/uploads/{'0' * 64}/{len(PHOTO)}"
    officer.post(wrong, json={}, headers=JSON)
    for number in range(3):
        piece = PHOTO[number * CHUNK : (number + 1) * CHUNK]
        officer.put(f"{wrong}/{number}", content=piece, headers={"X-Chunk-SHA256": sha(piece), **JSON})
    assert officer.post(f"{wrong}/finish", json={}, headers=JSON).status_code == 409
    assert officer.post(wrong, json={}, headers=JSON).json()["received"] == []


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/m/api/uploads/abc/10", 404), (f"/m/api/uploads/{'A' * 64}/10", 404), (f"/m/api/uploads/{'a' * 64}/0", 404),
        (f"/m/api/uploads/{'a' * 64}/-1", 404), (f"/m/api/uploads/{'a' * 64}/x", 404), (f"/m/api/uploads/{'a' * 64}/{10**9}", 413),
        ("/m/api/uploads/..%2f..%2fetc/10", 404),
    ],
)  # fmt: skip
def test_what_cannot_be_a_photo_is_not_announced(officer: TestClient, address: str, status: int) -> None:
    assert officer.post(address, json={}, headers=JSON).status_code == status


def test_pieces_beyond_the_photo_and_bodies_beyond_a_piece_are_refused(officer: TestClient) -> None:
    officer.post(path(PHOTO), json={}, headers=JSON)
    assert put(officer, PHOTO, 3).status_code == 404
    too_long = officer.put(f"{path(PHOTO)}/0", content=bytes(CHUNK + 1), headers={"X-Chunk-SHA256": sha(bytes(CHUNK + 1)), **JSON})
    assert too_long.status_code == 413


def test_file_that_is_no_photo_is_said_to_be_none(officer: TestClient, site_store: Engine) -> None:
    answer = send(officer, b"Ini bukan foto." * 10)
    assert answer.status_code == 422
    assert "JPEG" in answer.json()["error"]["advice"]["en"]
    with site_store.connect() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(photos)) == 0


def test_photo_that_another_station_sent_before_is_said(client_as: ClientAs, officer: TestClient) -> None:
    assert send(client_as(Role.KPPS, ELSEWHERE), PHOTO, tps=ELSEWHERE).status_code == 200
    answer = send(officer, PHOTO)
    assert answer.status_code == 422
    assert "another station" in answer.json()["error"]["advice"]["en"]
    assert ELSEWHERE not in answer.text


def test_full_disk_is_answered_as_something_that_passes(officer: TestClient, app: FastAPI, small_disk: Path) -> None:
    (small_disk / "filler").write_bytes(bytes(200_000))
    app.state.site.uploads._folder = small_disk
    officer.post(path(PHOTO), json={}, headers=JSON)
    client = TestClient(app, headers=dict(officer.headers), cookies=dict(officer.cookies), raise_server_exceptions=False)
    assert put(client, PHOTO, 0).status_code == 503


def test_reading_is_shown_with_what_speaks_against_it_and_what_was_said(officer: TestClient, site_store: Engine) -> None:
    position = send(officer, PHOTO).json()["receipt"]["position"]
    assert officer.get(f"/m/api/photos/{position}").json()["waits"] is True
    reading = read_as(site_store, position, paslon_1=100, paslon_2=20, paslon_3=3)
    (sheet,) = officer.get("/m/api/photos/1").json()["sheets"]
    assert (sheet["reading"], sheet["form"], sheet["page"], sheet["verdict"]["code"]) == (reading, FORM, "2", "accepted")
    first = sheet["numbers"][0]
    assert (first["id"], first["value"], first["state"]) == ("paslon_1", 100, "number")
    assert first["label"]["en"]
    assert sheet["said"] is None
    said = confirm(officer, reading, {"paslon_2": 20}).json()["photo"]["sheets"][0]["said"]
    assert said["others"] == {}, "a number that is as it was read is no other one"
    others = {"paslon_1": 106, "paslon_2": "blank", "paslon_3": "illegible"}
    (sheet,) = confirm(officer, reading, others, after=said["position"]).json()["photo"]["sheets"]
    assert sheet["said"]["others"] == {
        "paslon_1": {"state": "number", "value": 106}, "paslon_2": {"state": "blank", "value": None},
        "paslon_3": {"state": "illegible", "value": None},
    }  # fmt: skip
    assert sheet["verdict"]["code"] == "review"
    assert "officer_differs" in [one["code"] for one in sheet["findings"]]
    with site_store.connect() as connection:
        assert connection.scalar(sa.select(queue.c.reading)) == reading, "a correction is looked at by people"


@pytest.mark.parametrize(
    "others",
    [None, [], "x", {"unknown": 1}, *({"paslon_1": value} for value in (-1, 100_000, "1", True, 1.5, None, "crossed", []))],
)
def test_what_is_no_number_is_not_taken(officer: TestClient, site_store: Engine, others: object) -> None:
    reading = read_as(site_store, send(officer, PHOTO).json()["receipt"]["position"], paslon_1=100)
    answer = confirm(officer, reading, others)
    assert answer.status_code == 400
    assert officer.get("/m/api/photos/1").json()["sheets"][0]["said"] is None


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff"])
def test_body_that_is_no_json_is_a_bad_request(officer: TestClient, body: bytes) -> None:
    assert officer.post("/m/api/notes", content=body, headers=JSON).status_code == 400


def test_crossed_out_is_zero_and_not_another_number() -> None:
    assert _same(Typed(FieldState.NUMBER, 0), Typed(FieldState.CROSSED, 0))
    assert not _same(Typed(FieldState.BLANK, None), Typed(FieldState.ILLEGIBLE, None))


def test_reading_that_was_replaced_is_not_confirmed(officer: TestClient, site_store: Engine) -> None:
    first = read_as(site_store, send(officer, PHOTO).json()["receipt"]["position"], paslon_1=100)
    second = send(officer, PHOTO + b"better").json()["receipt"]["position"]
    read_as(site_store, second, paslon_1=100)
    answer = confirm(officer, first, {})
    assert answer.status_code == 409
    assert "newer photo" in answer.json()["error"]["advice"]["en"]


def test_agreement_of_a_phone_that_has_not_seen_a_correction_does_not_take_it_back(officer: TestClient, site_store: Engine) -> None:
    reading = read_as(site_store, send(officer, PHOTO).json()["receipt"]["position"], paslon_1=100)
    corrected = confirm(officer, reading, {"paslon_1": 106}, key="of-one-phone")
    stale = confirm(officer, reading, {}, key="of-another-phone")
    assert stale.status_code == 409
    assert "Another phone" in stale.json()["error"]["advice"]["en"]
    said = officer.get("/m/api/photos/1").json()["sheets"][0]["said"]
    assert said["others"]["paslon_1"]["value"] == 106
    assert confirm(officer, reading, {"paslon_1": 106}, key="of-one-phone").json() == corrected.json(), "its answer may have been lost"
    assert confirm(officer, reading, {}, key="of-another-phone", after=said["position"]).status_code == 200


@pytest.mark.parametrize("wrong", [{"after": "1"}, {"key": ""}, {"key": None}, {"key": "a" * 65}])
def test_confirmation_that_names_no_moment_is_a_bad_request(officer: TestClient, site_store: Engine, wrong: dict[str, object]) -> None:
    reading = read_as(site_store, send(officer, PHOTO).json()["receipt"]["position"], paslon_1=100)
    assert confirm(officer, reading, {}, **wrong).status_code == 400


def test_finding_that_tells_of_a_sheet_of_another_station_does_not_name_it(
    officer: TestClient, client_as: ClientAs, site_store: Engine
) -> None:
    elsewhere = send(client_as(Role.KPPS, ELSEWHERE), PHOTO + b"1", tps=ELSEWHERE)
    position = send(officer, PHOTO).json()["receipt"]["position"]
    for photo in (elsewhere.json()["receipt"]["position"], position):
        read_as(site_store, photo, paslon_1=100)
    with site_store.connect() as connection:
        (stored,) = sheets_of(connection, position)
    (finding,) = [one for one in stored.set_findings if one.code is FindingCode.NEAR_DUPLICATE]
    assert ELSEWHERE in finding.message.en
    answer = officer.get(f"/m/api/photos/{position}")
    assert DOUBTS[FindingCode.NEAR_DUPLICATE].en in answer.text
    assert ELSEWHERE not in answer.text


def test_refused_photo_says_what_to_do(officer: TestClient, site_store: Engine) -> None:
    with site_store.begin() as connection:
        photo = add_photo(connection, "dark.jpg", tps=STATION)
        add_reading(connection, photo, make_refused(code=RefusalCode.TOO_DARK), likeness=None)
        settle(connection, photo.position)
    (sheet,) = officer.get("/m/api/me").json()["photos"][0]["sheets"]
    assert sheet["refusal"]["code"] == "too_dark"
    assert "light" in sheet["refusal"]["advice"]["en"]
    assert sheet["numbers"] == []


def test_notes_are_kept_for_those_who_review(officer: TestClient, client_as: ClientAs) -> None:
    (kept,) = write_note(officer, "  listrik padam <b>  ", "its-answer-is-lost").json()["notes"]
    assert kept["text"] == "listrik padam <b>"
    assert write_note(officer, "  listrik padam <b>  ", "its-answer-is-lost").json()["notes"] == [kept]
    assert [write_note(officer, text).status_code for text in ("x" * 2001, " ")] == [400, 400]
    assert "listrik padam &lt;b&gt;" in client_as(Role.PPS, STATION[:10]).get(f"/stations/{STATION}").text


def test_note_of_one_phone_does_not_hide_that_of_another(client_as: ClientAs, officer: TestClient) -> None:
    write_note(officer, "saksi 01 keberatan")
    assert write_note(client_as(Role.KPPS, STATION, name="second-phone"), "hujan").status_code == 200
    assert [one["text"] for one in officer.get("/m/api/me").json()["notes"]] == ["saksi 01 keberatan", "hujan"]


def test_half_of_a_sign_and_a_zero_do_not_lose_a_note(officer: TestClient) -> None:
    sent = b'{"text": "saksi \\ud83d keberatan\\u0000", "key": "half-a-sign"}'
    (kept,) = officer.post("/m/api/notes", content=sent, headers=JSON).json()["notes"]
    assert kept["text"] == "saksi \N{REPLACEMENT CHARACTER} keberatan"


def test_what_is_of_one_station_does_not_go_in_under_another(client_as: ClientAs, officer: TestClient, site_store: Engine) -> None:
    """The link of another station was opened, in another window, after the phone began."""
    officer.post(path(PHOTO), json={}, headers=JSON)
    for number in range(3):
        put(officer, PHOTO, number)
    neighbour = client_as(Role.KPPS, ELSEWHERE)
    for answer in (
        neighbour.post(path(PHOTO), json={}, headers=JSON), put(neighbour, PHOTO, 0),
        neighbour.post(f"{path(PHOTO)}/finish", json={}, headers=JSON), write_note(neighbour, "hujan"),
        neighbour.post("/m/api/notes", json={"text": "hujan", "key": "of-no-station"}, headers={"Accept": "application/json"}),
    ):  # fmt: skip
        assert answer.status_code == 409
        assert "another station" in answer.json()["error"]["advice"]["en"]
    assert neighbour.get("/m/api/me").json()["notes"] == []
    assert officer.post(f"{path(PHOTO)}/finish", json={}, headers=JSON).status_code == 200
    with site_store.connect() as connection:
        assert connection.scalars(sa.select(photos.c.tps)).all() == [STATION]


def test_photo_finished_twice_at_once_is_one_photo_of_its_own_bytes(
    officer: TestClient, app: FastAPI, site_store: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second request is at its file when the first one has taken the photo in and removes its pieces."""
    at_their_files, taking_in = threading.Barrier(2), phones.take_in

    def both_first(*arguments: Any, **named: Any) -> Any:
        at_their_files.wait(10)
        return taking_in(*arguments, **named)

    monkeypatch.setattr(phones, "take_in", both_first)
    officer.post(path(PHOTO), json={}, headers=JSON)
    for number in range(3):
        put(officer, PHOTO, number)
    with ThreadPoolExecutor(2) as executor:
        clients = [TestClient(app, headers=dict(officer.headers), cookies=dict(officer.cookies)) for _ in range(2)]
        one, other = executor.map(lambda client: client.post(f"{path(PHOTO)}/finish", json={}, headers=JSON), clients)
    assert one.json()["receipt"] == other.json()["receipt"]
    with site_store.connect() as connection:
        assert connection.execute(sa.select(photos.c.sha256, photos.c.bytes)).all() == [(sha(PHOTO), len(PHOTO))]
    assert app.state.site.photos.get(sha(PHOTO)) == PHOTO
    assert not list(app.state.site.settings.uploads_folder.glob("whole*"))


def test_what_the_phone_keeps_is_under_six_megabytes_and_all_there(visitor: TestClient) -> None:
    sent = 0
    for address in mobile.kept_files():
        with visitor.stream("GET", address) as answer:
            assert answer.status_code == 200, address
            sent += sum(len(part) for part in answer.iter_raw())
    assert 3_500_000 < sent < 6_000_000


def test_worker_alone_may_make_code_of_texts(visitor: TestClient) -> None:
    addresses = [*mobile.kept_files(), "/m/sw.js", "/login"]
    policies = {address: visitor.get(address).headers["content-security-policy"] for address in addresses}
    assert [address for address, policy in policies.items() if "unsafe" in policy] == ["/m/check-worker.js"]
    assert "script-src 'self' 'unsafe-eval'" in policies["/m/check-worker.js"]


def test_service_worker_is_another_one_when_a_file_is(visitor: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = visitor.get("/m/sw.js")
    assert answer.headers["service-worker-allowed"] == "/m"
    changed = {**mobile.kept_files(), "/m": "other"}
    monkeypatch.setattr(mobile, "kept_files", lambda: changed)
    assert visitor.get("/m/sw.js").text != answer.text

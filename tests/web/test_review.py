"""The pages of review: who gets in, that nothing the machine read gets out too early, and what a save on an old lease is answered."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from io import BytesIO
from itertools import cycle
from urllib.parse import urlencode, urlsplit

import openpyxl
import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from sqlalchemy import Engine
from starlette.responses import Response

from pipeline.sheet import FieldState, Finding, FindingCode, Severity, Text, ValueProbability, Verdict
from pipeline.store.accounts import Role
from pipeline.store.decisions import decisions_of, entries_of, standing_decisions
from pipeline.store.elections import Election, add_election
from pipeline.store.queue import Stage, waiting_of
from pipeline.store.schema import queue, queue_reasons, readings
from pipeline.web.pages import live, review
from tests.sheets import make_field
from tests.stores import ANY_PICTURE, add_photo, add_reading, sheet_saying
from tests.web.conftest import ELSEWHERE, STATION, ClientAs

ANOTHER = f"{STATION[:10]}004"
FORM, PAGE = "c-hasil-ppwp-2024", "3"
VILLAGE, DISTRICT = STATION[:10], STATION[:6]
TYPED = {"suara_sah": "217", "suara_tidak_sah": "31", "suara_total": "248"}
SECRETS = ("217", "248", "0.5432", "54", "0.8765", "733")
"""What the machine read, and how sure it is of it: none of it may be in an answer before a person has typed the sheet."""


def read(store: Engine, tps: str | None, *, verdict: Verdict = Verdict.REVIEW, likeness: str | None = None) -> int:
    """A sheet that was read; gives its reading."""
    unsure = Finding(FindingCode.UNSURE, Severity.WARNING, ("suara_sah",), Text("mungkin 217 atau 733", "perhaps 217 or 733"))
    others = (ValueProbability(733, 0.1),)
    fields = {
        name: make_field(int(text), probability=0.8765, alternatives=(ValueProbability(int(text), 0.8765), *others))
        for name, text in TYPED.items()
    }
    sheet = replace(sheet_saying(FORM, PAGE), fields=fields, verdict=verdict, probability=0.5432, findings=(unsure,))
    with store.begin() as connection:
        count = connection.scalar(sa.select(sa.func.count()).select_from(readings)) or 0
        photo = add_photo(connection, f"photo-{count}.jpg", tps=tps)
        add_reading(connection, photo, sheet, likeness=likeness)
        position = connection.scalar(sa.select(readings.c.position).where(readings.c.photo == photo.position))
    assert position is not None
    return position


def stage(store: Engine, reading: int) -> Stage | None:
    with store.connect() as connection:
        return waiting_of(connection, reading)


def claim(client: TestClient, reading: int) -> str:
    """Claims a sheet; gives the address of its page."""
    answer = client.post(f"/review/{reading}/claim")
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def save(client: TestClient, address: str, texts: dict[str, str], **more: str):
    base, _, version = address.rpartition("/")
    return client.post(base, data={**texts, "version": version, **more})


@pytest.fixture
def ani(client_as: ClientAs) -> TestClient:
    return client_as(Role.PPS, VILLAGE, name="ani")


@pytest.fixture
def budi(client_as: ClientAs) -> TestClient:
    return client_as(Role.PPS, VILLAGE, name="budi")


@pytest.fixture
def citra(client_as: ClientAs) -> TestClient:
    return client_as(Role.PPK, DISTRICT, name="citra")


def told(answer: Response) -> str:
    """What an answer says, without times, tokens and hashes, whose digits mean nothing."""
    return re.sub(r"\d{4}-\d\d-\d\dT[\d:.+Z]+|\d\d[.:]\d\d|value=\"[\w-]{40,}\"|X-CSRF-Token[^}]*|[0-9a-f]{12,}", "", answer.text)


def visited(person: TestClient, address: str, others: Sequence[int], *, refused: int) -> list[tuple[int, Response]]:
    """Every answer that a person gets who has claimed a sheet to type it, and looks for what others read there: as it should be, and is.

    `refused` is how the person is kept from deciding it.
    """
    base, _, version = address.rpartition("/")
    reading = int(base.split("/")[2])
    pages = [
        "/", "/review", "/review?reason=unsure", "/review?form=" + FORM, address, "/live", "/live/events", f"/recap/{VILLAGE}",
        f"/stations/{STATION}", f"/stations/{ANOTHER}", *(f"/sheets/{one}" for one in (reading, *others)),
    ]  # fmt: skip
    return [
        *((200, person.get(page)) for page in pages),
        *((404, person.get(f"/sheets/{one}/overlay.jpg")) for one in (reading, *others)),
        (422, save(person, address, {"suara_sah": "x", "suara_tidak_sah": "6", "suara_total": "7"})),
        (200, person.post(f"/review/{reading}/renew", data={"version": version})),
        (refused, person.get(f"/review/{reading}/resolve/{version}")),
        (refused, person.post(f"/review/{reading}/sums", data={"version": version})),
        (refused, person.post(f"/review/{reading}/resolve", data={"version": version, "outcome": "as_written"})),
        (refused, person.post(f"/review/{reading}/undo", data={"reason": "x"})),
    ]  # fmt: skip


def test_nothing_that_others_read_is_in_any_answer_before_the_sheet_is_typed(
    ani: TestClient, budi: TestClient, citra: TestClient, client_as: ClientAs, site_store: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns = cycle([True, None])
    monkeypatch.setattr(live, "SECONDS", 0)
    monkeypatch.setattr(live, "session_of", lambda *_, **__: next(turns))  # a stream ends after its first event
    older, reading, marked = read(site_store, STATION), read(site_store, STATION), read(site_store, ANOTHER, verdict=Verdict.ACCEPTED)
    assert client_as(Role.PPK, DISTRICT, name="dewi").post(f"/review/{marked}/doubt", data={"sign": "7"}).status_code == 303
    for person, refused in ((ani, 403), (citra, 409)):
        address = claim(person, reading)
        for status, answer in visited(person, address, [older, marked], refused=refused):
            assert answer.status_code == status, str(answer.url)
            for secret in SECRETS:
                assert not re.search(rf"(?<![\d.]){re.escape(secret)}(?![\d.])", told(answer)), (str(answer.url), secret)
        assert person.post(f"/review/{reading}/release").status_code == 303
    save(ani, claim(ani, reading), {"suara_sah": "218", "suara_tidak_sah": "32", "suara_total": "250"})
    assert stage(site_store, reading) is Stage.KEY_AGAIN
    for person, refused in ((budi, 403), (citra, 409)):
        address = claim(person, reading)
        for status, answer in visited(person, address, [older, marked], refused=refused):
            assert answer.status_code == status, str(answer.url)
            for secret in (*SECRETS, "218", "250", "ani"):
                assert not re.search(rf"(?<![\w.]){re.escape(secret)}(?![\w.])", told(answer)), (str(answer.url), secret)
        assert person.post(f"/review/{reading}/release").status_code == 303


def test_two_people_type_a_sheet_and_a_third_decides(ani: TestClient, budi: TestClient, citra: TestClient, site_store: Engine) -> None:
    reading = read(site_store, STATION)
    assert save(ani, claim(ani, reading), {**TYPED, "suara_sah": "218"}).status_code == 303
    assert stage(site_store, reading) is Stage.KEY_AGAIN
    assert ani.post(f"/review/{reading}/claim").status_code == 409
    save(budi, claim(budi, reading), {**TYPED, "suara_sah": "219"})
    assert stage(site_store, reading) is Stage.RESOLVE
    assert budi.post(f"/review/{reading}/claim").status_code == 409
    address = claim(citra, reading)
    page = citra.get(address).text
    for shown in ("217", "218", "219", "733", "ani", "budi"):
        assert shown in page
    assert "checked" not in page
    assert not re.search(r'<input id="d-[^>]* value="[^"]', page)
    version = address.rpartition("/")[2]
    sums = citra.post(f"/review/{reading}/sums", data={**TYPED, "version": version})
    assert "dua ratus tujuh belas" in sums.text
    assert "✓" in sums.text
    refused = save(citra, address, {**TYPED, "suara_sah": "200"}, outcome="as_written")
    assert refused.status_code == 422
    assert 'value="200"' in refused.text
    assert save(citra, address, TYPED, outcome="as_written").status_code == 422  # nobody typed 217
    assert save(citra, address, TYPED, outcome="as_written", reason="angka 7 yang miring").status_code == 303
    with site_store.connect() as connection:
        assert standing_decisions(connection, [reading])[reading].account == "citra"
    assert citra.post(f"/review/{reading}/undo", data={"reason": ""}).status_code == 409
    assert citra.post(f"/review/{reading}/undo", data={"reason": "salah foto"}).status_code == 303
    assert stage(site_store, reading) is Stage.RESOLVE


def test_save_on_an_old_lease_is_a_conflict_and_records_nothing(ani: TestClient, site_store: Engine) -> None:
    reading = read(site_store, STATION)
    first = claim(ani, reading)
    second = claim(ani, reading)
    assert first != second
    assert save(ani, first, TYPED).status_code == 409
    assert stage(site_store, reading) is Stage.KEY
    assert save(ani, second, TYPED).status_code == 303
    assert save(ani, second, TYPED).status_code == 409
    assert stage(site_store, reading) is None
    with site_store.connect() as connection:
        assert len(decisions_of(connection, reading)) == 1


def test_nobody_saves_on_the_lease_of_another(ani: TestClient, budi: TestClient, site_store: Engine) -> None:
    reading = read(site_store, STATION)
    address = claim(ani, reading)
    assert budi.get(address).status_code == 409
    assert save(budi, address, TYPED).status_code == 409
    assert budi.post(f"/review/{reading}/claim").status_code == 409
    assert ani.post(f"/review/{reading}/release").status_code == 303
    assert budi.post(f"/review/{reading}/claim").status_code == 303


def test_sheet_of_another_region_does_not_exist(ani: TestClient, citra: TestClient, site_store: Engine) -> None:
    reading, unknown = read(site_store, ELSEWHERE), read(site_store, None)
    for client in (ani, citra):
        for one in (reading, unknown, 999_999):
            assert client.post(f"/review/{one}/claim").status_code == 404
            assert client.get(f"/review/{one}/key/1").status_code == 404
    assert ELSEWHERE not in ani.get("/review").text


def test_next_sheet_is_claimed_at_once_and_the_queue_shown_when_there_is_none(ani: TestClient, site_store: Engine) -> None:
    reading = read(site_store, STATION)
    answer = ani.post("/review/next", data={"region": "", "reason": "unsure"})
    assert answer.headers["location"].startswith(f"/review/{reading}/key/")
    address, _, query = answer.headers["location"].partition("?")
    assert query == "reason=unsure"
    assert save(ani, address, TYPED).headers["location"] == "/review"
    assert ani.post("/review/next").headers["location"] == "/review"


def test_filters_are_kept_from_one_sheet_to_the_next(ani: TestClient, site_store: Engine) -> None:
    elsewhere, *here = read(site_store, STATION), read(site_store, ANOTHER), read(site_store, ANOTHER[:10] + "005")
    chosen = {"region": VILLAGE, "reason": "unsure", "form": FORM}
    with site_store.begin() as connection:  # the one that was not asked for would come first
        connection.execute(queue.update().where(queue.c.reading == elsewhere).values(priority=1e6))
        connection.execute(queue_reasons.update().where(queue_reasons.c.reading == elsewhere).values(reason="corrected"))
    location = ani.post("/review/next", data=chosen).headers["location"]
    for reading in here:
        address = urlsplit(location)
        assert address.path.startswith(f"/review/{reading}/key/")
        sent = dict(re.findall(r'<input type="hidden" name="(region|reason|form|check)" value="([^"]*)">', ani.get(location).text))
        assert sent == chosen
        assert sent == dict(re.findall(r'name="(region|reason|form)" value="([^"]*)">', save(ani, address.path, {}, **sent).text))
        location = save(ani, address.path, TYPED, **sent).headers["location"]
    assert location == f"/review?{urlencode(chosen)}"


@pytest.mark.parametrize("number", ["9" * 19, "9" * 400, "-1", "x", "1.5"])
def test_number_that_no_database_can_hold_names_nothing(citra: TestClient, site_store: Engine, number: str) -> None:
    reading = read(site_store, STATION)
    paths = (
        f"/review/{number}/key/1", f"/review/{reading}/key/{number}", f"/review/{reading}/resolve/{number}", f"/sheets/{number}",
        f"/photos/{number}/original", f"/review?start={number}", f"/review/contact/1?before={number}",
        f"/sheets/{reading}/box/a/{number}.jpg",
    )  # fmt: skip
    for path in paths:
        assert citra.get(path).status_code in ({200, 409, 404, 403} if number == "-1" else {404, 403}), path
    for what in ("key", "renew", "resolve", "sums"):
        assert citra.post(f"/review/{reading}/{what}", data={"version": number}).status_code == 409, what


def test_typing_mode_asks_with_text_fields_that_show_nothing(ani: TestClient, site_store: Engine) -> None:
    page = ani.get(claim(ani, read(site_store, STATION))).text
    inputs = re.findall(r"<input id=\"n-[^>]*>", page)
    assert len(inputs) == 3
    for one in inputs:
        assert 'type="text"' in one
        assert 'value=""' in one


def test_escalated_sheet_waits_for_a_decision_with_what_was_typed(ani: TestClient, citra: TestClient, site_store: Engine) -> None:
    reading = read(site_store, STATION)
    save(ani, claim(ani, reading), {"suara_sah": "217"}, action="escalate")
    assert stage(site_store, reading) is Stage.RESOLVE
    assert "ani" in citra.get(claim(citra, reading)).text


def test_sheet_is_sent_to_another_station_with_a_reason(ani: TestClient, citra: TestClient, site_store: Engine) -> None:
    reading = read(site_store, STATION)
    save(ani, claim(ani, reading), {}, action="escalate")
    address = claim(citra, reading)
    for tps, reason in (("123", "x"), ("9999999999001", "x"), (STATION, "x"), (ELSEWHERE, "x"), (ANOTHER, "")):
        assert save(citra, address, {}, outcome="wrong_tps", tps=tps, reason=reason).status_code == 422
    assert save(citra, address, {}, outcome="wrong_tps", tps=ANOTHER, reason="kepala formulir").status_code == 303
    assert "Batalkan keputusan" in citra.get(f"/sheets/{reading}").text
    assert citra.post(f"/review/{reading}/undo", data={"reason": "TPS semula benar"}).status_code == 303
    address = claim(citra, reading)
    assert save(citra, address, {}, outcome="wrong_tps", tps="", reason="kepala formulir tidak terbaca").status_code == 303
    assert citra.post(f"/review/{reading}/claim").status_code == 404


def test_contact_sheet_sends_the_odd_box_to_the_queue(citra: TestClient, site_store: Engine) -> None:
    reading = read(site_store, STATION, verdict=Verdict.ACCEPTED)
    page = citra.get("/review/contact/7").text
    assert f"/review/{reading}/doubt" in page
    assert citra.get("/review/contact/77").status_code == 404
    sent = citra.post(f"/review/{reading}/doubt", data={"sign": "7", "field": "suara_sah", "place": "2"})
    assert sent.headers["location"] == "/review/contact/7"
    assert stage(site_store, reading) is Stage.KEY
    assert f"/review/{reading}/doubt" not in citra.get("/review/contact/7").text


def test_people_are_measured_for_ppk_and_above_only(ani: TestClient, citra: TestClient, site_store: Engine) -> None:
    save(ani, claim(ani, read(site_store, STATION)), TYPED)
    assert "ani" in citra.get("/review/people").text
    assert ani.get("/review/people").status_code == 403


def test_crossed_blank_and_illegible_are_typed_as_signs(ani: TestClient, site_store: Engine) -> None:
    reading = read(site_store, STATION)
    save(ani, claim(ani, reading), {"suara_sah": "*", "suara_tidak_sah": "-", "suara_total": "/"})
    with site_store.connect() as connection:
        (entry,) = entries_of(connection, reading)
    assert [typed.state for typed in entry.numbers.values()] == [FieldState.CROSSED, FieldState.BLANK, FieldState.ILLEGIBLE]


def test_who_decides_sees_the_numbers_of_another_document_once_it_need_not_be_typed(
    ani: TestClient, citra: TestClient, site_store: Engine
) -> None:
    copy = "c-hasil-salinan-ppwp-2024"
    with site_store.begin() as connection:
        add_election(connection, Election("2024", "Presiden 2024", "2024-02-14", ((FORM, PAGE), (copy, "2"))))
        for form, page, total in ((FORM, PAGE, 248), (copy, "2", 6789)):
            photo = add_photo(connection, f"{form}.jpg", tps=STATION)
            sheet = replace(sheet_saying(form, page, suara_total=total), verdict=Verdict.REVIEW)
            add_reading(connection, photo, sheet, likeness=None)
        poster, other = connection.scalars(sa.select(readings.c.position).order_by(readings.c.position)).all()
    save(ani, claim(ani, poster), {}, action="escalate")
    address = claim(citra, poster)
    assert "Dokumen berbeda" in citra.get(address).text
    assert "6789" not in citra.get(address).text
    save(ani, claim(ani, other), {}, action="escalate")
    assert "6789" in citra.get(address).text


@pytest.mark.parametrize(("copied_for", "seen"), [(ANOTHER, True), (ELSEWHERE, False), (None, False)])
def test_which_station_a_copy_was_sent_for_is_told_who_decides_when_nobody_need_type_it_and_it_is_of_the_region(
    ani: TestClient, citra: TestClient, client_as: ClientAs, site_store: Engine, copied_for: str | None, seen: bool
) -> None:
    reading, copy = (read(site_store, tps, likeness=ANY_PICTURE) for tps in (STATION, copied_for))
    sentence = "Gambar yang sama dengan photo-1.jpg"
    save(ani, claim(ani, reading), {}, action="escalate")
    address = claim(citra, reading)
    for page in (address, f"/sheets/{reading}"):
        assert "Gambar yang sama" in citra.get(page).text
        assert sentence not in citra.get(page).text
    ani.post(f"/review/{copy}/release")  # where it is of her village, it came next
    nation = client_as(Role.NATIONAL, name="eka")
    save(nation, claim(nation, copy), {}, action="escalate")
    for page in (address, f"/sheets/{reading}"):
        assert (sentence in citra.get(page).text) is seen


def test_nothing_tells_a_known_sheet_from_one_that_waits(
    ani: TestClient, citra: TestClient, site_store: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = read(site_store, STATION)
    save(ani, claim(ani, known), TYPED)
    assert all("217" in told(citra.get(page)) for page in (f"/recap/{VILLAGE}", f"/sheets/{known}"))
    assert {217, 248} <= in_d_hasil(citra)
    waits = read(site_store, ANOTHER)
    monkeypatch.setattr(review.secrets, "randbelow", lambda _: 0)
    address = citra.post("/review/next").headers["location"]
    assert address.startswith(f"/review/{known}/key/")
    pages = [*(f"/recap/{code}" for code in (DISTRICT, VILLAGE)), f"/sheets/{known}", f"/stations/{STATION}", address]
    for page in pages:
        answer = told(citra.get(page))
        assert not re.search(r"(?<!\d)(217|248|31)(?!\d)|disepakati|(?<!\w)ani(?!\w)", answer), page
    assert "0 diputuskan orang; 2 lagi masih ragu" in citra.get(f"/recap/{VILLAGE}").text
    in_queue = citra.get(f"/review?region={VILLAGE}&reason=unsure&form={FORM}").text
    listed = re.findall(r"<tr>(.*?)</tr>", in_queue, re.S)[1:]
    rows = [re.sub(r'<span class="badge">sedang dikerjakan</span>|\d+|\W', "", row) for row in listed]
    assert len(rows) == 2
    assert rows[0] == rows[1]
    assert "<b>2</b> <span>menunggu pengetik pertama" in in_queue
    assert "<b>1</b> <span>menunggu pengetik pertama" in citra.get(f"/review?region={ANOTHER}").text
    again = claim(citra, known)
    assert again.startswith(f"/review/{known}/key/")
    assert (citra.get(address).status_code, citra.get(again).status_code) == (409, 200)
    told_of = [re.findall(r"<b>[^<]*</b>|badge \w+|<button[^>]*>", citra.get(f"/sheets/{one}").text) for one in (known, waits)]
    assert told_of[0] == told_of[1]
    assert not {217, 248} & in_d_hasil(citra)


def in_d_hasil(person: TestClient) -> set[object]:
    """What stands in the cells of the D.Hasil of the district."""
    book = openpyxl.load_workbook(BytesIO(person.get(f"/recap/{DISTRICT}/d-hasil.xlsx").content))
    return {cell.value for sheet in book for row in sheet for cell in row}

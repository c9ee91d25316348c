"""The pages of review: who gets in, that nothing the machine read gets out too early, and what a save on an old lease is answered."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from pipeline.sheet import FieldState, Finding, FindingCode, Severity, Text, ValueProbability, Verdict
from pipeline.store.accounts import Role
from pipeline.store.decisions import decisions_of, entries_of, standing_decisions
from pipeline.store.elections import Election, add_election
from pipeline.store.queue import Stage, waiting_of
from pipeline.store.schema import readings
from tests.sheets import make_field
from tests.stores import add_photo, add_reading, sheet_saying
from tests.web.conftest import ELSEWHERE, STATION, ClientAs

FORM, PAGE = "c-hasil-ppwp-2024", "3"
VILLAGE, DISTRICT = STATION[:10], STATION[:6]
TYPED = {"suara_sah": "217", "suara_tidak_sah": "31", "suara_total": "248"}
SECRETS = ("217", "248", "0.5432", "54", "0.8765", "733")
"""What the machine read, and how sure it is of it: none of it may be in an answer before a person has typed the sheet."""


def read(store: Engine, tps: str | None, *, verdict: Verdict = Verdict.REVIEW) -> int:
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
        add_reading(connection, photo, sheet, likeness=None)
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


def test_nothing_that_the_machine_read_is_in_any_answer_before_the_sheet_is_typed(
    ani: TestClient, site_store: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading = read(site_store, STATION)
    address = claim(ani, reading)
    version = address.rpartition("/")[2]
    seen = [
        ani.get("/"), ani.get("/review"), ani.get("/review?reason=unsure"), ani.get(address), ani.get("/live"),
        save(ani, address, {**TYPED, "suara_sah": "x"}), ani.post(f"/review/{reading}/renew", data={"version": version}),
        ani.get(f"/sheets/{reading}"), ani.get(f"/stations/{STATION}"), ani.get(f"/review/{reading}/resolve/{version}"),
        ani.post(f"/review/{reading}/sums", data={"version": version}),
    ]  # fmt: skip
    assert [answer.status_code for answer in seen][:7] == [200, 200, 200, 200, 200, 422, 200]
    for answer in seen[:5] + seen[6:]:
        told = re.sub(r"\d{4}-\d\d-\d\dT[\d:.+Z]+|value=\"[\w-]{40,}\"|X-CSRF-Token[^}]*", "", answer.text)
        for secret in SECRETS:
            assert not re.search(rf"(?<![\d.]){re.escape(secret)}(?![\d.])", told), (str(answer.url), secret)


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
    assert save(citra, address, TYPED, outcome="as_written").status_code == 303
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
    assert save(ani, answer.headers["location"], TYPED).headers["location"] == "/review"
    assert ani.post("/review/next").headers["location"] == "/review"


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
    for tps, reason in (("123", "x"), ("9999999999001", "x"), (STATION, "x"), (ELSEWHERE, "")):
        assert save(citra, address, {}, outcome="wrong_tps", tps=tps, reason=reason).status_code == 422
    assert save(citra, address, {}, outcome="wrong_tps", tps=ELSEWHERE, reason="kepala formulir").status_code == 303
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

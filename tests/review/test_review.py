"""From the queue to the decision: who gets which sheet, what comes of what they type, and what is kept of it."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from pipeline.forms import Catalogue, load_catalogue
from pipeline.regions import Region, TpsCode
from pipeline.review.acceptance import DECIDED
from pipeline.review.claims import (
    KEYING,
    RESOLVING,
    Claim,
    Filters,
    StaleError,
    claim_next,
    claim_one,
    counted,
    listed,
    release,
    renew,
    shown_as_new,
)
from pipeline.review.contact import contact_sheet
from pipeline.review.history import history
from pipeline.review.keying import TypingError, parse, submit, task
from pipeline.review.resolution import Problem, ResolutionError, case_of, doubt, resolve, send_elsewhere, undo
from pipeline.review.reviewers import reviewers
from pipeline.sheet import FieldState, Finding, FindingCode, Severity, Text, Verdict
from pipeline.store import entries, verify
from pipeline.store.accounts import Account, Role
from pipeline.store.decisions import Outcome, decisions_of, entries_of, standing_decisions
from pipeline.store.ledger import Head
from pipeline.store.links import make_link, revoke
from pipeline.store.queue import Stage, waiting_of
from pipeline.store.regions import import_regions
from pipeline.store.schema import accounts, queue, readings, totals
from pipeline.store.sheets import sheet_at
from pipeline.store.standing import reassign
from pipeline.store.views import check_views
from tests.sheets import make_field
from tests.stores import add_photo, add_reading, sheet_saying

FORM, PAGE = "c-hasil-ppwp-2024", "3"
HERE, THERE, ELSEWHERE = "1805082001001", "1805082001002", "1805092001001"
NOON = datetime(2024, 2, 14, 12, tzinfo=UTC)
RIGHT = {"suara_sah": "200", "suara_tidak_sah": "5", "suara_total": "205"}


def person(name: str, role: Role, region: str) -> Account:
    return Account(0, name, role, region)


ANI, BUDI = person("ani", Role.PPS, "1805082001"), person("budi", Role.PPS, "1805082001")
CITRA = person("citra", Role.PPK, "180508")
DEWI = person("dewi", Role.PPK, "180509")
FITRI = person("fitri", Role.NATIONAL, "")


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return load_catalogue()


@pytest.fixture
def store(store: sa.Engine) -> sa.Engine:
    """A store with two districts and the accounts of four people."""
    table = [Region("18", "LAMPUNG", None), Region("1805", "TULANG BAWANG", None)]
    table += [Region("180508", "BANJAR AGUNG", None), Region("180509", "GEDUNG AJI", None)]
    with store.begin() as connection:
        import_regions(connection, [*table, Region("1805082001", "A", 5), Region("1805092001", "B", 5)])
        for one in (ANI, BUDI, CITRA, DEWI):
            connection.execute(accounts.insert().values(name=one.name, role=one.role.value, region=one.region, password="", active=True))
    return store


def read(store: sa.Engine, tps: str | None, *, verdict: Verdict = Verdict.REVIEW, probability: float = 0.5, **numbers: int | None) -> int:
    """A sheet that was read; gives its reading."""
    said = numbers or {"suara_sah": 200, "suara_tidak_sah": 5, "suara_total": 205}
    unsure = Finding(FindingCode.UNSURE, Severity.WARNING, ("suara_sah",), Text("ragu", "unsure"))
    sheet = replace(
        sheet_saying(FORM, PAGE, **said), verdict=verdict, probability=probability, findings=(unsure,) if verdict is Verdict.REVIEW else ()
    )
    with store.begin() as connection:
        count = connection.scalar(sa.select(sa.func.count()).select_from(readings)) or 0
        photo = add_photo(connection, f"{tps}-{count}", tps=tps)
        add_reading(connection, photo, sheet, likeness=None)
        position = connection.scalar(sa.select(readings.c.position).where(readings.c.photo == photo.position))
    assert position is not None
    return position


def claimed(store: sa.Engine, account: Account, reading: int, *, at: datetime = NOON) -> Claim:
    stages = RESOLVING if account.role is Role.PPK else KEYING
    with store.begin() as connection:
        return claim_one(connection, account, stages, reading, now=at)


def keyed(store: sa.Engine, account: Account, reading: int, catalogue: Catalogue, texts: dict[str, str] | None = None, **more: bool) -> str:
    """One person claims a sheet and types it."""
    with store.begin() as connection:
        claim = claim_one(connection, account, KEYING, reading, now=NOON)
        return submit(connection, account, claim, RIGHT if texts is None else texts, catalogue, now=NOON + timedelta(seconds=20), **more)


def next_of(store: sa.Engine, account: Account, filters: Filters | None = None, *, draw: float = 1.0) -> int | None:
    with store.begin() as connection:
        claim = claim_next(connection, account, KEYING, filters or Filters(), now=NOON, known_draw=draw, known_share=0.03)
    return claim and claim.reading


def stage(store: sa.Engine, reading: int) -> Stage | None:
    with store.connect() as connection:
        assert isinstance(verify(entries(connection)), Head)
        assert check_views(connection) is None
        return waiting_of(connection, reading)


def summed(connection: sa.Connection) -> dict[str, int]:
    """How many sheets the sums of the nation are of, by what their numbers rest on."""
    rows = connection.execute(sa.select(totals).where(totals.c.region == "", totals.c.form != ""))
    return {row.evidence: row.sheets for row in rows}


def test_only_what_is_in_doubt_waits_and_what_matters_most_comes_first(store: sa.Engine) -> None:
    accepted = read(store, HERE, verdict=Verdict.ACCEPTED)
    little = read(store, THERE, probability=0.9)
    much = read(store, "1805082001003", probability=0.1)
    assert stage(store, accepted) is None
    with store.connect() as connection:
        assert [one.reading for one in listed(connection, CITRA, Filters(), now=NOON, limit=9)] == [much, little]
        assert counted(connection, CITRA, Filters()) == {Stage.KEY: 2}
        assert connection.scalar(sa.select(queue.c.priority).where(queue.c.reading == much)) == pytest.approx(0.9 * 205)


def test_what_is_contradicted_comes_before_what_the_machine_is_nearly_sure_of(store: sa.Engine, catalogue: Catalogue) -> None:
    nearly_sure = read(store, HERE, probability=0.9)
    marked = read(store, THERE, verdict=Verdict.ACCEPTED, probability=0.999)
    typed = read(store, "1805082001003", probability=0.999)
    with store.begin() as connection:
        doubt(connection, CITRA, marked, "looks like a 7")
    keyed(store, ANI, typed, catalogue, {**RIGHT, "suara_sah": "201"})
    with store.connect() as connection:
        weights = {one.reading: one.priority for one in listed(connection, CITRA, Filters(), now=NOON, limit=9)}
    assert weights == {marked: 0.5 * 205, typed: 0.5 * 205, nearly_sure: pytest.approx(0.1 * 205)}


@pytest.mark.parametrize(("states", "votes"), [((), 205), ((FieldState.ILLEGIBLE,), 300), ((FieldState.BLANK,), 205)])
def test_number_that_cannot_be_read_may_be_of_as_many_votes_as_a_station_has(
    store: sa.Engine, states: tuple[FieldState, ...], votes: int
) -> None:
    unread = {f"unread_{state}": make_field(None, state=state) for state in states}
    sheet = sheet_saying(FORM, PAGE, suara_sah=200, suara_total=205)
    with store.begin() as connection:
        photo = add_photo(connection, "a.jpg", tps=HERE)
        sheet = replace(sheet, fields={**sheet.fields, **unread}, verdict=Verdict.REVIEW, probability=0.5)
        add_reading(connection, photo, sheet, likeness=None)
        assert connection.scalar(sa.select(queue.c.priority)) == pytest.approx(0.5 * votes)


def test_nobody_gets_a_sheet_of_another_region_or_one_that_somebody_else_has(store: sa.Engine) -> None:
    first, second = read(store, HERE, probability=0.1), read(store, THERE)
    read(store, ELSEWHERE, probability=0.2)
    unknown = read(store, None, probability=0.0)
    assert next_of(store, ANI) == first
    assert next_of(store, BUDI) == second
    assert next_of(store, ANI) == first  # hers already
    assert next_of(store, person("eka", Role.PPS, "1805082001")) is None
    assert next_of(store, person("fitri", Role.NATIONAL, "")) == unknown
    with store.begin() as connection, pytest.raises(StaleError):
        claim_one(connection, DEWI, KEYING, first, now=NOON + timedelta(hours=1))


@pytest.mark.parametrize("sheets", [1, 2])
def test_two_people_who_claim_at_the_same_moment_do_not_get_the_same_sheet(store: sa.Engine, sheets: int) -> None:
    there = [read(store, tps) for tps in (HERE, THERE)[:sheets]]
    both = threading.Barrier(2)

    def claims(account: Account) -> int | None:
        both.wait()
        return next_of(store, account)

    with ThreadPoolExecutor(2) as people:
        for _ in range(5):
            got = list(people.map(claims, (ANI, BUDI)))
            assert sorted(reading for reading in got if reading is not None) == there
            with store.begin() as connection:
                for account, reading in zip((ANI, BUDI), got, strict=True):
                    release(connection, account, reading or 0)


def test_two_people_who_open_the_same_sheet_at_the_same_moment_do_not_both_get_it(store: sa.Engine) -> None:
    reading, both = read(store, HERE), threading.Barrier(2)

    def opens(account: Account) -> Claim | None:
        both.wait()
        try:
            return claimed(store, account, reading)
        except StaleError:
            return None

    with ThreadPoolExecutor(2) as people:
        got = list(people.map(opens, (ANI, BUDI)))
    assert [claim is None for claim in got].count(True) == 1


def test_filters_ask_for_a_region_a_reason_a_form_and_a_check(store: sa.Engine) -> None:
    reading = read(store, HERE)
    for filters in (Filters(region="1805082001"), Filters(reason="unsure"), Filters(form=FORM)):
        assert next_of(store, CITRA, filters) == reading
    for filters in (Filters(region="1805082002"), Filters(reason="corrected"), Filters(form="x"), Filters(check="E7"), Filters(region="%")):
        assert next_of(store, CITRA, filters) is None


def test_machine_and_one_person_who_agree_decide_a_sheet(store: sa.Engine, catalogue: Catalogue) -> None:
    reading = read(store, HERE)
    assert keyed(store, ANI, reading, catalogue) == DECIDED
    assert stage(store, reading) is None
    with store.connect() as connection:
        decision = standing_decisions(connection, [reading])[reading]
        assert {name: typed.value for name, typed in decision.numbers.items()} == {name: int(text) for name, text in RIGHT.items()}
        assert decision.account is None
        assert [entry.account for entry in entries_of(connection, reading)] == ["ani"]


def test_what_one_person_contradicts_another_types_and_a_third_decides(store: sa.Engine, catalogue: Catalogue) -> None:
    reading = read(store, HERE)
    assert keyed(store, ANI, reading, catalogue, {**RIGHT, "suara_sah": "201"}) == Stage.KEY_AGAIN
    with store.begin() as connection, pytest.raises(StaleError):
        claim_one(connection, ANI, KEYING, reading, now=NOON)  # not twice the same person
    with store.begin() as connection:
        asked = task(connection, claim_one(connection, BUDI, KEYING, reading, now=NOON), catalogue)
    assert set(asked.fields) == set(RIGHT)  # the sum of what is settled does not close, so all of it is open
    assert keyed(store, BUDI, reading, catalogue, {**RIGHT, "suara_sah": "202"}) == Stage.RESOLVE
    claim = claimed(store, CITRA, reading)
    with store.begin() as connection:
        resolve(connection, CITRA, claim, Outcome.AS_WRITTEN, RIGHT, "the tail of the 0 is a crease", catalogue, now=NOON)
    assert stage(store, reading) is None
    with store.connect() as connection:
        assert standing_decisions(connection, [reading])[reading].account == "citra"


def test_who_typed_a_sheet_does_not_decide_it(store: sa.Engine, catalogue: Catalogue) -> None:
    reading = read(store, HERE)
    assert keyed(store, CITRA, reading, catalogue, escalate=True) == Stage.RESOLVE
    with store.begin() as connection, pytest.raises(StaleError):
        claim_one(connection, CITRA, RESOLVING, reading, now=NOON)
    claimed(store, person("gita", Role.PPK, "180508"), reading)


def test_nothing_and_nonsense_are_named_and_nothing_is_recorded(store: sa.Engine, catalogue: Catalogue) -> None:
    reading = read(store, HERE)
    with pytest.raises(TypingError) as error:
        keyed(store, ANI, reading, catalogue, {"suara_sah": "", "suara_tidak_sah": "5e2", "suara_total": "-"})
    assert error.value.fields == ("suara_sah", "suara_tidak_sah")
    with store.connect() as connection:
        assert entries_of(connection, reading) == []


def test_what_was_typed_on_an_old_lease_or_twice_is_stale(store: sa.Engine, catalogue: Catalogue) -> None:
    reading = read(store, HERE)
    claim = claimed(store, ANI, reading)
    for late in (NOON + timedelta(minutes=3), NOON + timedelta(hours=1)):
        with store.begin() as connection, pytest.raises(StaleError):
            submit(connection, ANI, claim, RIGHT, catalogue, now=late)
    with store.begin() as connection:
        assert renew(connection, ANI, reading, claim.version, now=NOON + timedelta(minutes=2)) == NOON + timedelta(minutes=5)
    with store.begin() as connection, pytest.raises(StaleError):
        submit(connection, BUDI, claim, RIGHT, catalogue, now=NOON)  # another's lease
    with store.begin() as connection:
        assert submit(connection, ANI, claim, RIGHT, catalogue, now=NOON + timedelta(minutes=4)) == DECIDED
    with store.begin() as connection, pytest.raises(StaleError):
        submit(connection, ANI, claim, RIGHT, catalogue, now=NOON + timedelta(minutes=4))


def test_lease_that_ended_goes_to_the_next_and_the_first_cannot_save_any_more(store: sa.Engine, catalogue: Catalogue) -> None:
    reading = read(store, HERE)
    first = claimed(store, ANI, reading)
    later = NOON + timedelta(minutes=4)
    claimed(store, BUDI, reading, at=later)
    with store.begin() as connection, pytest.raises(StaleError):
        submit(connection, ANI, first, RIGHT, catalogue, now=later)
    with store.begin() as connection:
        release(connection, BUDI, reading)
        assert claim_one(connection, ANI, KEYING, reading, now=later).version > first.version


def test_paper_that_does_not_add_up_is_recorded_as_written_with_a_reason(store: sa.Engine, catalogue: Catalogue) -> None:
    reading = read(store, HERE, suara_sah=200, suara_tidak_sah=5, suara_total=215)
    wrong = {**RIGHT, "suara_total": "215"}
    for account in (ANI, BUDI):
        keyed(store, account, reading, catalogue, wrong)
    claim = claimed(store, CITRA, reading)
    attempts = [
        (Outcome.AS_WRITTEN, wrong, "", Problem.DOES_NOT_ADD_UP),
        (Outcome.PAPER_WRONG, wrong, " ", Problem.REASON_MISSING),
        (Outcome.AS_WRITTEN, RIGHT, "", Problem.CONTRADICTS_KEYERS),
        (Outcome.PAPER_WRONG, RIGHT, "why", Problem.ADDS_UP),
        (Outcome.PAPER_WRONG, wrong, "x" * 501, Problem.REASON_TOO_LONG),
    ]
    for outcome, numbers, reason, problem in attempts:
        with store.begin() as connection, pytest.raises(ResolutionError) as error:
            resolve(connection, CITRA, claim, outcome, numbers, reason, catalogue, now=NOON)
        assert error.value.problem is problem
    with store.begin() as connection:
        resolve(connection, CITRA, claim, Outcome.PAPER_WRONG, wrong, "the total was added up wrongly", catalogue, now=NOON)
    with store.connect() as connection:
        decision = standing_decisions(connection, [reading])[reading]
    assert (decision.outcome, decision.reason) == (Outcome.PAPER_WRONG, "the total was added up wrongly")
    assert decision.numbers["suara_total"].value == 215


def test_decision_for_what_nobody_typed_or_against_what_was_agreed_needs_a_reason(store: sa.Engine, catalogue: Catalogue) -> None:
    reading = read(store, HERE, suara_sah=200, suara_tidak_sah=0, suara_total=200)
    keyed(store, ANI, reading, catalogue, {"suara_sah": "200", "suara_tidak_sah": "*", "suara_total": "201"})
    keyed(store, BUDI, reading, catalogue, {"suara_sah": "202", "suara_tidak_sah": "2", "suara_total": "203"})
    claim = claimed(store, CITRA, reading)
    attempts = [
        ({"suara_sah": "200", "suara_tidak_sah": "*", "suara_total": "200"}, ("suara_total",)),  # nobody typed 200
        ({"suara_sah": "202", "suara_tidak_sah": "*", "suara_total": "202"}, ("suara_sah", "suara_total")),  # machine and ani agree on 200
        ({"suara_sah": "200", "suara_tidak_sah": "-", "suara_total": "201"}, ("suara_tidak_sah",)),  # crossed out is not blank
        ({"suara_sah": "200", "suara_tidak_sah": "0", "suara_total": "201"}, ("suara_tidak_sah",)),  # nor a written zero
    ]
    for numbers, about in attempts:
        with store.begin() as connection:
            assert case_of(connection, reading, catalogue).contradicted(parse(numbers, tuple(RIGHT))) == about
    with store.begin() as connection, pytest.raises(ResolutionError) as error:
        resolve(connection, CITRA, claim, Outcome.AS_WRITTEN, attempts[0][0], "", catalogue, now=NOON)
    assert (error.value.problem, error.value.fields) == (Problem.CONTRADICTS_KEYERS, ("suara_total",))
    with store.begin() as connection:
        resolve(connection, CITRA, claim, Outcome.AS_WRITTEN, attempts[0][0], "the 1 is a stain", catalogue, now=NOON)
    assert stage(store, reading) is None


def test_sheet_of_another_station_is_decided_there(store: sa.Engine, catalogue: Catalogue) -> None:
    reading = read(store, HERE)
    keyed(store, ANI, reading, catalogue, escalate=True)
    claim = claimed(store, CITRA, reading)
    for tps, problem in ((HERE, Problem.SAME_TPS), (ELSEWHERE, Problem.OTHER_REGION)):
        with store.begin() as connection, pytest.raises(ResolutionError) as error:
            send_elsewhere(connection, CITRA, claim, TpsCode.parse(tps), "wrong", catalogue, now=NOON)
        assert error.value.problem is problem
    with store.begin() as connection:
        send_elsewhere(connection, CITRA, claim, None, "another district, by its header", catalogue, now=NOON)
    claim = resolving(store, FITRI, reading)
    with store.begin() as connection:
        send_elsewhere(connection, FITRI, claim, TpsCode.parse(ELSEWHERE), "its header says so", catalogue, now=NOON)
    assert stage(store, reading) is Stage.RESOLVE
    with store.connect() as connection:
        assert connection.scalar(sa.select(queue.c.tps).where(queue.c.reading == reading)) == ELSEWHERE
        assert standing_decisions(connection, [reading]) == {}
    claim = claimed(store, DEWI, reading)
    with store.begin() as connection:
        resolve(connection, DEWI, claim, Outcome.AS_WRITTEN, RIGHT, "by the photo", catalogue, now=NOON)
    assert stage(store, reading) is None


def test_sheet_takes_no_place_at_another_station_where_people_have_decided_the_page(store: sa.Engine, catalogue: Catalogue) -> None:
    there, moved = read(store, THERE), read(store, HERE)
    keyed(store, ANI, there, catalogue)
    keyed(store, ANI, moved, catalogue, escalate=True)
    claim = claimed(store, CITRA, moved)
    with store.begin() as connection, pytest.raises(ResolutionError) as error:
        send_elsewhere(connection, CITRA, claim, TpsCode.parse(THERE), "its header says so", catalogue, now=NOON)
    assert error.value.problem is Problem.DECIDED_THERE
    with store.begin() as connection:
        assert sheet_at(connection, there).superseded is None
        undo(connection, CITRA, there, "the one of this station comes now")
        send_elsewhere(connection, CITRA, claim, TpsCode.parse(THERE), "its header says so", catalogue, now=NOON)
        assert sheet_at(connection, there).superseded is not None


def test_that_a_sheet_is_of_another_station_can_be_undone(store: sa.Engine, catalogue: Catalogue) -> None:
    first, moved = read(store, HERE), read(store, HERE)
    keyed(store, ANI, moved, catalogue, escalate=True)
    with store.begin() as connection:
        claim = claim_one(connection, CITRA, RESOLVING, moved, now=NOON)
        send_elsewhere(connection, CITRA, claim, TpsCode.parse(THERE), "its header says so", catalogue, now=NOON)
        assert sheet_at(connection, first).superseded is None
        claim = claim_one(connection, CITRA, RESOLVING, moved, now=NOON)
        resolve(connection, CITRA, claim, Outcome.AS_WRITTEN, RIGHT, "by the photo", catalogue, now=NOON)
    for tps in (THERE, HERE):  # first the decision on its numbers, then that it is of that station
        with store.begin() as connection:
            assert sheet_at(connection, moved).tps == THERE
            undo(connection, CITRA, moved, "it was right before")
            assert sheet_at(connection, moved).tps == tps
        assert stage(store, moved) is Stage.RESOLVE
    with store.connect() as connection:
        assert sheet_at(connection, first).superseded is not None
    with store.begin() as connection, pytest.raises(ResolutionError) as error:
        undo(connection, CITRA, moved, "once more")
    assert error.value.problem is Problem.NOTHING_TO_UNDO


def test_move_to_the_unknown_is_undone_by_who_answers_for_it_and_none_after_another_move(store: sa.Engine, catalogue: Catalogue) -> None:
    reading = read(store, HERE)
    keyed(store, ANI, reading, catalogue, escalate=True)
    claim = claimed(store, CITRA, reading)
    with store.begin() as connection:
        send_elsewhere(connection, CITRA, claim, None, "no header", catalogue, now=NOON)
    with store.begin() as connection, pytest.raises(ResolutionError) as error:
        undo(connection, DEWI, reading, "not hers")
    assert error.value.problem is Problem.OTHER_REGION
    with store.begin() as connection:
        photo = sheet_at(connection, reading).photo
        reassign(connection, photo, THERE, reason="qr")
    with store.begin() as connection, pytest.raises(ResolutionError) as error:
        undo(connection, FITRI, reading, "moved since")
    assert error.value.problem is Problem.NOTHING_TO_UNDO
    assert stage(store, reading) is Stage.RESOLVE


def resolving(store: sa.Engine, account: Account, reading: int) -> Claim:
    with store.begin() as connection:
        return claim_one(connection, account, RESOLVING, reading, now=NOON)


def test_undo_is_an_event_of_its_own_and_the_sheet_is_decided_anew(store: sa.Engine, catalogue: Catalogue) -> None:
    reading = read(store, HERE)
    keyed(store, ANI, reading, catalogue)
    with store.begin() as connection, pytest.raises(ResolutionError):
        undo(connection, CITRA, reading, "")
    with store.begin() as connection:
        undo(connection, CITRA, reading, "the photo is of a rehearsal")
    assert stage(store, reading) is Stage.RESOLVE
    with store.begin() as connection, pytest.raises(ResolutionError):
        undo(connection, CITRA, reading, "again")
    with store.connect() as connection:
        assert [one.kind.value for one in decisions_of(connection, reading)] == ["agreed", "undo"]


def test_photo_that_comes_later_takes_the_sheet_out_of_the_queue(store: sa.Engine) -> None:
    first = read(store, HERE)
    second = read(store, HERE, verdict=Verdict.ACCEPTED)
    assert stage(store, first) is None
    assert stage(store, second) is None


def test_odd_box_of_a_contact_sheet_sends_its_sheet_to_people_and_accepts_nothing(store: sa.Engine, catalogue: Catalogue) -> None:
    reading, other = read(store, HERE, verdict=Verdict.ACCEPTED), read(store, THERE)
    with store.begin() as connection:
        shown = contact_sheet(connection, CITRA, "2")
        assert {box.reading for box in shown.boxes} == {reading}
        assert [(box.field, box.place) for box in shown.boxes] == [("suara_sah", 0), ("suara_total", 0)]
        assert summed(connection) == {"checked": 1, "read": 1}
        doubt(connection, CITRA, reading, "looks like a 7")
        assert summed(connection) == {"read": 2}
        assert contact_sheet(connection, CITRA, "2").boxes == ()
        assert contact_sheet(connection, DEWI, "2").boxes == ()
    assert stage(store, reading) is Stage.KEY
    assert keyed(store, ANI, reading, catalogue) == DECIDED
    with store.connect() as connection:
        assert summed(connection) == {"decided": 1, "read": 1}
    with store.begin() as connection, pytest.raises(ResolutionError):
        doubt(connection, CITRA, reading, "decided by people")
    with store.begin() as connection, pytest.raises(ResolutionError):
        doubt(connection, CITRA, other, "in the queue")
    assert stage(store, other) is Stage.KEY
    with store.connect() as connection, pytest.raises(ValueError, match="12"):
        contact_sheet(connection, CITRA, "12")


def test_known_sheet_measures_the_person_and_changes_nothing(store: sa.Engine, catalogue: Catalogue) -> None:
    reading = read(store, HERE)
    keyed(store, ANI, reading, catalogue)
    waiting = read(store, THERE)
    assert next_of(store, ANI, draw=0.0) == waiting  # she typed the decided one
    assert next_of(store, BUDI, draw=0.0) is None  # it would be the only one
    read(store, "1805082001003")
    with store.begin() as connection:
        claim = claim_next(connection, BUDI, KEYING, Filters(), now=NOON, known_draw=0.0, known_share=0.03)
        assert claim is not None
        assert (claim.reading, claim.known) == (reading, True)
        assert shown_as_new(connection, BUDI) == reading
        assert set(task(connection, claim, catalogue).fields) == set(RIGHT)
        submit(connection, BUDI, claim, {**RIGHT, "suara_sah": "700"}, catalogue, now=NOON + timedelta(seconds=9))
    with store.connect() as connection:
        assert [entry.account for entry in entries_of(connection, reading)] == ["ani"]
        assert reading in standing_decisions(connection, [reading])
        assert shown_as_new(connection, BUDI) is None
        known = {one.name: one for one in reviewers(connection, CITRA)}
    assert (known["budi"].known_numbers, known["budi"].wrong, known["budi"].error_rate) == (3, 1, pytest.approx(1 / 3))
    assert known["budi"].median_seconds == 9
    assert (known["ani"].sheets, known["ani"].error_rate, known["ani"].interval) == (1, None, (0.0, 1.0))
    assert reviewers_of(store, DEWI) == []


def test_known_sheet_is_one_that_was_asked_for_and_that_the_person_has_not_decided(store: sa.Engine, catalogue: Catalogue) -> None:
    decided = read(store, HERE)
    keyed(store, ANI, decided, catalogue, escalate=True)
    claim = claimed(store, CITRA, decided)
    with store.begin() as connection:
        resolve(connection, CITRA, claim, Outcome.AS_WRITTEN, RIGHT, "", catalogue, now=NOON)
    waiting = read(store, THERE)
    assert next_of(store, CITRA, draw=0.0) == waiting
    with store.begin() as connection:
        release(connection, CITRA, waiting)
    for filters in (Filters(region=THERE), Filters(form="x"), Filters(reason="corrected"), Filters(check="E12")):
        assert next_of(store, BUDI, filters, draw=0.0) in (waiting, None)
    for filters in (Filters(), Filters(region="1805082001"), Filters(form=FORM, reason="unsure")):
        assert next_of(store, BUDI, filters, draw=0.0) == decided


def test_who_has_seen_what_was_read_of_a_sheet_does_not_type_it(store: sa.Engine, catalogue: Catalogue) -> None:
    reading = read(store, HERE, verdict=Verdict.ACCEPTED)
    with store.begin() as connection:
        doubt(connection, CITRA, reading, "looks like a 7")
    assert next_of(store, CITRA) is None
    with store.begin() as connection, pytest.raises(StaleError):
        claim_one(connection, CITRA, KEYING, reading, now=NOON)
    assert keyed(store, ANI, reading, catalogue, {**RIGHT, "suara_sah": "201"}) == Stage.KEY_AGAIN
    assert next_of(store, CITRA) is None
    assert keyed(store, BUDI, reading, catalogue, {**RIGHT, "suara_sah": "202"}) == Stage.RESOLVE
    claimed(store, CITRA, reading)  # who decides sees it all


def test_who_made_a_link_that_lets_officers_in_does_not_type_the_sheets_of_their_station(store: sa.Engine) -> None:
    past = NOON - timedelta(days=400)
    with store.begin() as connection:
        before = make_link(connection, TpsCode.parse(HERE), made_by="budi", now=past)
        revoke(connection, before.id, now=past)
        make_link(connection, TpsCode.parse(THERE), made_by="budi", now=past, until=past)
        made = make_link(connection, TpsCode.parse(HERE), made_by="ani", now=past, until=datetime(2100, 1, 1, tzinfo=UTC))
    here, there = read(store, HERE, probability=0.1), read(store, THERE)
    assert next_of(store, ANI) == there
    with store.begin() as connection:
        release(connection, ANI, there)
        revoke(connection, made.id, now=datetime(2099, 1, 1, tzinfo=UTC))
    assert next_of(store, ANI) == there  # she could have looked before
    assert next_of(store, BUDI) == here  # his links had ended when it was read


def test_claim_to_decide_is_none_to_type_and_the_other_way_round(store: sa.Engine, catalogue: Catalogue) -> None:
    typed, decided = read(store, HERE), read(store, THERE)
    keyed(store, ANI, decided, catalogue, escalate=True)
    with store.begin() as connection:
        to_type = claim_one(connection, CITRA, KEYING, typed, now=NOON)
        to_decide = claim_one(connection, CITRA, RESOLVING, decided, now=NOON)
    with store.begin() as connection, pytest.raises(StaleError):
        submit(connection, CITRA, to_decide, RIGHT, catalogue, now=NOON)
    with store.begin() as connection, pytest.raises(StaleError):
        resolve(connection, CITRA, to_type, Outcome.AS_WRITTEN, RIGHT, "", catalogue, now=NOON)
    with store.begin() as connection, pytest.raises(StaleError):
        send_elsewhere(connection, CITRA, to_type, None, "its header", catalogue, now=NOON)
    assert (stage(store, typed), stage(store, decided)) == (Stage.KEY, Stage.RESOLVE)


def reviewers_of(store: sa.Engine, account: Account) -> list[object]:
    with store.connect() as connection:
        return list(reviewers(connection, account))


def test_case_holds_everything_that_is_known_of_a_sheet(store: sa.Engine, catalogue: Catalogue) -> None:
    reading = read(store, HERE)
    keyed(store, ANI, reading, catalogue, {**RIGHT, "suara_sah": "201"})
    with store.connect() as connection:
        case = case_of(connection, reading, catalogue)
    assert [entry.account for entry in case.entries] == ["ani"]
    assert [check.id for check in case.checks]
    assert case.stored.tps == HERE


def test_history_tells_who_did_what_and_when_with_the_hash_of_the_ledger(store: sa.Engine, catalogue: Catalogue) -> None:
    reading = read(store, HERE)
    keyed(store, ANI, reading, catalogue)
    with store.begin() as connection:
        undo(connection, CITRA, reading, "rehearsal")
    claim = claimed(store, person("gita", Role.PPK, "180508"), reading)
    with store.begin() as connection:
        send_elsewhere(connection, person("gita", Role.PPK, "180508"), claim, None, "no header", catalogue, now=NOON)
        told = history(connection, reading)
        kept = {entry.position: entry.hash for entry in entries(connection)}
    what = [(event.happening.value, event.account) for event in told]
    assert what == [
        ("came", None), ("read", None), ("typed", "ani"), ("agreed", None), ("undone", "citra"), ("resolved", "gita"), ("moved", None),
    ]  # fmt: skip
    assert all(kept[event.position] == event.hash for event in told)
    assert told[4].undoes == told[3].position
    assert told[2].numbers["suara_sah"].value == 200
    assert told[5].outcome is Outcome.WRONG_TPS

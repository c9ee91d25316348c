"""Of several photos of a page the last one stands; what the documents of a station, and of others, say against each other is found."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import sqlalchemy as sa

from pipeline.regions import Region
from pipeline.sheet import FieldState, FindingCode, Severity, Sheet, StationCode, Verdict
from pipeline.store import entries, verify
from pipeline.store.confirmations import confirm
from pipeline.store.database import StoreError
from pipeline.store.decisions import DecisionKind, Outcome, Typed, tell_decision
from pipeline.store.elections import Election, add_election, all_elections, arrivals
from pipeline.store.ledger import Head, Kind
from pipeline.store.readings import ReadSheet, StoredPhoto, record
from pipeline.store.regions import import_regions
from pipeline.store.results import results_of
from pipeline.store.sheets import StoredSheet, stored_sheets
from pipeline.store.standing import reassign, settle
from pipeline.store.views import check_views
from tests.sheets import make_field, make_refused
from tests.stores import ANY_PICTURE, add_photo, add_reading, sheet_saying

HERE, THERE = "1805082001010", "1805082001011"
POSTER, COPY = "c-hasil-ppwp-2024", "c-hasil-salinan-ppwp-2024"
OTHER_PICTURE = "a5" * 128


@pytest.fixture
def store(store: sa.Engine) -> sa.Engine:
    """A store with one village of eleven stations and an election of which each makes three sheets."""
    table = [Region("18", "LAMPUNG", None), Region("1805", "TULANG BAWANG", None), Region("180508", "BANJAR AGUNG", None)]
    with store.begin() as connection:
        import_regions(connection, [*table, Region("1805082001", "BANJAR AGUNG", 11)])
        add_election(connection, Election("pilpres-2024", "Presiden 2024", "2024-02-14", ((POSTER, "2"), (POSTER, "3"), (COPY, "1"))))
    return store


def came(store: sa.Engine, name: str, *sheets: Sheet, likeness: str = ANY_PICTURE, **said: str | None) -> StoredPhoto:
    """A photo that came and was read."""
    with store.begin() as connection:
        photo = add_photo(connection, name, **said)
        add_reading(connection, photo, *sheets, likeness=likeness)
    return photo


def now(store: sa.Engine, *, standing_only: bool = False) -> dict[str, StoredSheet]:
    """What stands, by the name of the photo; the store must be sound."""
    with store.connect() as connection:
        assert isinstance(verify(entries(connection)), Head)
        assert check_views(connection) is None
        return {one.name: one for one in stored_sheets(connection, standing_only=standing_only)}


def codes(sheet: StoredSheet) -> list[str]:
    return [finding.code.value for finding in sheet.set_findings if finding.code is not FindingCode.PAGE_MISSING]


def test_later_photo_of_the_same_page_stands_and_the_earlier_is_kept_with_the_reason(store: sa.Engine) -> None:
    came(store, "first", sheet_saying(POSTER, "2", paslon_1=125), tps=HERE)
    came(store, "other page", sheet_saying(POSTER, "3", suara_sah=200), tps=HERE)
    came(store, "elsewhere", sheet_saying(POSTER, "2", paslon_1=80), tps=THERE)
    came(store, "again", sheet_saying(POSTER, "2", paslon_1=125), tps=HERE, reason="recount", likeness=OTHER_PICTURE)
    sheets = now(store)
    assert {name: sheet.superseded for name, sheet in sheets.items()} == {
        "first": "recount", "other page": None, "elsewhere": None, "again": None,
    }  # fmt: skip
    assert set(now(store, standing_only=True)) == {"other page", "elsewhere", "again"}
    with store.connect() as connection:
        events = [json.loads(entry.body) for entry in entries(connection) if entry.kind == Kind.SUPERSESSION]
    assert events == [{"reading": sheets["first"].position, "by": sheets["again"].position, "reason": "recount"}]


def test_refused_photo_replaces_nothing(store: sa.Engine) -> None:
    came(store, "first", sheet_saying(POSTER, "2", paslon_1=125), tps=HERE)
    came(store, "blurred", make_refused(), tps=HERE)
    assert now(store)["first"].superseded is None


def test_earlier_photo_stands_again_when_the_later_was_of_another_station(store: sa.Engine) -> None:
    came(store, "first", sheet_saying(POSTER, "2", paslon_1=125), tps=HERE)
    wrong = came(store, "wrong", sheet_saying(POSTER, "2", paslon_1=80), tps=HERE, likeness=OTHER_PICTURE)
    assert now(store)["first"].superseded == "better_photo"
    assert now(store)["wrong"].verdict is Verdict.REVIEW
    with store.begin() as connection:
        reassign(connection, wrong.position, THERE, reason="wrong_tps")
    sheets = now(store)
    assert (sheets["first"].superseded, sheets["wrong"].superseded, sheets["wrong"].tps) == (None, None, THERE)
    assert [codes(sheet) for sheet in sheets.values()] == [[], []]
    third = came(store, "third", sheet_saying(POSTER, "2", paslon_1=125), tps=HERE, likeness=OTHER_PICTURE)
    assert now(store)["first"].superseded == "better_photo"
    with store.begin() as connection:
        reassign(connection, third.position, None, reason="wrong_tps")
    assert now(store)["first"].superseded is None
    assert now(store)["third"].tps is None


def test_new_photo_that_says_another_number_is_not_accepted(store: sa.Engine) -> None:
    came(store, "first", sheet_saying(POSTER, "2", paslon_1=125, paslon_2=7), tps=HERE)
    came(store, "again", sheet_saying(POSTER, "2", paslon_1=725, paslon_2=7), tps=HERE, likeness=OTHER_PICTURE)
    again = now(store)["again"]
    assert codes(again) == ["documents_differ"]
    assert again.set_findings[0].fields == ("paslon_1",)
    assert "725/125" in again.set_findings[0].message.en
    assert (again.sheet.verdict, again.verdict) == (Verdict.ACCEPTED, Verdict.REVIEW)


def test_recount_may_say_another_number(store: sa.Engine) -> None:
    came(store, "first", sheet_saying(POSTER, "2", paslon_1=125), tps=HERE)
    came(store, "again", sheet_saying(POSTER, "2", paslon_1=126), tps=HERE, reason="recount", likeness=OTHER_PICTURE)
    assert now(store)["again"].verdict is Verdict.ACCEPTED


def test_documents_of_one_election_that_disagree_are_both_doubted(store: sa.Engine) -> None:
    came(store, "poster", sheet_saying(POSTER, "2", paslon_1=886), tps=HERE)
    came(store, "copy", sheet_saying(COPY, "1", paslon_1=86), tps=HERE)
    came(store, "of another election", sheet_saying("c1-ppwp-2019", "1", paslon_1=12), tps=HERE)
    sheets = now(store)
    assert [codes(sheets[name]) for name in ("poster", "copy", "of another election")] == [["documents_differ"], ["documents_differ"], []]
    # A new photo of the copy that agrees settles it.
    came(store, "copy again", sheet_saying(COPY, "1", paslon_1=886), tps=HERE, reason="recount", likeness=OTHER_PICTURE)
    assert [codes(sheet) for name, sheet in now(store).items() if name != "copy"] == [[], [], []]


def test_number_that_is_not_sure_contradicts_nothing(store: sa.Engine) -> None:
    came(store, "poster", sheet_saying(POSTER, "2", paslon_1=886), tps=HERE)
    unsure = replace(sheet_saying(COPY, "1"), fields={"paslon_1": make_field(86, probability=0.6)})
    came(store, "copy", unsure, tps=HERE)
    assert codes(now(store)["poster"]) == []


def test_pages_that_break_a_rule_between_them_are_doubted_until_somebody_decides(store: sa.Engine) -> None:
    came(store, "votes", sheet_saying(POSTER, "2", paslon_1=100, paslon_2=60, paslon_3=40), tps=HERE)
    came(store, "totals", sheet_saying(POSTER, "3", suara_sah=209, suara_tidak_sah=5, suara_total=214), tps=HERE)
    came(store, "people", sheet_saying(POSTER, "1", pengguna_total_j=214), tps=HERE)
    came(store, "elsewhere", sheet_saying(POSTER, "2", paslon_1=1, paslon_2=2, paslon_3=3), tps=THERE)
    sheets = now(store)
    assert [codes(sheet) for sheet in sheets.values()] == [["documents_differ"], ["documents_differ"], [], []]
    (finding,) = [one for one in sheets["votes"].set_findings if one.severity is Severity.ERROR]
    assert finding.fields == ("paslon_1", "paslon_2", "paslon_3")
    assert finding.message.en.startswith("The votes of all pairs must add up to the valid votes.")
    assert "suara_sah 209" in finding.message.en
    assert [one.fields for one in sheets["totals"].set_findings] == [("suara_sah",)]
    assert evidence(store, HERE) == {"1": "checked", "2": "read", "3": "read"}
    decide(store, sheets["totals"], suara_sah=200, suara_tidak_sah=5, suara_total=205)
    assert [codes(sheet) for sheet in now(store).values()] == [[], ["documents_differ"], ["documents_differ"], []]
    assert evidence(store, HERE) == {"1": "read", "2": "checked", "3": "decided"}
    decide(store, sheets["people"], pengguna_total_j=205)
    assert [codes(sheet) for sheet in now(store).values()] == [[], [], [], []]


def test_number_that_is_not_sure_breaks_no_rule_between_pages(store: sa.Engine) -> None:
    came(store, "votes", sheet_saying(POSTER, "2", paslon_1=100, paslon_2=60, paslon_3=40), tps=HERE)
    unsure = replace(sheet_saying(POSTER, "3"), fields={"suara_sah": make_field(209, probability=0.6)})
    came(store, "totals", unsure, tps=HERE)
    assert [codes(sheet) for sheet in now(store).values()] == [[], []]
    decide(store, now(store)["totals"], suara_sah=209)
    assert [codes(sheet) for sheet in now(store).values()] == [["documents_differ"], ["documents_differ"]]


def test_what_people_decided_counts_and_not_what_was_read_when_documents_are_compared(store: sa.Engine) -> None:
    came(store, "poster", sheet_saying(POSTER, "2", paslon_1=886), tps=HERE)
    came(store, "copy", sheet_saying(COPY, "1", paslon_1=86), tps=HERE)
    decide(store, now(store)["copy"], paslon_1=886)
    assert [codes(sheet) for sheet in now(store).values()] == [[], []]
    assert now(store)["poster"].verdict is Verdict.ACCEPTED


def test_what_is_said_of_one_sheet_of_a_file_is_not_said_of_the_others(store: sa.Engine) -> None:
    came(store, "both.pdf", sheet_saying(POSTER, "2", paslon_1=10), sheet_saying(POSTER, "3", suara_sah=200), tps=HERE)
    with store.begin() as connection:
        _, totals = stored_sheets(connection)
        confirm(connection, totals.position, account="kpps", others={"suara_sah": Typed(FieldState.NUMBER, 201)})
        settle(connection, totals.photo)
        found = {sheet.sheet.page: codes(sheet) for sheet in stored_sheets(connection)}
    assert found == {"2": [], "3": ["officer_differs"]}


def test_what_officers_say_in_place_of_a_number_is_said_in_words(store: sa.Engine) -> None:
    came(store, "totals", sheet_saying(POSTER, "3", suara_sah=200, suara_total=210), tps=HERE)
    with store.begin() as connection:
        (totals,) = stored_sheets(connection)
        said = {"suara_sah": Typed(FieldState.BLANK, None), "suara_total": Typed(FieldState.ILLEGIBLE, None)}
        confirm(connection, totals.position, account="kpps", others=said)
        settle(connection, totals.photo)
        (sheet,) = stored_sheets(connection)
    (message,) = [finding.message for finding in sheet.set_findings if finding.code is FindingCode.OFFICER_DIFFERS]
    assert "suara_sah 200/kosong, suara_total 210/tak terbaca" in message.id
    assert "suara_sah 200/empty, suara_total 210/illegible" in message.en


def decide(store: sa.Engine, sheet: StoredSheet, **numbers: int) -> None:
    typed = {name: Typed(FieldState.NUMBER, value) for name, value in numbers.items()}
    with store.begin() as connection:
        outcome = Outcome.AS_WRITTEN
        tell_decision(connection, sheet.position, DecisionKind.RESOLVED, account="ani", numbers=typed, outcome=outcome)
        settle(connection, sheet.photo)


def evidence(store: sa.Engine, tps: str) -> dict[str, str]:
    """What the numbers of each page of a station rest on."""
    with store.connect() as connection:
        return {one.page: str(one.evidence) for one in results_of(connection, tps) if one.form}


def test_same_picture_for_two_stations_is_told_of_both(store: sa.Engine) -> None:
    came(store, "here", sheet_saying(POSTER, "2", paslon_1=125), tps=HERE)
    nearly = f"{int(ANY_PICTURE, 16) ^ 0xFF:0256x}"
    copy = came(store, "there", sheet_saying(POSTER, "2", paslon_1=125), tps=THERE, likeness=nearly)
    came(store, "same numbers", sheet_saying(POSTER, "2", paslon_1=125), tps="1805082001001", likeness=OTHER_PICTURE)
    came(store, "other numbers", sheet_saying(POSTER, "2", paslon_1=126), tps="1805082001002")
    sheets = now(store)
    assert [codes(sheet) for sheet in sheets.values()] == [["near_duplicate"], ["near_duplicate"], [], []]
    assert THERE in sheets["here"].set_findings[-1].message.id
    assert sheets["here"].verdict is Verdict.REVIEW
    with store.begin() as connection:
        reassign(connection, copy.position, HERE, reason="wrong_tps")
    assert [codes(sheet) for sheet in now(store).values()][:2] == [[], []]


def test_missing_pages_are_told_until_they_come_and_keep_nothing_from_being_accepted(store: sa.Engine) -> None:
    came(store, "poster", sheet_saying(POSTER, "2", paslon_1=125), tps=HERE)
    (finding,) = now(store)["poster"].set_findings
    assert finding.code is FindingCode.PAGE_MISSING
    assert finding.message.en == f"Not here yet: {POSTER} page 3, {COPY} page 1."
    assert now(store)["poster"].verdict is Verdict.ACCEPTED
    came(store, "rest", sheet_saying(POSTER, "3", suara_sah=200), sheet_saying(COPY, "1", paslon_1=125), tps=HERE)
    assert now(store)["poster"].set_findings == ()


def test_page_other_than_said_is_found(store: sa.Engine) -> None:
    came(store, "poster", sheet_saying(POSTER, "2", paslon_1=125), tps=HERE, page="3")
    came(store, "as said", sheet_saying(POSTER, "2", paslon_1=125), tps=THERE, page="2", likeness=OTHER_PICTURE)
    assert [codes(sheet) for sheet in now(store).values()] == [["page_mixed_up"], []]


def test_code_on_the_form_names_the_station_or_contradicts_it(store: sa.Engine) -> None:
    named = StationCode(HERE, "qr", 0.99)
    came(store, "unnamed", sheet_saying(POSTER, "2", tps=named, paslon_1=1), likeness=ANY_PICTURE)
    came(store, "contradicted", sheet_saying(POSTER, "2", tps=named, paslon_1=2), tps=THERE)
    came(store, "of no village", sheet_saying(POSTER, "2", tps=StationCode("9999990001001", "qr", 0.99), paslon_1=3))
    came(store, "doubtful", sheet_saying(POSTER, "2", paslon_1=4), contradiction="the manifest says one, the name of the file another")
    sheets = now(store)
    assert [sheet.tps for sheet in sheets.values()] == [HERE, THERE, None, None]
    assert [codes(sheet) for sheet in sheets.values()] == [[], ["tps_contradicted"], [], ["tps_contradicted"]]


def test_recording_twice_tells_once(store: sa.Engine) -> None:
    photo = came(store, "first", sheet_saying(POSTER, "2", paslon_1=125), tps=HERE)
    with store.begin() as connection:
        record(connection, photo, [ReadSheet(sheet_saying(POSTER, "2", paslon_1=9), None)])
    assert now(store)["first"].sheet.fields["paslon_1"].value == 125


def test_sheets_are_given_after_a_row_in_the_order_of_the_ledger(store: sa.Engine) -> None:
    for number in range(3):
        came(store, str(number), sheet_saying(POSTER, "2", paslon_1=number), likeness=OTHER_PICTURE)
    with store.connect() as connection:
        first, *others = stored_sheets(connection)
        assert list(stored_sheets(connection, after=first.position)) == others
    assert [sheet.name for sheet in (first, *others)] == ["0", "1", "2"]


def test_arrivals_count_what_came_and_what_stands_by_region(store: sa.Engine) -> None:
    came(store, "first", sheet_saying(POSTER, "2", paslon_1=125), tps=HERE)
    came(store, "again", sheet_saying(POSTER, "2", paslon_1=125), tps=HERE, likeness=OTHER_PICTURE)
    came(store, "differs", sheet_saying(COPY, "1", paslon_1=86), tps=HERE)
    came(store, "blurred", make_refused(), tps=THERE)
    came(store, "nowhere", sheet_saying(POSTER, "3", suara_sah=1))
    with store.begin() as connection:
        add_photo(connection, "unread", tps=THERE)
    with store.connect() as connection:
        for below, code, name in ((None, "18", "LAMPUNG"), ("180508", "1805082001", "BANJAR AGUNG")):
            (one,) = arrivals(connection, below=below)
            assert (one.code, one.name, one.stations, one.expected) == (code, name, 11, 33)
            assert (one.received, one.waiting, one.accepted, one.review, one.refused) == (5, 1, 0, 2, 1)


def test_sheet_is_of_one_election_and_an_election_can_be_said_anew(store: sa.Engine) -> None:
    with store.begin() as connection, pytest.raises(StoreError, match="of the election pilpres-2024 already"):
        add_election(connection, Election("pilkada-2024", "Pilkada 2024", "2024-11-27", ((POSTER, "2"),)))
    with store.begin() as connection:
        add_election(connection, Election("pilpres-2024", "Presiden", "2024-02-14", ((POSTER, "2"),)))
        assert all_elections(connection) == [Election("pilpres-2024", "Presiden", "2024-02-14", ((POSTER, "2"),))]

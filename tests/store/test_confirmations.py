"""What officers say of a reading: kept beside it, and a correction sends the sheet to review, never into the totals."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from pipeline.review.history import Happening, history
from pipeline.sheet import FieldState, FindingCode, Verdict
from pipeline.store import results
from pipeline.store.confirmations import SaidMeanwhileError, confirm, confirmations_of, note, notes_of
from pipeline.store.decisions import Typed, entries_of
from pipeline.store.queue import Stage, waiting_of
from pipeline.store.schema import confirmations, totals
from pipeline.store.schema import results as results_table
from pipeline.store.sheets import sheet_at
from pipeline.store.standing import settle
from pipeline.store.views import check_views
from tests.stores import add_photo, add_reading, sheet_saying

STATION = "1805082001003"
FORM = "c-hasil-ppwp-2024"


@pytest.fixture
def reading(store: sa.Engine) -> int:
    """An accepted sheet of page 2."""
    with store.begin() as connection:
        photo = add_photo(connection, "a.jpg", tps=STATION)
        add_reading(connection, photo, sheet_saying(FORM, "2", paslon_1=100, paslon_2=20, paslon_3=3))
        settle(connection, photo.position)
        return photo.position + 1


def evidence(connection: sa.Connection) -> list[str]:
    return list(connection.scalars(sa.select(results_table.c.evidence).where(results_table.c.form == FORM)))


def test_correction_takes_an_accepted_sheet_to_review_and_keeps_both_numbers(store: sa.Engine, reading: int) -> None:
    with store.begin() as connection:
        assert evidence(connection) == ["checked"]
        assert waiting_of(connection, reading) is None
        confirm(connection, reading, account="ani", others={"paslon_1": Typed(FieldState.NUMBER, 106)})
        settle(connection, reading - 1)
        stored = sheet_at(connection, reading)
        (finding,) = [one for one in stored.set_findings if one.code is FindingCode.OFFICER_DIFFERS]
        assert finding.fields == ("paslon_1",)
        assert "paslon_1 100/106" in finding.message.en
        assert (stored.verdict, stored.sheet.fields["paslon_1"].value) == (Verdict.REVIEW, 100)
        assert waiting_of(connection, reading) is Stage.KEY
        assert evidence(connection) == ["read"]
        said = connection.scalars(sa.select(totals.c.numbers).where(totals.c.form == FORM, totals.c.region == "1805082001")).all()
        assert not any("106" in numbers for numbers in said), "a correction is no result"
        assert entries_of(connection, reading) == [], "whoever saw the reading does not count as a second reader"
        assert check_views(connection) is None


def test_last_word_counts_and_taking_a_correction_back_settles_the_sheet(store: sa.Engine, reading: int) -> None:
    with store.begin() as connection:
        last = None
        for others in ({"paslon_1": Typed(FieldState.BLANK, None)}, {}):
            last = confirm(connection, reading, account="ani", others=others, after=last)
            settle(connection, reading - 1)
        assert confirmations_of(connection, [reading])[reading].others == {}
        assert waiting_of(connection, reading) is None
        assert evidence(connection) == ["checked"]
        told = [(event.happening, event.account) for event in history(connection, reading)]
    assert told[-2:] == [(Happening.CORRECTED, "ani"), (Happening.CONFIRMED, "ani")]


def test_what_was_said_without_having_seen_the_last_word_is_not_taken(store: sa.Engine, reading: int) -> None:
    with store.begin() as connection:
        corrected = confirm(connection, reading, account="ani", others={"paslon_1": Typed(FieldState.NUMBER, 106)})
        for stale in (None, reading):
            with pytest.raises(SaidMeanwhileError):
                confirm(connection, reading, account="budi", others={}, after=stale)
        assert confirmations_of(connection, [reading])[reading].position == corrected
        confirm(connection, reading, account="budi", others={}, after=corrected)
        assert confirmations_of(connection, [reading])[reading].others == {}


def test_what_is_sent_again_because_its_answer_was_lost_is_said_once(store: sa.Engine, reading: int) -> None:
    with store.begin() as connection:
        first = confirm(connection, reading, account="ani", others={}, key="a")
        second = confirm(connection, reading, account="budi", others={}, after=first, key="b")
        assert confirm(connection, reading, account="ani", others={}, key="a") == first
        assert confirmations_of(connection, [reading])[reading].position == second
        one, again = (note(connection, STATION, account="ani", text="hujan", key="c") for _ in range(2))
        assert one == again
        assert len(notes_of(connection, STATION)) == 1
        assert check_views(connection) is None


def test_correction_of_a_replaced_photo_says_nothing_of_the_new_one(store: sa.Engine, reading: int) -> None:
    with store.begin() as connection:
        confirm(connection, reading, account="ani", others={"paslon_1": Typed(FieldState.NUMBER, 106)})
        settle(connection, reading - 1)
        photo = add_photo(connection, "b.jpg", tps=STATION)
        add_reading(connection, photo, sheet_saying(FORM, "2", paslon_1=106, paslon_2=20, paslon_3=3), likeness="00" * 128)
        settle(connection, photo.position)
        codes = {finding.code for finding in sheet_at(connection, photo.position + 1).set_findings}
    assert FindingCode.OFFICER_DIFFERS not in codes


def test_notes_are_kept_and_the_last_one_comes_first(store: sa.Engine) -> None:
    with store.begin() as connection:
        for text in ("hujan", "hujan dan listrik padam"):
            note(connection, STATION, account="ani", text=text)
        note(connection, "1805082001004", account="budi", text="lain")
        assert [one.text for one in notes_of(connection, STATION)] == ["hujan dan listrik padam", "hujan"]
        assert check_views(connection) is None


def test_what_officers_said_can_not_be_changed_and_a_change_would_be_found(store: sa.Engine, reading: int) -> None:
    with store.begin() as connection:
        confirm(connection, reading, account="ani", others={"paslon_1": Typed(FieldState.NUMBER, 106)})
    with pytest.raises(sa.exc.DBAPIError, match="append-only"), store.begin() as connection:
        connection.execute(confirmations.update().values(differs=0))
    with store.begin() as connection:
        connection.execute(confirmations.insert().values(position=1, reading=reading, account="ani", differs=0))
        fault = check_views(connection)
    assert fault is not None
    assert fault.position == 1


def test_results_of_a_store_are_the_same_when_made_anew(store: sa.Engine, reading: int) -> None:
    with store.begin() as connection:
        confirm(connection, reading, account="ani", others={"paslon_1": Typed(FieldState.NUMBER, 106)})
        settle(connection, reading - 1)
        assert results.difference(connection) is None

"""Whatever happens to photos, readings and decisions, in whatever order: results and totals are what a count from the beginning gives."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.regions import Region
from pipeline.sheet import FieldState, Verdict
from pipeline.store import open_store
from pipeline.store.confirmations import confirm, confirmations_of
from pipeline.store.decisions import DecisionKind, Outcome, Typed, decisions_of, standing_of, tell_decision
from pipeline.store.queue import Stage, waiting_of
from pipeline.store.regions import import_regions
from pipeline.store.results import Evidence, Total, difference, rebuild, results_of
from pipeline.store.schema import queue, queue_reasons, readings, results, totals
from pipeline.store.sheets import sheet_at
from pipeline.store.standing import bring_up_to_date, reassign, settle
from tests.sheets import make_refused
from tests.stores import add_photo, add_reading, sheet_saying

FORM = "c-hasil-ppwp-2024"
STATIONS = ("1805082001001", "1805082001002", "1805092001001", "1101012001001")
REGIONS = [
    Region("11", "ACEH", None), Region("1101", "A", None), Region("110101", "B", None), Region("1101012001", "C", 3),
    Region("18", "LAMPUNG", None), Region("1805", "T", None), Region("180508", "D", None), Region("180509", "E", None),
    Region("1805082001", "F", 3), Region("1805092001", "G", 3),
]  # fmt: skip


@pytest.fixture
def store(store: sa.Engine) -> sa.Engine:
    with store.begin() as connection:
        import_regions(connection, REGIONS)
    return store


def came(
    connection: sa.Connection, name: str, tps: str | None, page: str = "2", verdict: Verdict = Verdict.ACCEPTED, **numbers: int | None
) -> int:
    """A photo that came and was read; gives its reading."""
    photo = add_photo(connection, name, tps=tps)
    add_reading(connection, photo, replace(sheet_saying(FORM, page, **numbers), verdict=verdict), likeness=None)
    position = connection.scalar(sa.select(readings.c.position).where(readings.c.photo == photo.position))
    assert position is not None
    return position


def photo_of(connection: sa.Connection, reading: int) -> int:
    photo = connection.scalar(sa.select(readings.c.photo).where(readings.c.position == reading))
    assert photo is not None
    return photo


def decide(connection: sa.Connection, reading: int, **numbers: int) -> int:
    typed = {name: Typed(FieldState.NUMBER, value) for name, value in numbers.items()}
    made = tell_decision(connection, reading, DecisionKind.RESOLVED, account="ani", numbers=typed, outcome=Outcome.AS_WRITTEN)
    settle(connection, photo_of(connection, reading))
    return made


def doubt(connection: sa.Connection, reading: int) -> None:
    """Somebody marks a box of the sheet on a contact sheet."""
    tell_decision(connection, reading, DecisionKind.DOUBT, account="budi")
    settle(connection, photo_of(connection, reading))


def contradict(connection: sa.Connection, reading: int) -> None:
    """The officers of the station say that another number stands on the paper."""
    if reading not in confirmations_of(connection, [reading]):
        confirm(connection, reading, account="kpps", others={"paslon_1": Typed(FieldState.NUMBER, 99)})
    settle(connection, photo_of(connection, reading))


def undo(connection: sa.Connection, reading: int) -> None:
    """Undo the decision on a sheet that stands, where there is one."""
    standing = standing_of(decisions_of(connection, reading))
    if standing is not None:
        tell_decision(connection, reading, DecisionKind.UNDO, account="ani", undoes=standing.position)
        settle(connection, photo_of(connection, reading))


def confirmed_in_queue(connection: sa.Connection) -> list[int]:
    """Sheets that people must look at and whose numbers are confirmed all the same: there must be none."""
    query = sa.select(queue.c.reading).join(results, results.c.reading == queue.c.reading)
    return list(connection.scalars(query.where(results.c.evidence.in_(["checked", "decided"]))))


def total(connection: sa.Connection, region: str, evidence: str, page: str = "2") -> Total:
    query = sa.select(totals).where(totals.c.region == region, totals.c.evidence == evidence, totals.c.page == page)
    row = connection.execute(query).first()
    return Total() if row is None else Total.of(row.sheets, row.numbers)


def test_every_region_above_a_station_has_its_numbers_by_what_they_rest_on(store: sa.Engine) -> None:
    with store.begin() as connection:
        came(connection, "a", STATIONS[0], paslon_1=10, paslon_2=None)
        doubted = came(connection, "b", STATIONS[2], verdict=Verdict.REVIEW, paslon_1=5, paslon_2=6)
        came(connection, "c", STATIONS[3], paslon_1=7, paslon_2=8)
    with store.begin() as connection:
        assert total(connection, "", "checked") == Total(2, {"paslon_1": (17, 2), "paslon_2": (8, 1)})
        assert total(connection, "1805", "checked") == Total(1, {"paslon_1": (10, 1)})
        assert total(connection, "1805", "read") == Total(1, {"paslon_1": (5, 1), "paslon_2": (6, 1)})
        assert total(connection, "", "received", "") == Total(3)
        decide(connection, doubted, paslon_1=9, paslon_2=6)
        assert total(connection, "180509", "decided") == Total(1, {"paslon_1": (9, 1), "paslon_2": (6, 1)})
        assert total(connection, "", "read") == Total()
        assert results_of(connection, STATIONS[2])[1].evidence == Evidence.DECIDED
        assert difference(connection) is None


def test_sheet_that_waits_for_people_is_not_confirmed_whatever_the_machine_or_the_rule_said(store: sa.Engine) -> None:
    with store.begin() as connection:
        marked = came(connection, "marked", STATIONS[0], paslon_1=10)
        doubt(connection, marked)
        undone = came(connection, "undone", STATIONS[1], paslon_1=20)
        decide(connection, undone, paslon_1=21)
        undo(connection, undone)
        agreed = came(connection, "agreed", STATIONS[2], verdict=Verdict.REVIEW, paslon_1=30)
        typed = {"paslon_1": Typed(FieldState.NUMBER, 30)}
        tell_decision(connection, agreed, DecisionKind.AGREED, account=None, numbers=typed)
        settle(connection, photo_of(connection, agreed))
        assert total(connection, "", "decided") == Total(1, {"paslon_1": (30, 1)})
        contradict(connection, agreed)
        moved = came(connection, "moved", STATIONS[0], "3", paslon_1=40)
        tell_decision(connection, moved, DecisionKind.RESOLVED, account="ani", outcome=Outcome.WRONG_TPS, reason="its header")
        reassign(connection, photo_of(connection, moved), STATIONS[3], reason="wrong_tps")
        for reading in (marked, undone, agreed, moved):
            assert waiting_of(connection, reading) is not None
            assert sheet_at(connection, reading).verdict is Verdict.REVIEW
        assert total(connection, "", "checked") == total(connection, "", "decided") == Total()
        assert total(connection, "", "read") == Total(3, {"paslon_1": (60, 3)})
        assert total(connection, "", "read", "3") == Total(1, {"paslon_1": (40, 1)})


def test_refused_photo_is_received_and_has_no_result(store: sa.Engine) -> None:
    with store.begin() as connection:
        photo = add_photo(connection, "a", tps=STATIONS[0])
        add_reading(connection, photo, make_refused(), likeness=None)
        assert [one.evidence for one in results_of(connection, STATIONS[0])] == ["received"]


def test_what_was_changed_by_hand_is_found_and_made_anew(store: sa.Engine) -> None:
    with store.begin() as connection:
        came(connection, "a", STATIONS[0], paslon_1=10)
        connection.execute(totals.update().where(totals.c.region == "18", totals.c.page == "2").values(numbers='{"paslon_1":[11,1]}'))
        assert difference(connection) == "the totals of region 18"
        rebuild(connection)
        assert difference(connection) is None
        connection.execute(results.update().where(results.c.page == "2").values(evidence="decided"))
        assert difference(connection) == f"the results of station {STATIONS[0]}"
        rebuild(connection)
        assert difference(connection) is None


def test_store_whose_photos_came_before_there_were_results_is_brought_up_to_date_once(store: sa.Engine) -> None:
    with store.begin() as connection:
        came(connection, "a", STATIONS[0], paslon_1=10)
        doubted = came(connection, "b", STATIONS[1], verdict=Verdict.REVIEW, paslon_1=5)
        for table in (queue_reasons, queue, results, totals):
            connection.execute(table.delete())
        bring_up_to_date(connection)
        assert difference(connection) is None
        assert waiting_of(connection, doubted) is Stage.KEY
        connection.execute(queue.delete().where(queue.c.reading == doubted))
        bring_up_to_date(connection)
        assert waiting_of(connection, doubted) is None


station = st.sampled_from([*STATIONS, None])
events = st.lists(
    st.one_of(
        st.tuples(st.just("photo"), station, st.sampled_from("23"), st.sampled_from([Verdict.ACCEPTED, Verdict.REVIEW]), st.integers(0, 9)),
        st.tuples(st.just("move"), st.integers(0, 5), station),
        st.tuples(st.just("decide"), st.integers(0, 5), st.integers(0, 9)),
        st.tuples(st.sampled_from(["undo", "doubt", "contradict"]), st.integers(0, 5)),
    ),
    max_size=12,
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(events)
def test_totals_are_those_of_a_count_from_the_beginning(happened: list[tuple]) -> None:
    store = open_store("sqlite://")
    made: list[int] = []
    with store.begin() as connection:
        import_regions(connection, REGIONS)
        for number, (what, *values) in enumerate(happened):
            if what == "photo":
                tps, page, verdict, votes = values
                made.append(came(connection, str(number), tps, page, verdict, paslon_1=votes, paslon_2=None if votes == 0 else votes))
            elif made:
                reading = made[values[0] % len(made)]
                if what == "move":
                    reassign(connection, photo_of(connection, reading), values[1], reason="test")
                elif what == "decide":
                    decide(connection, reading, paslon_1=values[1], paslon_2=1)
                else:
                    {"undo": undo, "doubt": doubt, "contradict": contradict}[what](connection, reading)
            assert difference(connection) is None
            assert confirmed_in_queue(connection) == []
    store.dispose()

"""A region's results: what is confirmed and what is in doubt are sums of their own, and every sum says of how many stations it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection

from pipeline.forms import Form, load_catalogue
from pipeline.recap.rollup import Figure, RegionCheck, Rollup, rollup
from pipeline.regions import Region
from pipeline.sheet import FieldState, Verdict
from pipeline.store import open_store
from pipeline.store.decisions import DecisionKind, Outcome, Typed, tell_decision
from pipeline.store.regions import import_regions
from pipeline.store.results import Evidence, difference
from pipeline.store.schema import regions
from pipeline.store.sheets import sheets_of
from pipeline.store.standing import settle
from tests.sheets import make_refused
from tests.stores import add_photo, add_reading, sheet_saying

FORM = "c-hasil-ppwp-2024"
DISTRICT = "180508"
BANJAR, DWI = f"{DISTRICT}2001", f"{DISTRICT}2002"

REGIONS = [
    Region("18", "LAMPUNG", None), Region("1805", "TULANG BAWANG", None), Region(DISTRICT, "BANJAR AGUNG", None),
    Region(BANJAR, "BANJAR", 3), Region(DWI, "DWI WARGA", 1),
    Region("99", "LUAR NEGERI", None), Region("99AA", "ASIA", None), Region("99AA01", "TOKYO", None), Region("99AA010001", "TOKYO", 2),
]  # fmt: skip

SHEETS = (
    (f"{BANJAR}001", Verdict.ACCEPTED, "2", {"paslon_1": 100, "paslon_2": 50, "paslon_3": 10}),
    (f"{BANJAR}001", Verdict.ACCEPTED, "3", {"suara_sah": 160, "suara_tidak_sah": 5, "suara_total": 165}),
    (f"{BANJAR}002", Verdict.REVIEW, "2", {"paslon_1": 7071, "paslon_2": 40, "paslon_3": 5}),
    (f"{DWI}001", Verdict.ACCEPTED, "2", {"paslon_1": 30, "paslon_2": 20, "paslon_3": 10}),
    (f"{DWI}001", Verdict.ACCEPTED, "3", {"suara_sah": 61, "suara_tidak_sah": 1, "suara_total": 62}),
    ("99AA010001002", Verdict.ACCEPTED, "2", {"paslon_1": 1, "paslon_2": 2, "paslon_3": None}),
)
"""Station, verdict, page and numbers: at one station the votes of the pairs are not the valid votes."""


@pytest.fixture(scope="session")
def form() -> Form:
    return load_catalogue()[FORM]


@pytest.fixture(scope="module")
def empty_store() -> Iterator[sa.Engine]:
    """A store in memory."""
    engine = open_store("sqlite://")
    yield engine
    engine.dispose()


@pytest.fixture
def empty(empty_store: sa.Engine) -> Iterator[Connection]:
    """A connection to a store that is empty again afterwards."""
    with empty_store.connect() as connection:
        yield connection


@pytest.fixture
def counted(empty: Connection) -> Connection:
    """A store with those sheets."""
    count(empty)
    return empty


def count(connection: Connection) -> None:
    """Put the regions and the sheets into a store."""
    import_regions(connection, REGIONS)
    for tps, verdict, page, numbers in SHEETS:
        photo = add_photo(connection, f"{tps}-{page}.jpg", tps=tps)
        add_reading(connection, photo, replace(sheet_saying(FORM, page, **numbers), verdict=verdict), likeness=None)
        if tps == f"{DWI}001":
            decide(connection, photo.position, numbers)


def decide(connection: Connection, photo: int, numbers: Mapping[str, int]) -> None:
    """People decide that a sheet says what was read on it, and that the paper does not add up."""
    (stored,) = sheets_of(connection, photo)
    typed = {name: Typed(FieldState.NUMBER, value) for name, value in numbers.items()}
    wrong = {"numbers": typed, "outcome": Outcome.PAPER_WRONG, "reason": "as written"}
    tell_decision(connection, stored.position, DecisionKind.RESOLVED, account="ani", **wrong)
    settle(connection, photo)


def test_confirmed_and_doubtful_are_never_added_up(counted: Connection, form: Form) -> None:
    found = rollup(counted, DISTRICT, form)
    assert found.total.figures["paslon_1"] == Figure(130, 2, 7071, 1)
    assert found.total.figures["suara_sah"] == Figure(221, 2, 0, 0)
    assert found.total.figures["pemilih_dpt_j"] == Figure(0, 0, 0, 0)
    assert {part.code: part.figures["paslon_2"] for part in found.parts} == {BANJAR: Figure(50, 1, 40, 1), DWI: Figure(20, 1, 0, 0)}


def test_every_sum_says_of_how_many_stations_it_is(counted: Connection, form: Form) -> None:
    found = rollup(counted, DISTRICT, form)
    assert (found.total.stations, found.total.received) == (4, 3)
    assert (found.total.confirmed("2"), found.total.seen("2"), found.total.confirmed("3"), found.total.confirmed("1")) == (2, 3, 2, 0)
    assert [(part.name, part.stations, part.received) for part in found.parts] == [("BANJAR", 3, 2), ("DWI WARGA", 1, 1)]


def test_every_level_has_its_parts_and_its_path_on_each_database(store: sa.Engine, form: Form) -> None:
    levels = (
        ("", ["18", "99"], 6, []), ("18", ["1805"], 4, [""]), ("1805", [DISTRICT], 4, ["", "18"]),
        (DISTRICT, [BANJAR, DWI], 4, ["", "18", "1805"]), (BANJAR, [], 3, ["", "18", "1805", DISTRICT]),
        ("99", ["99AA"], 2, [""]), ("99AA01", ["99AA010001"], 2, ["", "99", "99AA"]),
    )  # fmt: skip
    with store.begin() as connection:
        count(connection)
        for code, parts, stations, above in levels:
            found = rollup(connection, code, form)
            assert [part.code for part in found.parts] == parts
            assert (found.total.stations, sum(part.stations for part in found.parts) or stations) == (stations, stations)
            assert [one for one, _ in found.path] == above
        assert [len(rollup(connection, code, form).stations) for code in (BANJAR, DWI, "99AA010001", DISTRICT)] == [3, 1, 2, 0]


def test_empty_number_is_not_counted_as_nought(counted: Connection, form: Form) -> None:
    assert rollup(counted, "99", form).total.figures["paslon_3"] == Figure(0, 0, 0, 0)


def test_number_that_stands_on_two_pages_is_counted_once(empty: Connection) -> None:
    import_regions(empty, REGIONS)
    of_2014 = load_catalogue()["c1-ppwp-2014"]
    for page, numbers in (("1", {"suara_sah": 160}), ("4", {"suara_sah": 160, "paslon_1": 100, "paslon_2": 60})):
        sheet = sheet_saying(of_2014.id, page, **numbers)
        add_reading(empty, add_photo(empty, f"{page}.jpg", tps=f"{DWI}001"), sheet, likeness=None)
    found = rollup(empty, DISTRICT, of_2014).total
    assert found.figures["suara_sah"] == Figure(160, 1, 0, 0)
    assert (found.confirmed("1"), found.confirmed("4")) == (1, 1)


def test_race_is_open_while_the_voters_still_out_could_turn_it(counted: Connection, form: Form) -> None:
    race = rollup(counted, DISTRICT, form).race
    assert race is not None
    assert (race.first, race.second, race.margin, race.out, race.open) == ("paslon_1", "paslon_2", 60, 2 * 999, True)
    assert race.voters == 2 * 300


def test_race_is_closed_when_nobody_is_out(counted: Connection, form: Form) -> None:
    race = rollup(counted, DWI, form).race
    assert race is not None
    assert (race.margin, race.out, race.open) == (10, 0, False)


@pytest.mark.parametrize(("margin", "closed"), [(299, False), (307, False), (998, False), (999, False), (1000, True)])
def test_race_is_closed_by_no_fewer_votes_than_the_boxes_of_the_stations_still_out_can_hold(
    empty: Connection, form: Form, margin: int, closed: bool
) -> None:
    import_regions(empty, [*REGIONS[:3], Region(BANJAR, "BANJAR", 3)])
    for number, votes in ((1, 600), (2, margin - 600)):
        sheet = sheet_saying(FORM, "2", paslon_1=votes + 400, paslon_2=400, paslon_3=0)
        add_reading(empty, add_photo(empty, f"{number}.jpg", tps=f"{BANJAR}00{number}"), sheet, likeness=None)
    race = rollup(empty, DISTRICT, form).race
    assert race is not None
    assert (race.margin, race.out, race.open) == (margin, 999, not closed)


def test_race_is_never_closed_by_a_village_whose_stations_are_not_known(counted: Connection, form: Form) -> None:
    counted.execute(regions.update().where(regions.c.code == DWI).values(stations=None))
    for code in (DWI, DISTRICT, "18", ""):
        race = rollup(counted, code, form).race
        assert race is not None
        assert (race.out, race.voters, race.open) == (None, None, True)
    race = rollup(counted, BANJAR, form).race
    assert race is not None
    assert race.out == 2 * 999


def test_stations_that_the_table_does_not_name_are_out_as_well_village_by_village(counted: Connection, form: Form) -> None:
    add_reading(counted, add_photo(counted, "more.jpg", tps=f"{DWI}009"), make_refused(), likeness=None)
    district = rollup(counted, DISTRICT, form)
    assert (district.total.stations, district.total.received, district.total.unlisted, district.total.expected) == (4, 4, 1, 5)
    assert district.race is not None
    assert district.race.out == 3 * 999
    assert [(part.received, part.expected) for part in district.parts] == [(2, 3), (2, 2)]
    import_regions(counted, [Region(DWI, "DWI WARGA", 9)])
    assert difference(counted) is None
    assert rollup(counted, DWI, form).total.expected == 9


def test_confirmed_sheet_without_the_number_of_a_candidate_is_still_out(empty: Connection, form: Form) -> None:
    import_regions(empty, [*REGIONS[:3], Region(BANJAR, "BANJAR", 1)])
    sheet = sheet_saying(FORM, "2", paslon_1=400, paslon_2=None, paslon_3=0)
    add_reading(empty, add_photo(empty, "1.jpg", tps=f"{BANJAR}001"), sheet, likeness=None)
    race = rollup(empty, DISTRICT, form).race
    assert race is not None
    assert race.open


def test_nothing_confirmed_is_no_race(empty: Connection, form: Form) -> None:
    import_regions(empty, REGIONS)
    assert rollup(empty, "", form).race is None


def test_checks_compare_only_sums_of_the_same_sheets(counted: Connection, form: Form) -> None:
    district, dwi = (rollup(counted, code, form) for code in (DISTRICT, DWI))
    assert check(district, "E11").holds is None  # a station of which a photo came has no confirmed page 3
    assert (check(district, "E12").holds, check(district, "E12").sheets) == (True, 2)
    assert check(dwi, "E11").holds is False
    assert check(dwi, "E01").holds is None


def test_bounds_between_numbers_are_held_against_sums_and_those_of_a_station_are_not(counted: Connection, form: Form) -> None:
    found = {one.check.expression: one.holds for one in rollup(counted, DWI, form).checks}
    assert found["suara_sah <= suara_total"] is True
    assert found["suara_total <= surat_suara_diterima"] is None  # no page 1 is confirmed
    assert not any("300" in expression or "306" in expression for expression in found)


def test_more_than_there_can_be_is_seen_in_the_sums(empty: Connection, form: Form) -> None:
    import_regions(empty, REGIONS)
    sheet = sheet_saying(FORM, "3", suara_sah=160, suara_tidak_sah=5, suara_total=155)
    add_reading(empty, add_photo(empty, "a.jpg", tps=f"{DWI}001"), replace(sheet, verdict=Verdict.ACCEPTED), likeness=None)
    found = {one.check.expression: (one.holds, one.sheets) for one in rollup(empty, DWI, form).checks}
    assert found["suara_sah <= suara_total"] == (False, 1)


def test_village_has_its_stations_with_photo_and_evidence(counted: Connection, form: Form) -> None:
    stations = rollup(counted, BANJAR, form).stations
    assert [(one.tps, one.received, sorted(one.sheets)) for one in stations] == [
        (f"{BANJAR}001", True, ["2", "3"]), (f"{BANJAR}002", True, ["2"]), (f"{BANJAR}003", False, []),
    ]  # fmt: skip
    assert [stations[place].sheets["2"].result.evidence for place in (0, 1)] == [Evidence.CHECKED, Evidence.READ]
    assert all(sheet.photo is not None for one in stations for sheet in one.sheets.values())


def test_station_that_the_table_does_not_name_is_shown(counted: Connection, form: Form) -> None:
    add_reading(counted, add_photo(counted, "more.jpg", tps=f"{DWI}009"), sheet_saying(FORM, "2", paslon_1=5), likeness=None)
    assert [one.tps for one in rollup(counted, DWI, form).stations] == [f"{DWI}001", f"{DWI}009"]


@pytest.mark.parametrize("code", ["17", "180509", "18%", "id"])
def test_unknown_region_is_an_error(counted: Connection, form: Form, code: str) -> None:
    with pytest.raises(LookupError):
        rollup(counted, code, form)


def check(found: Rollup, id: str) -> RegionCheck:
    """The check with an id."""
    return next(one for one in found.checks if one.check.id == id)

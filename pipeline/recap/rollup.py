"""One region's results: every number with how many polling stations it is of, and what it rests on, for the region and each of its parts.

The sums come from `totals`, so a page reads as many rows for the nation as for a district. What is confirmed (checked by the machine, or
decided by people) and what is read but in doubt are never added up. The idea behind the race: while the votes that can still come are as
many as the margin, the order of the first two is open.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

import sqlalchemy as sa
from sqlalchemy import Connection

from pipeline.forms import Check, Form, Relation
from pipeline.regions.codes import Level
from pipeline.sheet import Severity
from pipeline.store.results import NATION, RECEIVED, UNLISTED, Evidence, Result, Total
from pipeline.store.schema import photos, readings, regions, results, totals
from pipeline.store.stations import station_of

CANDIDATE = re.compile(r"(paslon|partai)_[0-9]+")
"""Ids of the numbers that a contest is about: pairs of candidates, or parties."""

VOTERS = "pemilih_dpt_j"
"""The registered voters of a station, whose usual bound most forms state."""

AFTER_ALL = "z" * 13
"""Put behind a code: greater than every code that begins with it, in the order of any language, so that an index finds them."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A number of a region: the confirmed sum and the sheets it is of, and beside it the sum of what is in doubt."""

    confirmed: int
    confirmed_sheets: int
    doubtful: int
    doubtful_sheets: int


@dataclass(frozen=True, slots=True)
class Part:
    """A region with its results.

    Attributes
    ----------
    stations
        Polling stations that the table of regions names.
    received
        Stations of which a photo came.
    unlisted
        Those of them that the table does not name.
    sheets
        For each page of the form the sheets by what their numbers rest on.
    figures
        Every number of the form.
    """

    code: str
    name: str
    stations: int
    received: int
    unlisted: int
    sheets: Mapping[str, Mapping[Evidence, int]]
    figures: Mapping[str, Figure]

    @property
    def expected(self) -> int:
        """Polling stations that there are, as far as is known: those of the table, and any more of which a photo came."""
        return self.stations + self.unlisted

    def confirmed(self, page: str) -> int:
        """Sheets of a page that were checked or decided."""
        counts = self.sheets.get(page, {})
        return counts.get(Evidence.CHECKED, 0) + counts.get(Evidence.DECIDED, 0)

    def seen(self, page: str) -> int:
        """Sheets of a page that were read at all."""
        return sum(self.sheets.get(page, {}).values())


@dataclass(frozen=True, slots=True)
class SheetOfStation:
    """A sheet of a polling station, with the photo that proves it."""

    result: Result
    photo: int | None


@dataclass(frozen=True, slots=True)
class StationPart:
    """A polling station of a village; `received` says whether a photo came at all."""

    tps: str
    received: bool
    sheets: Mapping[str, SheetOfStation]


@dataclass(frozen=True, slots=True)
class RegionCheck:
    """A rule of the form over a region: `holds` is None where its numbers are not of the same sheets; `sheets` is how many those are."""

    check: Check
    holds: bool | None
    sheets: int


@dataclass(frozen=True, slots=True)
class Race:
    """First and second of the confirmed votes.

    Attributes
    ----------
    out
        The most votes of one candidate that can still come: as many as can be written, from every station not confirmed. None when the
        table of regions does not say of every village how many stations it has.
    voters
        The registered voters of those stations at most, special stations apart; None also where the form does not bound them.
    """

    first: str
    second: str
    margin: int
    out: int | None
    voters: int | None

    @property
    def open(self) -> bool:
        """Whether what is still out could change the order."""
        return self.out is None or self.out >= self.margin


@dataclass(frozen=True, slots=True)
class Rollup:
    """The results of one form in a region, in its parts, and station by station where it is a village.

    `path` are the regions that contain it, the nation first, with their names ("" for the nation).
    """

    form: Form
    total: Part
    path: tuple[tuple[str, str], ...]
    parts: tuple[Part, ...]
    stations: tuple[StationPart, ...]
    checks: tuple[RegionCheck, ...]
    race: Race | None

    @property
    def candidates(self) -> tuple[str, ...]:
        return tuple(name for name in self.form.fields if CANDIDATE.fullmatch(name))


def rollup(connection: Connection, code: str, form: Form, *, as_new: int | None = None) -> Rollup:
    """The results of a form in a region (empty code: the nation).

    Parameters
    ----------
    as_new
        The reading of a decided sheet that counts as in doubt here: whoever asks is to type it as if nobody had decided it.

    Raises
    ------
    LookupError
        There is no such region.
    """
    above = [code[:level] for level in Level if level < len(code)]
    query = sa.select(regions.c.code, regions.c.name).where(regions.c.code.in_([*above, code]))
    names = {row.code: row.name for row in connection.execute(query)}
    if code and code not in names:
        raise LookupError(f"there is no region {code}")
    is_village = len(code) == Level.VILLAGE
    expected = connection.execute(_expected(code)).all()
    sums = _sums(connection, {code, *(row.code for row in expected)}, form, as_new)
    total = _part(code, names.get(code, ""), sum(row.stations for row in expected), sums, form)
    return Rollup(
        form=form,
        total=total,
        path=((NATION, ""), *((one, names.get(one, one)) for one in above)) if code else (),
        parts=() if is_village else tuple(_part(row.code, row.name, row.stations, sums, form) for row in expected),
        stations=_stations(connection, code, total.stations, form, as_new) if is_village else (),
        checks=tuple(_checked(form, total)),
        race=_race(connection, form, total),
    )


def _expected(code: str) -> sa.Select[tuple[str, str, int]]:
    """The regions directly in one, with their polling stations; a village itself, since it is the last to have them.

    Each region's villages are found by the index; grouping those of the nation by province would sort them all, at three times the cost.
    """
    inside = regions.c.code == code if len(code) == Level.VILLAGE else regions.c.parent == code if code else regions.c.parent.is_(None)
    below = regions.alias()
    stations = sa.select(sa.func.coalesce(sa.func.sum(below.c.stations), 0)).where(_within(below.c.code, regions.c.code))
    return sa.select(regions.c.code, regions.c.name, stations.scalar_subquery().label("stations")).where(inside).order_by(regions.c.code)


def _within(column: sa.ColumnElement[str], code: str | sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    """Whether a code is of a region or of something in it."""
    return column.between(code, code + AFTER_ALL)


def _sums(connection: Connection, codes: Collection[str], form: Form, as_new: int | None) -> dict[str, dict[tuple[str, str], Total]]:
    """The totals of some regions, by page and evidence."""
    sums: defaultdict[str, defaultdict[tuple[str, str], Total]] = defaultdict(lambda: defaultdict(Total))
    query = sa.select(totals).where(totals.c.region.in_(codes), totals.c.form.in_([form.id, ""]))
    for row in connection.execute(query):
        sums[row.region][row.page, row.evidence] = Total.of(row.sheets, row.numbers)
    station = sa.select(station_of(photos)).join_from(photos, readings, readings.c.photo == photos.c.position)
    its_results = results.c.tps == station.where(readings.c.position == as_new).scalar_subquery()
    mine = sa.select(results).where(its_results, results.c.reading == as_new, results.c.form == form.id)
    for row in connection.execute(mine) if as_new is not None else ():
        for region in filter(row.tps.startswith, codes):
            sums[region][row.page, row.evidence].add(Result.of(row), -1)
            sums[region][row.page, Evidence.READ].add(Result.of(row), 1)
    return {region: dict(of_region) for region, of_region in sums.items()}


def _part(code: str, name: str, stations: int, sums: Mapping[str, Mapping[tuple[str, str], Total]], form: Form) -> Part:
    mine = sums.get(code, {})
    sheets = {page: {one: mine[page, one].sheets for one in Evidence if (page, one) in mine} for page in form.pages}
    confirmed: defaultdict[str, Total] = defaultdict(Total)
    doubtful: defaultdict[str, Total] = defaultdict(Total)
    for (page, evidence), total in mine.items():
        (doubtful if evidence == Evidence.READ else confirmed)[page].merge(total)
    figures = {}
    for field in form.fields:
        page = form.page_of(field)  # a number that stands on two pages is not counted twice
        figures[field] = Figure(*confirmed[page].numbers.get(field, (0, 0)), *doubtful[page].numbers.get(field, (0, 0)))
    named, unlisted = (mine.get(("", what), Total()).sheets for what in (RECEIVED, UNLISTED))
    return Part(code, name, stations, named + unlisted, unlisted, sheets, figures)


def _stations(connection: Connection, village: str, expected: int, form: Form, as_new: int | None) -> tuple[StationPart, ...]:
    """The polling stations of a village: those of the table, and any more that sheets came from."""
    query = (
        sa.select(results, readings.c.photo)
        .join_from(results, readings, readings.c.position == results.c.reading, isouter=True)
        .where(_within(results.c.tps, village), results.c.form.in_([form.id, ""]))
        .order_by(results.c.tps, results.c.page)
    )
    came: set[str] = set()
    sheets: defaultdict[str, dict[str, SheetOfStation]] = defaultdict(dict)
    for row in connection.execute(query):
        came.add(row.tps)
        if row.form:
            result = Result.of(row)
            shown = replace(result, evidence=Evidence.READ) if row.reading == as_new else result
            sheets[row.tps][row.page] = SheetOfStation(shown, row.photo)
    named = {f"{village}{number:03d}" for number in range(1, expected + 1)}
    return tuple(StationPart(tps, tps in came, sheets.get(tps, {})) for tps in sorted(named | came))


def _checked(form: Form, total: Part) -> Iterable[RegionCheck]:
    """The rules of the form over a region.

    A rule that holds at every station holds of their sums, but only when all its numbers are of the same stations: numbers of one page
    are when every sheet of it has them, numbers of several pages when every station of which a photo came has them. A limit of so many a
    station is left out: its sentence is about a station.
    """
    for check in form.checks:
        rule = check.constraint
        if check.severity is Severity.INFO or (rule.relation is not Relation.EQUAL and rule.constant):
            continue
        figures = {name: total.figures[name] for name in check.fields}
        counts = {figure.confirmed_sheets for figure in figures.values()}
        sheets = min(counts)
        pages = {form.page_of(name) for name in check.fields}
        whole = all(total.confirmed(page) == sheets for page in pages)
        same = counts == {sheets} and sheets > 0 and whole and (len(pages) == 1 or sheets == total.received)
        sums = {name: figure.confirmed for name, figure in figures.items()}
        yield RegionCheck(check, replace(rule, constant=rule.constant * sheets).holds(sums) if same else None, sheets)


def _race(connection: Connection, form: Form, total: Part) -> Race | None:
    """First and second by confirmed votes; None where there are not two to compare, or nothing is confirmed."""
    votes = {name: total.figures[name].confirmed for name in form.fields if CANDIDATE.fullmatch(name)}
    if len(votes) < 2 or not any(votes.values()):
        return None
    first, second = sorted(votes, key=lambda name: (-votes[name], name))[:2]
    margin = votes[first] - votes[second]
    if _some_unknown(connection, total.code):
        return Race(first, second, margin, None, None)
    waiting = total.expected - min(total.figures[name].confirmed_sheets for name in (first, second))
    a_station = next((check.constraint.constant for check in form.checks if _bounds_voters(check)), None)
    # Special stations have more voters than are usual, in good faith; more votes than the boxes can hold nobody has.
    return Race(first, second, margin, waiting * form.bounds.maximum, None if a_station is None else waiting * a_station)


def _bounds_voters(check: Check) -> bool:
    return check.constraint.relation is Relation.AT_MOST and check.constraint.coefficients == {VOTERS: 1}


def _some_unknown(connection: Connection, code: str) -> bool:
    """Whether there is a village of a region of which the table does not say how many polling stations it has."""
    unknown = _within(regions.c.code, code) & (sa.func.length(regions.c.code) == int(Level.VILLAGE)) & regions.c.stations.is_(None)
    return bool(connection.scalar(sa.select(sa.exists().where(unknown))))

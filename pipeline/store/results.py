"""What stands for each sheet of a polling station, on what evidence, and the sums of that for every region above it.

A station comes in; its rows are made anew from what is so now, and the difference is added to the totals of its village, district, regency,
province and nation in the same transaction. So a page about any region reads a handful of rows, however many stations are in it.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from pipeline.regions.codes import Level
from pipeline.sheet import Verdict
from pipeline.store.decisions import standing_decisions
from pipeline.store.ledger import canonical
from pipeline.store.schema import photos, results, totals
from pipeline.store.sheets import StoredSheet, sheets_of
from pipeline.store.stations import photos_of, station_of

NATION = ""
"""How totals name the whole country."""


class Evidence(StrEnum):
    """What the numbers of a sheet rest on."""

    READ = "read"
    CHECKED = "checked"
    DECIDED = "decided"


RECEIVED = "received"
"""In place of the evidence, for a station of which a photo came; such rows have no form, page or numbers."""

Key = tuple[str, str, str]
"""Form, page, and evidence."""


@dataclass(frozen=True, slots=True)
class Result:
    """What stands for one sheet of a station; `numbers` are None where a number is blank, illegible or in nobody's reading."""

    form: str
    page: str
    evidence: str
    reading: int | None
    numbers: Mapping[str, int | None]

    @property
    def key(self) -> Key:
        return self.form, self.page, self.evidence

    @classmethod
    def of(cls, row: Any) -> Result:
        """The result in a row of the table."""
        return cls(row.form, row.page, row.evidence, row.reading, json.loads(row.numbers))


@dataclass(slots=True)
class Total:
    """The sum over some sheets: how many they are, and of each number the sum and how many sheets have it."""

    sheets: int = 0
    numbers: dict[str, tuple[int, int]] = field(default_factory=dict)

    def add(self, result: Result, times: int) -> None:
        """Count a result `times` times; -1 takes it out."""
        self.merge(Total(1, {name: (value, 1) for name, value in result.numbers.items() if value is not None}), times)

    def merge(self, other: Total, times: int = 1) -> None:
        """Add the sums of other sheets, or with -1 take them out."""
        self.sheets += times * other.sheets
        for name, (value, count) in other.numbers.items():
            before, sheets = self.numbers.get(name, (0, 0))
            self.numbers[name] = before + times * value, sheets + times * count
            if self.numbers[name] == (0, 0):
                del self.numbers[name]

    @property
    def text(self) -> str:
        """The numbers as the table has them."""
        return canonical(self.numbers)

    @classmethod
    def of(cls, sheets: int, text: str) -> Total:
        return cls(sheets, {name: (value, count) for name, (value, count) in json.loads(text).items()})


def refresh(connection: Connection, tps: str) -> None:
    """Bring the rows of a station, and all totals above it, to what is so now."""
    before, now = results_of(connection, tps), _now(connection, tps)
    if before == now:
        return
    connection.execute(results.delete().where(results.c.tps == tps))
    rows = [
        {
            "tps": tps, "form": one.form, "page": one.page, "evidence": one.evidence, "reading": one.reading,
            "numbers": canonical(one.numbers),
        }
        for one in now
    ]  # fmt: skip
    if rows:
        connection.execute(results.insert(), rows)
    changes: defaultdict[Key, Total] = defaultdict(Total)
    for times, some in ((-1, before), (1, now)):
        for one in some:
            changes[one.key].add(one, times)
    _apply(connection, regions_above(tps), changes)


def results_of(connection: Connection, tps: str) -> list[Result]:
    """What stands for the sheets of a station, in the order of forms and pages."""
    query = sa.select(results).where(results.c.tps == tps).order_by(results.c.form, results.c.page)
    return [Result.of(row) for row in connection.execute(query)]


def rebuild(connection: Connection) -> None:
    """Make all rows anew: for a store whose photos came before it kept results."""
    connection.execute(results.delete())
    connection.execute(totals.delete())
    for station in connection.scalars(sa.select(station_of(photos)).distinct()).all():
        if station is not None:
            refresh(connection, station)


def difference(connection: Connection) -> str | None:
    """The first place at which results and totals are not what the readings and decisions say; None when there is none."""
    tps = station_of(photos)
    stations = {station for station in connection.scalars(sa.select(tps).distinct()) if station is not None}
    kept = set(connection.scalars(sa.select(results.c.tps).distinct()))
    sums: defaultdict[tuple[str, Key], Total] = defaultdict(Total)
    for station in sorted(stations | kept):
        now = _now(connection, station)
        if results_of(connection, station) != now:
            return f"the results of station {station}"
        for region in regions_above(station):
            for one in now:
                sums[region, one.key].add(one, 1)
    there = {
        (row.region, (row.form, row.page, row.evidence)): Total.of(row.sheets, row.numbers) for row in connection.execute(sa.select(totals))
    }
    for (region, key), total in sums.items():
        if there.pop((region, key), None) != total:
            return f"the totals of region {region or 'nation'}"
    return f"the totals of region {next(iter(there))[0]}" if there else None


def regions_above(tps: str) -> list[str]:
    """The codes of the regions that contain a station, the nation first."""
    return [NATION, *(tps[:level] for level in Level)]


def _now(connection: Connection, tps: str) -> list[Result]:
    """What stands for the sheets of a station by its photos, readings and decisions."""
    came = photos_of(connection, tps)
    standing = [sheet for photo in came for sheet in sheets_of(connection, photo) if _counts(sheet)]
    decided = standing_decisions(connection, [sheet.position for sheet in standing])
    found = {("", ""): Result("", "", RECEIVED, None, {})} if came else {}
    for one in standing:
        form, page = one.sheet.form or "", one.sheet.page or ""
        if one.position in decided:
            numbers = {name: typed.value for name, typed in decided[one.position].numbers.items()}
            found[form, page] = Result(form, page, Evidence.DECIDED, one.position, numbers)
        else:
            evidence = Evidence.CHECKED if one.verdict is Verdict.ACCEPTED else Evidence.READ
            read = {name: number.value for name, number in one.sheet.fields.items()}
            found[form, page] = Result(form, page, evidence, one.position, read)
    return [found[key] for key in sorted(found)]


def _counts(sheet: StoredSheet) -> bool:
    return sheet.superseded is None and sheet.sheet.form is not None and sheet.verdict is not Verdict.REFUSED


def _apply(connection: Connection, regions: list[str], changes: Mapping[Key, Total]) -> None:
    """Add changes to the totals of some regions."""
    wanted = sa.tuple_(totals.c.form, totals.c.page, totals.c.evidence).in_(list(changes))
    query = sa.select(totals).where(totals.c.region.in_(regions), wanted)
    there = {(row.region, row.form, row.page, row.evidence): Total.of(row.sheets, row.numbers) for row in connection.execute(query)}
    for region, (key, change) in _each(regions, changes):
        total = there.get((region, *key), Total())
        total.merge(change)
        its_row = (totals.c.region == region) & (sa.tuple_(totals.c.form, totals.c.page, totals.c.evidence) == sa.tuple_(*key))
        if total.sheets == 0:
            connection.execute(totals.delete().where(its_row))
        elif (region, *key) in there:
            connection.execute(totals.update().where(its_row).values(sheets=total.sheets, numbers=total.text))
        else:
            form, page, evidence = key
            row = {"region": region, "form": form, "page": page, "evidence": evidence}
            connection.execute(totals.insert().values(**row, sheets=total.sheets, numbers=total.text))


def _each(regions: list[str], changes: Mapping[Key, Total]) -> Iterator[tuple[str, tuple[Key, Total]]]:
    for region in regions:
        for change in changes.items():
            yield region, change

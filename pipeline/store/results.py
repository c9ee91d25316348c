"""What stands for each sheet of a polling station, on what evidence, and the sums of that for every region above it.

A station comes in; its rows are made anew from what is so now, and the difference is added to the totals of its village, district, regency,
province and nation in the same transaction. So a page about any region reads a handful of rows, however many stations are in it.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from pipeline.regions import Level, TpsCode
from pipeline.sheet import Verdict
from pipeline.store.decisions import standing_decisions
from pipeline.store.ledger import canonical
from pipeline.store.schema import ledger, photos, readings, regions, results, totals
from pipeline.store.stations import photos_of, replaced, station_of, waits

NATION = ""
"""How totals name the whole country."""


class Evidence(StrEnum):
    """What the numbers of a sheet rest on."""

    READ = "read"
    CHECKED = "checked"
    DECIDED = "decided"


RECEIVED = "received"
"""In place of the evidence, for a station of which a photo came; such rows have no form, page or numbers."""

UNLISTED = "unlisted"
"""As `RECEIVED`, for a station that the table of regions does not name: it names fewer in that village."""

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
    changed = {key: change for key, change in changes.items() if change != Total()}
    if changed:
        _apply(connection, regions_above(tps), changed)


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
    """What stands for the sheets of a station by its photos, readings and decisions; what is in the queue is in doubt, whoever said it."""
    came = photos_of(connection, tps)
    standing = connection.execute(_standing(came)).all() if came else []
    decided = standing_decisions(connection, [row.position for row in standing]) if standing else {}
    found = {("", ""): Result("", "", _received(connection, tps), None, {})} if came else {}
    for row in standing:
        numbers: dict[str, int | None]
        if row.position in decided and not row.waits:
            evidence = Evidence.DECIDED
            numbers = {name: typed.value for name, typed in decided[row.position].numbers.items()}
        else:
            evidence = Evidence.CHECKED if row.verdict == Verdict.ACCEPTED and not row.waits else Evidence.READ
            numbers = {name: number["value"] for name, number in json.loads(row.body)["reading"]["fields"].items()}
        found[row.form, row.page] = Result(row.form, row.page, evidence, row.position, numbers)
    return [found[key] for key in sorted(found)]


def _received(connection: Connection, tps: str) -> str:
    """How a station of which a photo came is counted."""
    station = TpsCode.parse(tps)
    named = connection.scalar(sa.select(regions.c.stations).where(regions.c.code == station.village))
    return RECEIVED if named is None or station.number <= named else UNLISTED


def _standing(came: Sequence[int]) -> sa.Select[Any]:
    """The readings of some photos that stand and are of a form, in order."""
    return (
        sa.select(
            readings.c.position, readings.c.form, readings.c.page, readings.c.verdict, waits(readings).label("waits"), ledger.c.body,
        )
        .join_from(readings, photos, photos.c.position == readings.c.photo)
        .join(ledger, ledger.c.position == readings.c.position)
        .where(readings.c.photo.in_(came), readings.c.verdict != Verdict.REFUSED.value)
        .where(readings.c.form.is_not(None), readings.c.page.is_not(None), ~replaced(readings, photos))
        .order_by(readings.c.position)
    )  # fmt: skip


def _apply(connection: Connection, codes: Sequence[str], changes: Mapping[Key, Total]) -> None:
    """Add changes to the totals of some regions; all their rows are written anew at once, which are three statements for any number."""
    key = sa.tuple_(totals.c.form, totals.c.page, totals.c.evidence)
    changed = totals.c.region.in_(codes) & key.in_(list(changes))
    before = {
        (row.region, row.form, row.page, row.evidence): Total.of(row.sheets, row.numbers)
        for row in connection.execute(sa.select(totals).where(changed))
    }
    rows = []
    for region in codes:
        for (form, page, evidence), change in changes.items():
            total = before.get((region, form, page, evidence), Total())
            total.merge(change)
            if total.sheets:
                named = {"region": region, "form": form, "page": page, "evidence": evidence}
                rows.append({**named, "sheets": total.sheets, "numbers": total.text})
    if before:
        connection.execute(totals.delete().where(changed))
    if rows:
        connection.execute(totals.insert(), rows)

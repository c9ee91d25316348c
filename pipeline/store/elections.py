"""Elections: which sheets every polling station makes, and how far they have come, region by region."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from pipeline.regions.codes import Level
from pipeline.sheet import Verdict
from pipeline.store.database import StoreError
from pipeline.store.schema import elections, expected_sheets, photos, readings, regions, waiting
from pipeline.store.stations import replaced, station_of, waits


@dataclass(frozen=True, slots=True)
class Election:
    """An election: `sheets` are the (form, page) pairs that each polling station makes; `day` is YYYY-MM-DD."""

    id: str
    name: str
    day: str
    sheets: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Arrival:
    """How far the sheets of a region have come.

    Attributes
    ----------
    stations
        Polling stations that the table of regions names.
    expected
        Sheets that they make in all elections; 0 when none is known.
    received
        Photos that came; `waiting` of them have no reading.
    accepted, review, refused
        Readings that stand, by verdict, the other documents of the station counted in.
    """

    code: str
    name: str
    stations: int
    expected: int
    received: int
    waiting: int
    accepted: int
    review: int
    refused: int


def add_election(connection: Connection, election: Election) -> None:
    """Add an election, or say anew what one with this id is.

    Raises
    ------
    StoreError
        One of its sheets is one of another election.
    """
    taken = connection.execute(sa.select(expected_sheets).where(expected_sheets.c.election != election.id)).all()
    for row in taken:
        if (row.form, row.page) in election.sheets:
            raise StoreError(f"page {row.page} of {row.form} is of the election {row.election} already; a sheet is of one election")
    connection.execute(expected_sheets.delete().where(expected_sheets.c.election == election.id))
    connection.execute(elections.delete().where(elections.c.id == election.id))
    connection.execute(elections.insert().values(id=election.id, name=election.name, day=election.day))
    rows = [{"form": form, "page": page, "election": election.id} for form, page in election.sheets]
    connection.execute(expected_sheets.insert(), rows)


def all_elections(connection: Connection) -> list[Election]:
    """The elections by day and id."""
    sheets = connection.execute(sa.select(expected_sheets).order_by(expected_sheets.c.form, expected_sheets.c.page)).all()
    rows = connection.execute(sa.select(elections).order_by(elections.c.day, elections.c.id))
    return [Election(row.id, row.name, row.day, tuple((s.form, s.page) for s in sheets if s.election == row.id)) for row in rows]


def arrivals(connection: Connection, *, below: str | None = None) -> list[Arrival]:
    """How far the sheets of each region in a region have come (the provinces when None), by code."""
    levels: Sequence[Level] = list(Level)
    level = levels[0] if below is None else next((one for one in levels if one > len(below)), levels[-1])
    prefix = "" if below is None else below
    inside = regions.c.parent.is_(None) if below is None else regions.c.parent == below
    named = connection.execute(sa.select(regions.c.code, regions.c.name).where(inside).order_by(regions.c.code)).all()
    village = sa.func.length(regions.c.code) == Level.VILLAGE
    code = sa.func.substr(regions.c.code, 1, int(level))
    totals = sa.select(code, sa.func.sum(regions.c.stations)).where(village, regions.c.code.startswith(prefix, autoescape=True))
    stations = {row[0]: int(row[1] or 0) for row in connection.execute(totals.group_by(code))}
    each = connection.scalar(sa.select(sa.func.count()).select_from(expected_sheets)) or 0
    came = _received(connection, prefix, level)
    read = _verdicts(connection, prefix, level)
    return [
        Arrival(
            region.code, region.name, stations.get(region.code, 0), each * stations.get(region.code, 0), *came.get(region.code, (0, 0)),
            *(read.get((region.code, verdict), 0) for verdict in (Verdict.ACCEPTED, Verdict.REVIEW, Verdict.REFUSED)),
        )
        for region in named
    ]  # fmt: skip


def _received(connection: Connection, prefix: str, level: Level) -> dict[str, tuple[int, int]]:
    """Photos that came and photos that wait, by region."""
    station = station_of(photos).label("station")
    unread = sa.exists().where(waiting.c.photo == photos.c.position)
    each = sa.select(station, sa.case((unread, 1), else_=0).label("unread")).subquery()
    region = sa.func.substr(each.c.station, 1, int(level))
    query = sa.select(region, sa.func.count(), sa.func.sum(each.c.unread)).where(each.c.station.startswith(prefix, autoescape=True))
    return {row[0]: (int(row[1]), int(row[2])) for row in connection.execute(query.group_by(region))}


def _verdicts(connection: Connection, prefix: str, level: Level) -> dict[tuple[str, Verdict], int]:
    """Readings that stand, by region and verdict."""
    verdict = sa.case((waits(readings), Verdict.REVIEW.value), else_=readings.c.verdict).label("verdict")
    each = (
        sa.select(station_of(photos).label("station"), verdict)
        .join_from(readings, photos, photos.c.position == readings.c.photo)
        .where(~replaced(readings, photos))
        .subquery()
    )
    region = sa.func.substr(each.c.station, 1, int(level))
    query = sa.select(region, each.c.verdict, sa.func.count()).where(each.c.station.startswith(prefix, autoescape=True))
    return {(row[0], Verdict(row[1])): int(row[2]) for row in connection.execute(query.group_by(region, each.c.verdict))}

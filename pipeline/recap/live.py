"""What comes in and what becomes of it, minute by minute: for a page that follows the count while it runs.

The ledger's rows are in the order of their times, so where the last hour begins is found by halving, and only that hour is looked through.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import Connection

from pipeline.regions import Level
from pipeline.sheet import Verdict
from pipeline.store.ledger import Kind, head
from pipeline.store.schema import ledger, queue, readings, regions, totals, waiting
from pipeline.store.times import text_of, time_of

WINDOW = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Minute:
    """Photos that came and sheets that were read in one minute, `at` its beginning."""

    at: datetime
    photos: int
    readings: int


@dataclass(frozen=True, slots=True)
class RegionNow:
    """How far a region is: stations of which a photo came, of how many, and sheets by what their numbers rest on."""

    code: str
    name: str
    stations: int
    received: int
    read: int
    checked: int
    decided: int


@dataclass(frozen=True, slots=True)
class Pulse:
    """The count as it is now.

    Attributes
    ----------
    minutes
        The last hour, oldest minute first, those without events included.
    waiting
        Photos that no reader has looked at, the oldest of them since `oldest`.
    verdicts
        Readings by what the machine said of them, replaced ones included.
    in_queue
        Sheets that people must look at.
    regions
        Those directly in the region asked for.
    """

    at: datetime
    head: int
    minutes: tuple[Minute, ...]
    waiting: int
    oldest: datetime | None
    verdicts: dict[Verdict, int]
    in_queue: int
    regions: tuple[RegionNow, ...]


def pulse(connection: Connection, within: str = "", *, now: datetime) -> Pulse:
    """How the count stands: of the whole store, and region by region directly `within` one (empty for the nation)."""
    verdicts = connection.execute(sa.select(readings.c.verdict, sa.func.count()).group_by(readings.c.verdict))
    return Pulse(
        at=now,
        head=head(connection).position,
        minutes=_minutes(connection, now),
        waiting=connection.scalar(sa.select(sa.func.count()).select_from(waiting)) or 0,
        oldest=_oldest_waiting(connection),
        verdicts={Verdict(row[0]): row[1] for row in verdicts},
        in_queue=connection.scalar(sa.select(sa.func.count()).select_from(queue)) or 0,
        regions=_regions(connection, within),
    )


def _minutes(connection: Connection, now: datetime) -> tuple[Minute, ...]:
    """Events of the last hour by minute."""
    this = now.astimezone(UTC).replace(second=0, microsecond=0)
    first = this - WINDOW + timedelta(minutes=1)
    minute = sa.func.substr(ledger.c.at, 1, 16)
    kinds = (Kind.PHOTO.value, Kind.READING.value)
    query = (
        sa.select(minute, ledger.c.kind, sa.func.count())
        .where(ledger.c.position >= _first_since(connection, first), ledger.c.kind.in_(kinds))
        .group_by(minute, ledger.c.kind)
    )
    counts = Counter({(row[0], row[1]): row[2] for row in connection.execute(query)})
    moments = [first + timedelta(minutes=place) for place in range(int(WINDOW / timedelta(minutes=1)))]
    return tuple(Minute(moment, *(counts[f"{moment:%Y-%m-%dT%H:%M}", kind] for kind in kinds)) for moment in moments)


def _first_since(connection: Connection, moment: datetime) -> int:
    """The first row of the ledger at a time or later."""
    text = text_of(moment)
    low, high = 1, head(connection).position + 1
    while low < high:
        middle = (low + high) // 2
        at = connection.scalar(sa.select(ledger.c.at).where(ledger.c.position == middle))
        low, high = (middle + 1, high) if at is not None and at < text else (low, middle)
    return low


def _oldest_waiting(connection: Connection) -> datetime | None:
    first = sa.select(sa.func.min(waiting.c.photo)).scalar_subquery()
    at = connection.scalar(sa.select(ledger.c.at).where(ledger.c.position == first))
    return None if at is None else time_of(at)


def _regions(connection: Connection, within: str) -> tuple[RegionNow, ...]:
    """The regions directly in one: their polling stations from the table, the rest from the totals."""
    inside = regions.c.parent == within if within else regions.c.parent.is_(None)
    named = {row.code: row.name for row in connection.execute(sa.select(regions).where(inside).order_by(regions.c.code))}
    if not named:
        return ()
    length = len(next(iter(named)))
    villages = regions.c.code.startswith(within, autoescape=True) & (sa.func.length(regions.c.code) == int(Level.VILLAGE))
    of = sa.func.substr(regions.c.code, 1, length)
    stations = {row[0]: row[1] for row in connection.execute(sa.select(of, sa.func.sum(regions.c.stations)).where(villages).group_by(of))}
    counts: Counter[tuple[str, str]] = Counter()
    query = sa.select(totals.c.region, totals.c.form, totals.c.evidence, totals.c.sheets).where(totals.c.region.in_(named))
    for row in connection.execute(query):
        counts[row.region, row.evidence if row.form else "received"] += row.sheets
    return tuple(
        RegionNow(code, name, int(stations.get(code) or 0), *(counts[code, what] for what in ("received", "read", "checked", "decided")))
        for code, name in named.items()
    )

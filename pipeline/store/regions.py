"""The regions of the store: what a table says is added or renamed; nothing is removed, since sheets may name it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from pipeline.regions import Level, Region
from pipeline.store.results import refresh
from pipeline.store.schema import regions, results

ROWS_AT_ONCE = 2_000


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did: regions that are new, that changed, and that were there as they are."""

    added: int
    changed: int
    same: int


def import_regions(connection: Connection, table: Sequence[Region]) -> Imported:
    """Bring the store to a table whose regions come after those that contain them."""
    known = {row.code: (row.name, row.stations) for row in connection.execute(sa.select(regions))}
    new = [one for one in table if one.code not in known]
    changed = [one for one in table if one.code in known and known[one.code] != (one.name, one.stations)]
    for start in range(0, len(new), ROWS_AT_ONCE):
        some = new[start : start + ROWS_AT_ONCE]
        rows = [{"code": one.code, "parent": one.parent, "name": one.name, "stations": one.stations} for one in some]
        connection.execute(regions.insert(), rows)
    for one in changed:
        connection.execute(regions.update().where(regions.c.code == one.code).values(name=one.name, stations=one.stations))
    anew = {one.code for one in (*new, *changed) if one.code not in known or known[one.code][1] != one.stations}
    for tps in connection.scalars(sa.select(results.c.tps).distinct()).all():
        if tps[: Level.VILLAGE] in anew:
            refresh(connection, tps)  # it may be one that the table names now, or names no more
    return Imported(len(new), len(changed), len(table) - len(new) - len(changed))


def region(connection: Connection, code: str) -> Region | None:
    """The region with a code."""
    row = connection.execute(sa.select(regions).where(regions.c.code == code)).first()
    return None if row is None else Region(row.code, row.name, row.stations)


def regions_within(connection: Connection, code: str | None) -> list[tuple[Region, int]]:
    """The regions directly in one (None: the provinces), in the order of their codes, each with the polling stations known in it."""
    below = regions.alias("below")
    inside = below.c.code.startswith(regions.c.code)
    total = sa.select(sa.func.coalesce(sa.func.sum(below.c.stations), 0)).where(inside).scalar_subquery()
    query = sa.select(regions, total.label("total")).where(regions.c.parent.is_(None) if code is None else regions.c.parent == code)
    return [(Region(row.code, row.name, row.stations), int(row.total)) for row in connection.execute(query.order_by(regions.c.code))]

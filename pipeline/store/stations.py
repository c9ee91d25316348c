"""Which polling station a photo is of, and which of its readings another photo of that station has replaced: conditions for queries."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from pipeline.store.schema import photos, queue, readings, reassignments, supersessions


def station_of(photo: Any) -> sa.ColumnElement[str | None]:
    """The station of a row of `photos` (the table or an alias of it) as it stands now."""
    # Inside another condition a subquery takes up only the tables of the query right around it, unless it is told.
    given = sa.select(reassignments.c.tps).where(reassignments.c.photo == photo.c.position).correlate_except(reassignments)
    last = given.order_by(reassignments.c.position.desc()).limit(1)
    return sa.case((given.exists(), last.scalar_subquery()), else_=photo.c.tps)


def replaced(reading: Any, photo: Any) -> sa.ColumnElement[bool]:
    """Whether another reading stands in the place of a row of `readings` joined to its row of `photos`."""
    later, its_photo = readings.alias(), photos.alias()
    return (
        sa.exists()
        .where(supersessions.c.reading == reading.c.position, later.c.position == supersessions.c.by)
        .where(its_photo.c.position == later.c.photo, station_of(its_photo) == station_of(photo))
        .correlate_except(supersessions, later, its_photo)
    )


def waits(reading: Any) -> sa.ColumnElement[bool]:
    """Whether people must look at a row of `readings`: it is in the queue."""
    return sa.exists().where(queue.c.reading == reading.c.position)


def photos_of(connection: Connection, tps: str) -> list[int]:
    """Positions of the photos of a station, in the order in which they came."""
    moved = sa.select(reassignments.c.photo).where(reassignments.c.tps == tps)
    query = sa.select(photos.c.position).where((photos.c.tps == tps) | photos.c.position.in_(moved), station_of(photos) == tps)
    return list(connection.scalars(query.order_by(photos.c.position)))

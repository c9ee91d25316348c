"""Which station a photo is of, and which reading stands for each of its pages.

Of several photos of the same page of a station the last stands. An earlier one is superseded, with the reason, and kept; when the later
one turns out to be of another station it stands again. So standing is asked of the events, never set.
"""

from __future__ import annotations

from collections import defaultdict
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from pipeline.sheet import Verdict
from pipeline.store import queue, results, schema
from pipeline.store.ledger import Kind, append, become_writer
from pipeline.store.schema import photos, readings, reassignments, supersessions
from pipeline.store.sets import examine
from pipeline.store.sheets import sheets_of
from pipeline.store.stations import photos_of, replaced, station_of


class Reason(StrEnum):
    """Why a later photo stands in the place of an earlier one."""

    RECOUNT = "recount"
    BETTER_PHOTO = "better_photo"
    WRONG_TPS = "wrong_tps"


def settle(connection: Connection, photo: int) -> None:
    """Tell what a photo replaces at its station, examine it beside the other documents, and bring the queue and the results to what is so.

    To be called when it has new readings or another station, and when something was said or decided of its sheets.
    """
    tps = connection.scalar(sa.select(station_of(photos)).where(photos.c.position == photo))
    if tps is not None:
        _supersede(connection, tps)
    stations = {tps} if tps is not None else set()
    for examined in examine(connection, photo):
        found = sheets_of(connection, examined)
        queue.refresh(connection, found)
        stations |= {sheet.tps for sheet in found if sheet.tps is not None}
    for station in sorted(stations):
        results.refresh(connection, station)


def bring_up_to_date(connection: Connection) -> None:
    """Make the queue and the results of a store whose photos came before it kept any; does nothing to one that has results."""
    if connection.scalar(sa.select(sa.exists().select_from(schema.results))):
        return
    for photo in connection.scalars(sa.select(photos.c.position).order_by(photos.c.position)).all():
        settle(connection, photo)


def reassign(connection: Connection, photo: int, tps: str | None, *, reason: str) -> None:
    """Tell that a photo is of another station than was said, or of none that is known; both stations are settled anew."""
    become_writer(connection)
    before = connection.scalar(sa.select(station_of(photos)).where(photos.c.position == photo))
    (entry,) = append(connection, [(Kind.DECISION, {"decision": "station", "photo": photo, "reason": reason, "tps": tps})])
    connection.execute(reassignments.insert().values(position=entry.position, photo=photo, tps=tps))
    settle(connection, photo)
    if before is not None:
        for left in photos_of(connection, before)[:1]:
            settle(connection, left)
        results.refresh(connection, before)


def _supersede(connection: Connection, tps: str) -> None:
    """Tell of every reading of a station that the last photo of its page replaces."""
    query = (
        sa.select(readings.c.position, readings.c.form, readings.c.page, photos.c.reason, replaced(readings, photos).label("replaced"))
        .join_from(readings, photos, photos.c.position == readings.c.photo)
        .where(readings.c.photo.in_(photos_of(connection, tps)), readings.c.verdict != Verdict.REFUSED.value)
        .order_by(readings.c.photo, readings.c.sheet)
    )
    of_page: dict[tuple[str, str], list[sa.Row[Any]]] = defaultdict(list)
    for row in connection.execute(query):
        of_page[row.form, row.page].append(row)
    events = []
    for *earlier, last in of_page.values():
        reason = last.reason or Reason.BETTER_PHOTO.value
        events += [{"reading": row.position, "by": last.position, "reason": reason} for row in earlier if not row.replaced]
    for entry, event in zip(append(connection, [(Kind.SUPERSESSION, event) for event in events]), events, strict=True):
        connection.execute(supersessions.insert().values(position=entry.position, **event))

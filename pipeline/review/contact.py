"""Contact sheets: many boxes that were read as the same digit side by side, where the odd one catches the eye.

Only sheets that were accepted without a person are shown: marking a box sends its sheet to people, and nothing here accepts anything.
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from pipeline.sheet import BOX_CLASSES, Verdict
from pipeline.store.accounts import Account
from pipeline.store.decisions import decisions_of
from pipeline.store.schema import photos, queue, readings
from pipeline.store.sheets import sheet_at
from pipeline.store.stations import replaced, station_of

SHEETS_AT_MOST = 60
"""Sheets that are searched for boxes of one page of a contact sheet."""


@dataclass(frozen=True, slots=True)
class Box:
    """One digit box of a sheet: the number it belongs to, and its place there from 0."""

    reading: int
    field: str
    place: int


@dataclass(frozen=True, slots=True)
class ContactSheet:
    """Boxes read as one sign, and the reading before which the next page goes on, None when there is none."""

    boxes: tuple[Box, ...]
    before: int | None


def contact_sheet(connection: Connection, account: Account, sign: str, *, before: int | None = None, most: int = 48) -> ContactSheet:
    """The last boxes of this person's region that were read as a sign of `BOX_CLASSES`, newest sheets first.

    Raises
    ------
    ValueError
        There is no such sign.
    """
    if sign not in BOX_CLASSES or len(sign) != 1:
        raise ValueError(sign)
    query = (
        sa.select(readings.c.position)
        .join_from(readings, photos, photos.c.position == readings.c.photo)
        .where(readings.c.verdict == Verdict.ACCEPTED.value, ~replaced(readings, photos))
        .where(~sa.exists().where(queue.c.reading == readings.c.position))
        .order_by(readings.c.position.desc())
        .limit(SHEETS_AT_MOST)
    )
    if account.region:
        query = query.where(station_of(photos).startswith(account.region, autoescape=True))
    if before is not None:
        query = query.where(readings.c.position < before)
    boxes: list[Box] = []
    searched = list(connection.scalars(query))
    for reading in searched:
        if decisions_of(connection, reading):
            continue
        sheet = sheet_at(connection, reading).sheet
        boxes += [
            Box(reading, name, place) for name, field in sheet.fields.items() for place, read in enumerate(field.raw) if read == sign
        ]
        if len(boxes) >= most:
            return ContactSheet(tuple(boxes), reading)
    return ContactSheet(tuple(boxes), searched[-1] if len(searched) == SHEETS_AT_MOST else None)

"""What is still to be read, and what was read: one event of the ledger a sheet, with the versions of all that made it.

The idea: nothing marks a photo as being read. What has no reading waits, and is struck off that list in the transaction that tells of its
reading, so whoever stops, for whatever reason, loses the work of that moment and no photo.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from pipeline.regions import Level
from pipeline.sheet import Sheet, rounded
from pipeline.store.ledger import Kind, append, become_writer
from pipeline.store.schema import findings, likenesses, photos, readings, regions, waiting
from pipeline.store.sets import numbers_key
from pipeline.store.standing import reassign, settle
from pipeline.store.stations import station_of


@dataclass(frozen=True, slots=True)
class StoredPhoto:
    """A photo of the store: the row of the ledger that tells of it, its content, and the name it came with."""

    position: int
    sha256: str
    name: str


@dataclass(frozen=True, slots=True)
class ReadSheet:
    """A sheet that was read, and the likeness of its picture, None where there was none to see."""

    sheet: Sheet
    likeness: str | None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the store has been read: photos, and sheets by verdict."""

    photos: int
    pending: int
    verdicts: dict[str, int]


def pending(connection: Connection, *, after: int = 0, limit: int) -> list[StoredPhoto]:
    """The first photos after a position that have no reading, in the order in which they came."""
    query = (
        sa.select(photos.c.position, photos.c.sha256, photos.c.name)
        .join_from(waiting, photos, photos.c.position == waiting.c.photo)
        .where(waiting.c.photo > after)
        .order_by(waiting.c.photo)
        .limit(limit)
    )
    return [StoredPhoto(*row) for row in connection.execute(query)]


def record(connection: Connection, photo: StoredPhoto, sheets: Sequence[ReadSheet]) -> None:
    """Tell of the sheets that were read on a photo, unless somebody else has read it meanwhile.

    The seconds it took are no part of the event: the same photo, software and models give the same event again.
    """
    become_writer(connection)
    if connection.scalar(sa.select(sa.exists().where(readings.c.photo == photo.position))):
        return
    bodies = []
    for number, read in enumerate(sheets, start=1):
        said = {key: value for key, value in read.sheet.to_dict().items() if key != "seconds"}
        bodies.append((Kind.READING, {"likeness": read.likeness, "photo": photo.position, "sheet": number, "reading": said}))
    for entry, (number, read) in zip(append(connection, bodies), enumerate(sheets, start=1), strict=True):
        _insert(connection, entry.position, photo, number, read)
    connection.execute(waiting.delete().where(waiting.c.photo == photo.position))
    if not _take_station_of_code(connection, photo, sheets):
        settle(connection, photo.position)


def _insert(connection: Connection, position: int, photo: StoredPhoto, number: int, read: ReadSheet) -> None:
    """The views of one reading."""
    sheet = read.sheet
    connection.execute(
        readings.insert().values(
            position=position,
            photo=photo.position,
            sheet=number,
            form=sheet.form,
            page=sheet.page,
            verdict=sheet.verdict.value,
            refusal=None if sheet.refusal is None else sheet.refusal.code.value,
            probability=rounded(sheet.probability),
            seconds=sheet.seconds,
        )
    )
    rows = [
        {"reading": position, "number": place, "code": finding.code.value, "severity": finding.severity.value}
        for place, finding in enumerate(sheet.findings, start=1)
    ]
    if rows:
        connection.execute(findings.insert(), rows)
    if read.likeness is not None:
        numbers = numbers_key(sheet.form, sheet.page, {name: field.value for name, field in sheet.fields.items()})
        connection.execute(likenesses.insert().values(reading=position, numbers=numbers, likeness=read.likeness))


def _take_station_of_code(connection: Connection, photo: StoredPhoto, sheets: Sequence[ReadSheet]) -> bool:
    """Give a photo of which nobody said the station the one that the code on its form names; whether it was given."""
    named = {read.sheet.tps.code for read in sheets if read.sheet.tps is not None}
    known = sa.select(station_of(photos).label("tps"), photos.c.contradiction).where(photos.c.position == photo.position)
    row = connection.execute(known).one()
    if len(named) != 1 or row.tps is not None or row.contradiction is not None:
        return False
    (code,) = named
    if not connection.scalar(sa.select(sa.exists().where(regions.c.code == code[: Level.VILLAGE]))):
        return False
    reassign(connection, photo.position, code, reason="qr")
    return True


def progress(connection: Connection) -> Progress:
    """How far the store has been read."""
    total = connection.scalar(sa.select(sa.func.count()).select_from(photos)) or 0
    unread = connection.scalar(sa.select(sa.func.count()).select_from(waiting)) or 0
    verdicts = connection.execute(sa.select(readings.c.verdict, sa.func.count()).group_by(readings.c.verdict).order_by(readings.c.verdict))
    return Progress(total, unread, {row[0]: row[1] for row in verdicts})

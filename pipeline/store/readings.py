"""What is still to be read, and what was read: one event of the ledger a sheet, with the versions of all that made it.

The idea: nothing marks a photo as being read. What has no reading is still to be read, so whoever stops, for whatever reason, loses the
work of that moment and no photo.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from pipeline.sheet import Sheet, rounded
from pipeline.store.ledger import Kind, append, become_writer
from pipeline.store.schema import findings, photos, readings


@dataclass(frozen=True, slots=True)
class StoredPhoto:
    """A photo of the store: the row of the ledger that tells of it, its content, and the name it came with."""

    position: int
    sha256: str
    name: str


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
        .where(photos.c.position > after, ~sa.exists().where(readings.c.photo == photos.c.position))
        .order_by(photos.c.position)
        .limit(limit)
    )
    return [StoredPhoto(*row) for row in connection.execute(query)]


def record(connection: Connection, photo: StoredPhoto, sheets: Sequence[Sheet]) -> None:
    """Tell of the sheets that were read on a photo, unless somebody else has read it meanwhile.

    The seconds it took are no part of the event: the same photo, software and models give the same event again.
    """
    become_writer(connection)
    if connection.scalar(sa.select(sa.exists().where(readings.c.photo == photo.position))):
        return
    bodies = []
    for number, sheet in enumerate(sheets, start=1):
        said = {key: value for key, value in sheet.to_dict().items() if key != "seconds"}
        bodies.append((Kind.READING, {"photo": photo.position, "sheet": number, "reading": said}))
    for entry, (number, sheet) in zip(append(connection, bodies), enumerate(sheets, start=1), strict=True):
        connection.execute(
            readings.insert().values(
                position=entry.position,
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
            {"reading": entry.position, "number": place, "code": finding.code.value, "severity": finding.severity.value}
            for place, finding in enumerate(sheet.findings, start=1)
        ]
        if rows:
            connection.execute(findings.insert(), rows)


def progress(connection: Connection) -> Progress:
    """How far the store has been read."""
    total = connection.scalar(sa.select(sa.func.count()).select_from(photos)) or 0
    done = connection.scalar(sa.select(sa.func.count(readings.c.photo.distinct()))) or 0
    verdicts = connection.execute(sa.select(readings.c.verdict, sa.func.count()).group_by(readings.c.verdict).order_by(readings.c.verdict))
    return Progress(total, total - done, {row[0]: row[1] for row in verdicts})

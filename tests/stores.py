"""Photos and readings put into a store without files."""

from __future__ import annotations

from hashlib import sha256

from sqlalchemy import Connection

from pipeline.sheet import Sheet, StationCode, Verdict
from pipeline.store.ledger import Kind, append
from pipeline.store.readings import ReadSheet, StoredPhoto, record
from pipeline.store.schema import photos, waiting
from tests.sheets import make_field, make_sheet

ANY_PICTURE = "5a" * 128


def add_photo(connection: Connection, name: str, **said: str | None) -> StoredPhoto:
    """A photo that came; `said` are its tps, page, reason and contradiction."""
    digest = sha256(name.encode()).hexdigest()
    nothing = dict.fromkeys(("tps", "page", "reason", "contradiction"))
    body = {"bytes": 1, "name": name, "sha256": digest, **nothing, **said}
    (entry,) = append(connection, [(Kind.PHOTO, body)])
    connection.execute(photos.insert().values(position=entry.position, **body))
    connection.execute(waiting.insert().values(photo=entry.position))
    return StoredPhoto(entry.position, digest, name)


def sheet_saying(form: str, page: str, *, tps: StationCode | None = None, **numbers: int | None) -> Sheet:
    """An accepted sheet with these numbers, all of them sure."""
    fields = {name: make_field(value, probability=0.999) for name, value in numbers.items()}
    return make_sheet(form=form, page=page, tps=tps, fields=fields, findings=(), verdict=Verdict.ACCEPTED, probability=0.999)


def add_reading(connection: Connection, photo: StoredPhoto, *sheets: Sheet, likeness: str | None = ANY_PICTURE) -> None:
    """What was read on a photo."""
    record(connection, photo, [ReadSheet(sheet, likeness) for sheet in sheets])

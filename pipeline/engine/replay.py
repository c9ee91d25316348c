"""Make an old reading again from its photo, and compare.

A row of the ledger comes in; whether the same photo gives the same reading today comes out, and where it does not, which parts differ. The
idea: a reading names the software, form and models that made it, so when these are the ones at hand every bit must agree, and when they are
not, a difference is no proof of anything.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from pipeline.engine.stored import Lost, read_stored
from pipeline.engine.work import WorkOrder
from pipeline.store.database import StoreError
from pipeline.store.ledger import Kind
from pipeline.store.readings import StoredPhoto
from pipeline.store.schema import ledger, photos

VERSIONS = ("software", "models", "form_version")
"""What a reading says of what made it."""


@dataclass(frozen=True, slots=True)
class Replay:
    """An old reading beside the one made of the same photo today.

    Attributes
    ----------
    differing
        Parts of the reading that are not the same, `fields.paslon_1` for one number; empty when all are.
    other_versions
        Those of `VERSIONS` that are not the same: then differences are to be expected.
    """

    position: int
    name: str
    differing: tuple[str, ...]
    other_versions: tuple[str, ...]


def replay(connection: Connection, position: int, *, order: WorkOrder) -> Replay:
    """Read the photo of a reading again.

    Raises
    ------
    StoreError
        There is no reading at this position of the ledger, or its photo cannot be reached.
    """
    row = connection.execute(sa.select(ledger.c.kind, ledger.c.body).where(ledger.c.position == position)).first()
    if row is None or row.kind != Kind.READING:
        raise StoreError(f"row {position} of the ledger is no reading")
    event = json.loads(row.body)
    photo = connection.execute(sa.select(photos).where(photos.c.position == event["photo"])).one()
    sheets = read_stored(StoredPhoto(photo.position, photo.sha256, photo.name), order=order)
    if isinstance(sheets, Lost):
        raise StoreError(sheets.detail)
    old = event["reading"]
    # A PDF that is read in fewer pages today has no such sheet: everything differs.
    new = sheets[event["sheet"] - 1].sheet.to_dict() if event["sheet"] <= len(sheets) else {}
    differing = tuple(_differing(old, json.loads(json.dumps(new))))
    versions = tuple(name for name in VERSIONS if name in differing or any(part.startswith(f"{name}.") for part in differing))
    return Replay(position, str(photo.name), tuple(part for part in differing if part.split(".")[0] not in VERSIONS), versions)


def _differing(old: Any, new: Any, prefix: str = "", depth: int = 2) -> list[str]:
    """Paths of what is not the same, at most `depth` levels down; what only the new one has that is no part of events is left out."""
    if not (depth and isinstance(old, dict) and isinstance(new, dict)):
        return [] if old == new else [prefix]
    names = [*old, *(name for name in new if name not in old and name != "seconds")]
    parts = []
    for name in names:
        inner = f"{prefix}.{name}" if prefix else name
        parts += _differing(old.get(name), new.get(name), inner, depth - 1)
    return parts

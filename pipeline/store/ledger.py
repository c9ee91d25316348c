"""The ledger: every event one appended row, chained by SHA-256.

The hash of a row is that of the hash before it and of the row's own canonical JSON, so an edit, a removal or a swap breaks the chain from
there on. Rows cut off the end, or a chain that was made anew as a whole, only show beside something kept elsewhere: a head that was
saved, or one that was signed (`checkpoint.py`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from pipeline.store.schema import ledger
from pipeline.store.times import text_of

START = "0" * 64
"""What stands for the hash before the first row."""

WRITER_LOCK = 0x5152_4B41_50
"""Key of the lock that the one writer of a PostgreSQL database holds."""

ROWS_AT_ONCE = 5_000


class Kind(StrEnum):
    """What a row of the ledger tells."""

    PHOTO = "photo"
    READING = "reading"
    ENTRY = "entry"
    DECISION = "decision"
    SUPERSESSION = "supersession"
    CONFIRMATION = "confirmation"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of the ledger: `body` is canonical JSON, `at` a UTC time with microseconds."""

    position: int
    at: str
    kind: str
    body: str
    hash: str


@dataclass(frozen=True, slots=True)
class Head:
    """The last row: its position (0 when there is none) and hash. Whoever keeps it can tell later whether anything was touched."""

    position: int
    hash: str


class FaultCode(StrEnum):
    """What can be wrong with a ledger."""

    EDITED = "edited"
    MISSING = "missing"
    TRUNCATED = "truncated"
    REWRITTEN = "rewritten"
    VIEW_DIFFERS = "view_differs"


@dataclass(frozen=True, slots=True)
class Fault:
    """The first place at which the ledger is not what was written."""

    code: FaultCode
    position: int
    detail: str


def canonical(value: Any) -> str:
    """JSON with sorted keys and no spaces: one text for one value. NaN and infinities are refused with a ValueError."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def chained(previous: str, position: int, at: str, kind: str, body: str) -> str:
    """The hash of a row after the one with hash `previous`."""
    return hashlib.sha256(f'{previous}{{"at":"{at}","body":{body},"kind":"{kind}","position":{position}}}'.encode()).hexdigest()


def become_writer(connection: Connection) -> None:
    """Wait until this transaction is the only one that writes: what is asked after this is still so when it is written.

    In SQLite every transaction that is not for reading is the only one from its beginning.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(WRITER_LOCK)))


def append(connection: Connection, events: Sequence[tuple[Kind, Mapping[str, Any]]], *, at: datetime | None = None) -> list[Entry]:
    """Append events in one go, inside the transaction of `connection`, which becomes the one writer until it ends."""
    become_writer(connection)
    last = head(connection)
    moment = text_of(at or datetime.now(UTC))
    added: list[Entry] = []
    previous = last.hash
    for position, (kind, body) in enumerate(events, start=last.position + 1):
        text = canonical(body)
        previous = chained(previous, position, moment, kind, text)
        added.append(Entry(position, moment, kind, text, previous))
    if added:
        connection.execute(
            ledger.insert(), [{"position": e.position, "at": e.at, "kind": e.kind, "body": e.body, "hash": e.hash} for e in added]
        )
    return added


def head(connection: Connection) -> Head:
    """The last row."""
    row = connection.execute(sa.select(ledger.c.position, ledger.c.hash).order_by(ledger.c.position.desc()).limit(1)).first()
    return Head(0, START) if row is None else Head(row.position, row.hash)


def entries(connection: Connection, *, after: int = 0) -> Iterator[Entry]:
    """Every row after a position, in order, without holding them all."""
    query = sa.select(ledger.c.position, ledger.c.at, ledger.c.kind, ledger.c.body, ledger.c.hash)
    query = query.order_by(ledger.c.position).limit(ROWS_AT_ONCE)
    last: int | None = None if after == 0 else after
    while rows := connection.execute(query if last is None else query.where(ledger.c.position > last)).all():
        yield from (Entry(*row) for row in rows)
        last = rows[-1].position


def verify(rows: Iterator[Entry], *, against: Head | None = None) -> Head | Fault:
    """Follow the chain through all `rows`: the head it ends in, or the first fault; `against` is a head that was kept elsewhere."""
    position, previous = 0, START
    for row in rows:
        if row.position != position + 1:
            return Fault(FaultCode.MISSING, position + 1, f"row {position + 1} is missing, the next one is {row.position}")
        if chained(previous, row.position, row.at, row.kind, row.body) != row.hash:
            detail = f"row {row.position} ({row.kind}, {row.at}) does not have the hash of what it says"
            return Fault(FaultCode.EDITED, row.position, detail)
        position, previous = row.position, row.hash
        if against is not None and against.position == position and against.hash != previous:
            return Fault(FaultCode.REWRITTEN, position, f"row {position} has another hash than the head that was kept")
    if against is not None and against.position > position:
        detail = f"the ledger ends at row {position}, the head that was kept is row {against.position}"
        return Fault(FaultCode.TRUNCATED, position + 1, detail)
    return Head(position, previous)

"""What the officers of a polling station say of what was read of their sheets, and what they write down beside it.

They have the paper before them and see the reading; so they can say that it is wrong, but not stand for one of two independent readings.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from pipeline.sheet import Sheet
from pipeline.store.decisions import Typed
from pipeline.store.ledger import Kind, append, become_writer
from pipeline.store.schema import confirmations, ledger, notes


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What was said of a reading: `others` are the numbers that stand otherwise on the paper; when there are none, it was right.

    `position` is the row of the ledger that tells of it, `key` what whoever said it calls it by.
    """

    position: int
    reading: int
    account: str
    at: str
    others: Mapping[str, Typed]
    key: str


class SaidMeanwhileError(Exception):
    """Somebody else said something of the reading, which whoever says this now had not seen."""


@dataclass(frozen=True, slots=True)
class Note:
    """What was written down of a polling station; `position` is the row of the ledger that tells of it, `key` as of a confirmation."""

    position: int
    account: str
    at: str
    text: str
    key: str


def read_by_machine(sheet: Sheet) -> dict[str, Typed]:
    """The numbers of a sheet as they were read."""
    return {name: Typed(field.state, field.value) for name, field in sheet.fields.items()}


def confirm(
    connection: Connection, reading: int, *, account: str, others: Mapping[str, Typed], after: int | None = None, key: str = ""
) -> int:
    """Append what an officer says of a reading; gives its row of the ledger. Whoever calls settles its photo.

    Parameters
    ----------
    after
        The row of what the officer saw was said of it last, None when nothing was.
    key
        A name of this saying, by which it is known when it is sent again; empty when it is never.

    Raises
    ------
    SaidMeanwhileError
        Something else was said of it last.
    """
    become_writer(connection)
    before = _said_of(connection, [reading])
    for one in before:
        if key and one.key == key:
            return one.position
    if after != (before[-1].position if before else None):
        raise SaidMeanwhileError
    said = {"account": account, "differs": len(others), "reading": reading}
    told = {name: typed.to_dict() for name, typed in others.items()}
    (event,) = append(connection, [(Kind.CONFIRMATION, {**said, "key": key, "others": told})])
    connection.execute(confirmations.insert().values(position=event.position, **said))
    return event.position


def confirmations_of(connection: Connection, of: Sequence[int]) -> dict[int, Confirmation]:
    """What counts of some readings: the last that was said of each."""
    return {one.reading: one for one in _said_of(connection, of)}


def _said_of(connection: Connection, of: Sequence[int]) -> list[Confirmation]:
    """Everything that was said of some readings, the last one last."""
    query = (
        sa.select(confirmations, ledger.c.at, ledger.c.body)
        .join_from(confirmations, ledger, ledger.c.position == confirmations.c.position)
        .where(confirmations.c.reading.in_(of))
        .order_by(confirmations.c.position)
    )
    return [_confirmation(row) for row in connection.execute(query)]


def note(connection: Connection, tps: str, *, account: str, text: str, key: str = "") -> int:
    """Append what is written down of a polling station; gives its row of the ledger. One with a `key` that is there already is that one."""
    become_writer(connection)
    for one in notes_of(connection, tps):
        if key and one.key == key:
            return one.position
    said = {"account": account, "tps": tps}
    (event,) = append(connection, [(Kind.NOTE, {**said, "key": key, "text": text})])
    connection.execute(notes.insert().values(position=event.position, **said))
    return event.position


def notes_of(connection: Connection, tps: str) -> list[Note]:
    """What was written down of a polling station, the last one first."""
    query = (
        sa.select(notes.c.position, notes.c.account, ledger.c.at, ledger.c.body)
        .join_from(notes, ledger, ledger.c.position == notes.c.position)
        .where(notes.c.tps == tps)
        .order_by(notes.c.position.desc())
    )
    return [_note(row) for row in connection.execute(query)]


def _confirmation(row: Any) -> Confirmation:
    body = json.loads(row.body)
    others = {name: Typed.from_dict(one) for name, one in body["others"].items()}
    return Confirmation(row.position, row.reading, row.account, row.at, others, body["key"])


def _note(row: Any) -> Note:
    body = json.loads(row.body)
    return Note(row.position, row.account, row.at, body["text"], body["key"])

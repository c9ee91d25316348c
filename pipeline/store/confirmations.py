"""What the officers of a polling station say of what was read of their sheets, and what they write down beside it.

They have the paper before them and see the reading; so they can say that it is wrong, but not stand for one of two independent readings.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from pipeline.sheet import Sheet
from pipeline.store.decisions import Typed
from pipeline.store.ledger import Kind, append
from pipeline.store.schema import confirmations, ledger, notes


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What was said of a reading: `others` are the numbers that stand otherwise on the paper; when there are none, it was right.

    `position` is the row of the ledger that tells of it.
    """

    position: int
    reading: int
    account: str
    at: str
    others: Mapping[str, Typed]


@dataclass(frozen=True, slots=True)
class Note:
    """What was written down of a polling station; `position` is the row of the ledger that tells of it."""

    position: int
    account: str
    at: str
    text: str


def read_by_machine(sheet: Sheet) -> dict[str, Typed]:
    """The numbers of a sheet as they were read."""
    return {name: Typed(field.state, field.value) for name, field in sheet.fields.items()}


def confirm(connection: Connection, reading: int, *, account: str, others: Mapping[str, Typed]) -> int:
    """Append what an officer says of a reading; gives its row of the ledger. Whoever calls settles its photo."""
    said = {"account": account, "differs": len(others), "reading": reading}
    told = {name: typed.to_dict() for name, typed in others.items()}
    (event,) = append(connection, [(Kind.CONFIRMATION, {**said, "others": told})])
    connection.execute(confirmations.insert().values(position=event.position, **said))
    return event.position


def confirmations_of(connection: Connection, of: Sequence[int]) -> dict[int, Confirmation]:
    """What counts of some readings: the last that was said of each."""
    query = (
        sa.select(confirmations, ledger.c.at, ledger.c.body)
        .join_from(confirmations, ledger, ledger.c.position == confirmations.c.position)
        .where(confirmations.c.reading.in_(of))
        .order_by(confirmations.c.position)
    )
    return {
        row.reading: Confirmation(row.position, row.reading, row.account, row.at, _others(row.body)) for row in connection.execute(query)
    }


def note(connection: Connection, tps: str, *, account: str, text: str) -> int:
    """Append what is written down of a polling station; gives its row of the ledger."""
    said = {"account": account, "tps": tps}
    (event,) = append(connection, [(Kind.NOTE, {**said, "text": text})])
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
    return [Note(row.position, row.account, row.at, json.loads(row.body)["text"]) for row in connection.execute(query)]


def _others(body: str) -> dict[str, Typed]:
    return {name: Typed.from_dict(one) for name, one in json.loads(body)["others"].items()}

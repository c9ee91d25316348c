"""What happened to a sheet, from its photo to the last decision: who, when, what, and the hash that the ledger keeps of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from pipeline.store.decisions import DecisionKind, Outcome, Typed
from pipeline.store.ledger import Kind
from pipeline.store.schema import confirmations, decisions, entries, ledger, readings, reassignments, supersessions


class Happening(StrEnum):
    """What an event of a sheet is."""

    CAME = "came"
    READ = "read"
    SUPERSEDED = "superseded"
    MOVED = "moved"
    TYPED = "typed"
    AGREED = "agreed"
    RESOLVED = "resolved"
    DOUBTED = "doubted"
    UNDONE = "undone"
    CONFIRMED = "confirmed"
    CORRECTED = "corrected"


_OF_DECISION = {
    DecisionKind.AGREED: Happening.AGREED,
    DecisionKind.RESOLVED: Happening.RESOLVED,
    DecisionKind.DOUBT: Happening.DOUBTED,
    DecisionKind.UNDO: Happening.UNDONE,
}


@dataclass(frozen=True, slots=True)
class Event:
    """One row of the ledger that is about a sheet.

    Attributes
    ----------
    account
        Who did it, None where a program did.
    detail
        The station, the verdict, or the reason that goes with it.
    numbers
        What was typed, decided, or said to stand on the paper; empty for other events.
    undoes
        The row whose decision this one undoes.
    """

    position: int
    at: str
    hash: str
    happening: Happening
    account: str | None
    detail: str
    outcome: Outcome | None
    numbers: dict[str, Typed]
    undoes: int | None


def history(connection: Connection, reading: int) -> list[Event]:
    """The events of a sheet in the order of the ledger, without what was typed of it to measure a person."""
    photo = sa.select(readings.c.photo).where(readings.c.position == reading).scalar_subquery()
    about = sa.union_all(
        sa.select(photo.label("position")),
        sa.select(sa.literal(reading)),
        sa.select(supersessions.c.position).where(supersessions.c.reading == reading),
        sa.select(reassignments.c.position).where(reassignments.c.photo == photo),
        sa.select(entries.c.position).where(entries.c.reading == reading, ~entries.c.known),
        sa.select(decisions.c.position).where(decisions.c.reading == reading),
        sa.select(confirmations.c.position).where(confirmations.c.reading == reading),
    ).subquery()
    query = sa.select(ledger).join_from(ledger, about, about.c.position == ledger.c.position).order_by(ledger.c.position)
    return [_event(row) for row in connection.execute(query)]


def _event(row: sa.Row[Any]) -> Event:
    body = json.loads(row.body)
    happening, detail = _told(Kind(row.kind), body)
    outcome = Outcome(body["outcome"]) if body.get("outcome") else None
    numbers = {name: Typed.from_dict(one) for name, one in body.get("numbers", body.get("others", {})).items()}
    return Event(row.position, row.at, row.hash, happening, body.get("account"), detail, outcome, numbers, body.get("undoes"))


def _told(kind: Kind, body: dict[str, Any]) -> tuple[Happening, str]:
    """What an event is, and what goes with it."""
    if kind is Kind.PHOTO:
        return Happening.CAME, body["tps"] or ""
    if kind is Kind.READING:
        return Happening.READ, body["reading"]["verdict"]
    if kind is Kind.SUPERSESSION:
        return Happening.SUPERSEDED, body["reason"]
    if kind is Kind.ENTRY:
        return Happening.TYPED, body["leads_to"]
    if kind is Kind.CONFIRMATION:
        return Happening.CORRECTED if body["others"] else Happening.CONFIRMED, ""
    if body["decision"] == "station":
        return Happening.MOVED, body["tps"] or ""
    return _OF_DECISION[DecisionKind(body["decision"])], body["reason"]

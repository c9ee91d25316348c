"""What people typed and decided of a reading, as the ledger tells it: which decision stands, and the history of a sheet."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from pipeline.sheet import FieldState
from pipeline.store.ledger import Kind, append
from pipeline.store.schema import decisions, entries, ledger, readings


class DecisionKind(StrEnum):
    """What was decided of a reading."""

    AGREED = "agreed"
    RESOLVED = "resolved"
    DOUBT = "doubt"
    UNDO = "undo"


class Outcome(StrEnum):
    """How a person resolved a sheet: as written, or what is wrong with the paper or its station."""

    AS_WRITTEN = "as_written"
    PAPER_WRONG = "paper_wrong"
    WRONG_TPS = "wrong_tps"


@dataclass(frozen=True, slots=True)
class Typed:
    """A number as a person typed it: `value` is None where it is blank or illegible, 0 where it is crossed."""

    state: FieldState
    value: int | None

    def to_dict(self) -> dict[str, Any]:
        return {"state": self.state.value, "value": self.value}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Typed:
        return cls(FieldState(data["state"]), data["value"])


@dataclass(frozen=True, slots=True)
class Entry:
    """What one person typed of a sheet; `position` is the row of the ledger that tells of it, `leads_to` what came of it."""

    position: int
    account: str
    at: str
    leads_to: str
    numbers: Mapping[str, Typed]


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided of a reading; `numbers` are empty for a doubt and an undo."""

    position: int
    kind: DecisionKind
    account: str | None
    at: str
    hash: str
    outcome: Outcome | None
    reason: str
    undoes: int | None
    numbers: Mapping[str, Typed]


def entries_of(connection: Connection, reading: int) -> list[Entry]:
    """What people typed of a reading, in order, without what was typed to measure them."""
    query = (
        sa.select(entries.c.position, entries.c.account, entries.c.leads_to, ledger.c.at, ledger.c.body)
        .join_from(entries, ledger, ledger.c.position == entries.c.position)
        .where(entries.c.reading == reading, ~entries.c.known)
        .order_by(entries.c.position)
    )
    return [
        Entry(row.position, row.account, row.at, row.leads_to, _numbers(json.loads(row.body))) for row in connection.execute(query)
    ]


def decisions_of(connection: Connection, reading: int) -> list[Decision]:
    """What was decided of a reading, in order, undone or not."""
    return _decisions(connection, [reading]).get(reading, [])


def standing_decisions(connection: Connection, of: Sequence[int]) -> dict[int, Decision]:
    """The decision on its numbers that stands for each of some readings: the last one, unless it was undone or doubted."""
    standing: dict[int, Decision] = {}
    for reading, made in _decisions(connection, of).items():
        last = standing_of(made)
        if last is not None:
            standing[reading] = last
    return standing


def standing_of(made: Sequence[Decision]) -> Decision | None:
    """Of the decisions on one reading, in order, the one on its numbers that stands.

    That a sheet is of another station says nothing of its numbers: they are decided where it belongs.
    """
    last = last_of(made)
    return last if last is not None and last.numbers else None


def last_of(made: Sequence[Decision]) -> Decision | None:
    """Of the decisions on one reading, in order, the last one that was not undone, also one that says nothing of its numbers."""
    undone = {decision.undoes for decision in made}
    left = [one for one in made if one.kind is not DecisionKind.UNDO and one.position not in undone]
    return left[-1] if left else None


def tell_entry(
    connection: Connection,
    reading: int,
    *,
    account: str,
    numbers: Mapping[str, Typed],
    leads_to: str,
    known: bool,
    wrong: int,
    seconds: float,
) -> int:
    """Append what a person typed of a sheet; gives its row of the ledger."""
    said = {
        "account": account, "known": known, "leads_to": leads_to, "reading": reading, "seconds": round(seconds, 1), "wrong": wrong,
        "numbers": {name: typed.to_dict() for name, typed in numbers.items()},
    }  # fmt: skip
    (event,) = append(connection, [(Kind.ENTRY, said)])
    connection.execute(entries.insert().values(position=event.position, **{**said, "numbers": len(numbers)}))
    return event.position


def tell_decision(
    connection: Connection,
    reading: int,
    kind: DecisionKind,
    *,
    account: str | None,
    numbers: Mapping[str, Typed] | None = None,
    outcome: Outcome | None = None,
    reason: str = "",
    undoes: int | None = None,
) -> int:
    """Append a decision; `account` is None where the rule decided. Gives its row of the ledger."""
    said = {"account": account, "decision": kind.value, "reading": reading, "undoes": undoes}
    more = {
        "numbers": {name: typed.to_dict() for name, typed in (numbers or {}).items()},
        "outcome": outcome and outcome.value,
        "reason": reason,
    }
    (event,) = append(connection, [(Kind.DECISION, {**said, **more})])
    connection.execute(decisions.insert().values(position=event.position, **said))
    return event.position


def photo_of(connection: Connection, reading: int) -> int | None:
    """The photo of a reading, None when there is no such reading."""
    return connection.scalar(sa.select(readings.c.photo).where(readings.c.position == reading))


def _decisions(connection: Connection, of: Sequence[int]) -> dict[int, list[Decision]]:
    query = (
        sa.select(decisions, ledger.c.at, ledger.c.hash, ledger.c.body)
        .join_from(decisions, ledger, ledger.c.position == decisions.c.position)
        .where(decisions.c.reading.in_(of))
        .order_by(decisions.c.position)
    )
    made: dict[int, list[Decision]] = {}
    for row in connection.execute(query):
        body = json.loads(row.body)
        outcome = None if body["outcome"] is None else Outcome(body["outcome"])
        made.setdefault(row.reading, []).append(
            Decision(
                row.position, DecisionKind(row.decision), row.account, row.at, row.hash, outcome, body["reason"], row.undoes, _numbers(body)
            )
        )
    return made


def _numbers(body: Mapping[str, Any]) -> dict[str, Typed]:
    return {name: Typed.from_dict(one) for name, one in body["numbers"].items()}

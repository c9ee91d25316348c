"""Which sheets people must look at, and why: a table that follows from the readings, what other documents say, and what was decided.

The idea: nobody puts a sheet into the queue or takes it out. Whatever happens to a photo, its rows are made anew from what is so now; only
who has claimed a sheet, and until when, is kept.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy import Connection

from pipeline.sheet import Field, FieldState, Severity, Verdict
from pipeline.store.decisions import Decision, DecisionKind, decisions_of, entries_of, standing_of
from pipeline.store.schema import queue, queue_reasons
from pipeline.store.sheets import StoredSheet

VOTES_AT_MOST = 300
"""Votes at stake in a number that could not be read: as many as a polling station of 2024 has voters."""

CONTRADICTED = 0.5
"""P(wrong) at least of a sheet that was contradicted, by another document or a person: one of the two is wrong, and nothing says which."""


class Stage(StrEnum):
    """What a sheet in the queue waits for: a first person, a second one, or somebody who decides between them."""

    KEY = "key"
    KEY_AGAIN = "key_again"
    RESOLVE = "resolve"


def refresh(connection: Connection, sheets: Iterable[StoredSheet]) -> None:
    """Bring the rows of some readings to what is so now."""
    for stored in sheets:
        made = decisions_of(connection, stored.position)
        stage = _stage(connection, stored, made)
        if stage is None:
            connection.execute(queue_reasons.delete().where(queue_reasons.c.reading == stored.position))
            connection.execute(queue.delete().where(queue.c.reading == stored.position))
        else:
            _put(connection, stored, stage)


def priority(stored: StoredSheet, stage: Stage) -> float:
    """P(wrong) times the votes at stake: the largest number that the sheet may hold, which is its total."""
    sheet = stored.sheet
    by_machine_alone = stage is Stage.KEY and not stored.doubted and sheet.verdict is Verdict.REVIEW
    wrong = max(1.0 - sheet.probability, 0.0 if by_machine_alone else CONTRADICTED)
    return wrong * max(map(_stake, sheet.fields.values()), default=VOTES_AT_MOST)


def reasons(stored: StoredSheet) -> set[str]:
    """Why people must look at a sheet: codes of its findings, and the checks that do not hold."""
    found = (*stored.sheet.findings, *stored.set_findings)
    codes = {finding.code.value for finding in found if finding.severity is not Severity.INFO}
    return codes | {f"check:{check.id}" for check in stored.sheet.checks if check.holds is False}


def _stake(field: Field) -> int:
    """The votes that a number may be of."""
    if field.state is FieldState.ILLEGIBLE:
        return VOTES_AT_MOST
    return max((choice.value or 0 for choice in field.alternatives[:1]), default=field.value or 0)


def _stage(connection: Connection, stored: StoredSheet, made: list[Decision]) -> Stage | None:
    """What a sheet waits for; None when nobody need look at it."""
    if stored.superseded is not None or stored.sheet.form is None or stored.sheet.verdict is Verdict.REFUSED:
        return None
    undone = {decision.undoes for decision in made}
    standing = standing_of(made)
    if standing is not None:
        by_rule_alone = standing.kind is DecisionKind.AGREED
        return Stage.RESOLVE if by_rule_alone and stored.doubted else None
    if any(decision.kind in (DecisionKind.AGREED, DecisionKind.RESOLVED) for decision in made):  # undone, or that it is of another station
        return Stage.RESOLVE
    typed = entries_of(connection, stored.position)
    if typed:
        return Stage(typed[-1].leads_to) if typed[-1].leads_to in set(Stage) else Stage.RESOLVE
    doubt = any(decision.kind is DecisionKind.DOUBT and decision.position not in undone for decision in made)
    return Stage.KEY if doubt or stored.doubted or stored.sheet.verdict is Verdict.REVIEW else None


def _put(connection: Connection, stored: StoredSheet, stage: Stage) -> None:
    now = {
        "tps": stored.tps, "form": stored.sheet.form, "page": stored.sheet.page or "", "stage": stage.value,
        "priority": priority(stored, stage),
    }  # fmt: skip
    changed = connection.execute(queue.update().where(queue.c.reading == stored.position).values(now))
    if changed.rowcount == 0:
        connection.execute(queue.insert().values(reading=stored.position, version=0, **now))
    connection.execute(queue_reasons.delete().where(queue_reasons.c.reading == stored.position))
    why = sorted(reasons(stored))
    if why:
        connection.execute(queue_reasons.insert(), [{"reading": stored.position, "reason": one} for one in why])


def waiting_of(connection: Connection, reading: int) -> Stage | None:
    """What a sheet waits for; None when it is not in the queue."""
    stage = connection.scalar(sa.select(queue.c.stage).where(queue.c.reading == reading))
    return None if stage is None else Stage(stage)

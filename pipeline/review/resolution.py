"""Resolve mode: a person who typed nothing of a sheet sees everything that is known of it and decides, with a reason where one is due.

The paper is never corrected: numbers are decided as they are written, and a paper that does not add up is recorded as such. What was
decided can be undone by a new event, and the sheet is decided anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy import Connection

from pipeline.forms import Catalogue, Check
from pipeline.regions import TpsCode
from pipeline.review.acceptance import checks_on
from pipeline.review.claims import RESOLVING, Claim, held, release
from pipeline.review.keying import judged, parse
from pipeline.sheet import Severity, Verdict
from pipeline.store.accounts import Account
from pipeline.store.decisions import (
    Decision,
    DecisionKind,
    Entry,
    Outcome,
    Typed,
    decisions_of,
    entries_of,
    last_of,
    standing_decisions,
    tell_decision,
)
from pipeline.store.ledger import become_writer
from pipeline.store.results import Evidence, results_of
from pipeline.store.schema import photos, reassignments
from pipeline.store.sheets import StoredSheet, sheet_at, sheets_of
from pipeline.store.standing import reassign, settle

REASON_AT_MOST = 500


class Problem(StrEnum):
    """Why a decision cannot be recorded as it was sent."""

    REASON_MISSING = "reason_missing"
    REASON_TOO_LONG = "reason_too_long"
    DOES_NOT_ADD_UP = "does_not_add_up"
    ADDS_UP = "adds_up"
    CONTRADICTS_KEYERS = "contradicts_keyers"
    SAME_TPS = "same_tps"
    OTHER_REGION = "other_region"
    DECIDED_THERE = "decided_there"
    NOTHING_TO_UNDO = "nothing_to_undo"
    NOT_STANDING = "not_standing"


class ResolutionError(ValueError):
    """A decision that cannot be recorded; `fields` are the numbers or checks it is about."""

    def __init__(self, problem: Problem, fields: tuple[str, ...] = ()) -> None:
        super().__init__(problem.value)
        self.problem = problem
        self.fields = fields


@dataclass(frozen=True, slots=True)
class Case:
    """All that is known of a sheet that waits for a decision."""

    stored: StoredSheet
    entries: tuple[Entry, ...]
    decisions: tuple[Decision, ...]
    checks: tuple[Check, ...]
    settled: Mapping[str, Typed]

    def contradicted(self, numbers: Mapping[str, Typed]) -> tuple[str, ...]:
        """The fields in which numbers are what nobody typed who typed them, or not what two readings agree on."""
        found = []
        for name, decided in numbers.items():
            typed = [entry.numbers[name] for entry in self.entries if name in entry.numbers]
            if (typed and decided not in typed) or decided.value != self.settled.get(name, decided).value:
                found.append(name)
        return tuple(found)


def case_of(connection: Connection, reading: int, catalogue: Catalogue) -> Case:
    """What is known of a sheet."""
    stored = sheet_at(connection, reading)
    made = tuple(decisions_of(connection, reading))
    settled = judged(connection, stored, catalogue).settled
    return Case(stored, tuple(entries_of(connection, reading)), made, checks_on(stored.sheet, catalogue), settled)


def resolve(
    connection: Connection,
    account: Account,
    claim: Claim,
    outcome: Outcome,
    texts: Mapping[str, str],
    reason: str,
    catalogue: Catalogue,
    *,
    now: datetime,
) -> None:
    """Decide the numbers of a sheet: as they are written, whether or not the paper adds up.

    Raises
    ------
    StaleError
        The claim no longer stands.
    TypingError
        A number is missing or is none.
    ResolutionError
        A reason is missing where one is due, or the outcome does not fit the numbers.
    """
    become_writer(connection)
    held(connection, account, RESOLVING, claim.reading, claim.version, now=now)
    case = case_of(connection, claim.reading, catalogue)
    numbers = parse(texts, tuple(case.stored.sheet.fields))
    why = _reason(reason)
    values = {name: typed.value for name, typed in numbers.items()}
    broken = tuple(check.id for check in case.checks if check.severity is Severity.ERROR and check.constraint.holds(values) is False)
    if outcome is Outcome.AS_WRITTEN and broken:
        raise ResolutionError(Problem.DOES_NOT_ADD_UP, broken)
    if outcome is Outcome.PAPER_WRONG and not broken:
        raise ResolutionError(Problem.ADDS_UP)
    if outcome is Outcome.PAPER_WRONG and not why:
        raise ResolutionError(Problem.REASON_MISSING)
    contradicted = case.contradicted(numbers)
    if contradicted and not why:
        raise ResolutionError(Problem.CONTRADICTS_KEYERS, contradicted)
    tell_decision(
        connection, claim.reading, DecisionKind.RESOLVED, account=account.name, numbers=numbers, outcome=outcome, reason=why
    )
    release(connection, account, claim.reading)
    settle(connection, case.stored.photo)


def send_elsewhere(
    connection: Connection, account: Account, claim: Claim, tps: TpsCode | None, reason: str, catalogue: Catalogue, *, now: datetime
) -> None:
    """Decide that a sheet is of another polling station, or of none that is known; it waits for a decision there.

    A person sends it to stations of their own region; where it is of another, whoever answers for both takes it from the unknown ones.
    Raises as `resolve` does.
    """
    become_writer(connection)
    held(connection, account, RESOLVING, claim.reading, claim.version, now=now)
    stored = case_of(connection, claim.reading, catalogue).stored
    why = _reason(reason)
    code = None if tps is None else str(tps)
    if code == stored.tps:
        raise ResolutionError(Problem.SAME_TPS)
    if not why:
        raise ResolutionError(Problem.REASON_MISSING)
    _check_move(connection, account, stored.photo, code)
    tell_decision(connection, claim.reading, DecisionKind.RESOLVED, account=account.name, outcome=Outcome.WRONG_TPS, reason=why)
    release(connection, account, claim.reading)
    reassign(connection, stored.photo, code, reason="wrong_tps")


def to_undo(connection: Connection, reading: int) -> Decision | None:
    """The decision on a sheet that can be undone, None when there is none."""
    last = last_of(decisions_of(connection, reading))
    return None if last is None or last.kind is DecisionKind.DOUBT else last


def undo(connection: Connection, account: Account, reading: int, reason: str) -> None:
    """Undo the last decision on a sheet, by a new event; the sheet waits for a decision again, where it was of another station there.

    Raises a ResolutionError.
    """
    become_writer(connection)
    last, photo = to_undo(connection, reading), sheet_at(connection, reading).photo
    if last is None:
        raise ResolutionError(Problem.NOTHING_TO_UNDO)
    why = _reason(reason)
    if not why:
        raise ResolutionError(Problem.REASON_MISSING)
    moved = last.outcome is Outcome.WRONG_TPS
    home = _station_before(connection, photo, last) if moved else None
    if moved:
        _check_move(connection, account, photo, home)
    tell_decision(connection, reading, DecisionKind.UNDO, account=account.name, reason=why, undoes=last.position)
    if moved:
        reassign(connection, photo, home, reason="undo")
    else:
        settle(connection, photo)


def doubt(connection: Connection, account: Account, reading: int, reason: str) -> None:
    """Send a sheet that was accepted without a person to people, because one of its digits looks odd among others like it."""
    become_writer(connection)
    stored = sheet_at(connection, reading)
    by_machine_alone = stored.verdict is Verdict.ACCEPTED and reading not in standing_decisions(connection, [reading])
    if stored.superseded is not None or not by_machine_alone:
        raise ResolutionError(Problem.NOT_STANDING)
    tell_decision(connection, reading, DecisionKind.DOUBT, account=account.name, reason=_reason(reason))
    settle(connection, stored.photo)


def _check_move(connection: Connection, account: Account, photo: int, tps: str | None) -> None:
    """Whether a person may send a photo to a station: one of theirs, where it takes the place of nothing that people decided."""
    if tps is None:
        return
    if not account.covers(tps):
        raise ResolutionError(Problem.OTHER_REGION)
    coming = {(one.sheet.form, one.sheet.page) for one in sheets_of(connection, photo)}
    if any(one.evidence == Evidence.DECIDED and (one.form, one.page) in coming for one in results_of(connection, tps)):
        raise ResolutionError(Problem.DECIDED_THERE)


def _station_before(connection: Connection, photo: int, decision: Decision) -> str | None:
    """The station that a photo was of when it was decided that it is of another; it must not have been moved since."""
    moves = connection.execute(sa.select(reassignments).where(reassignments.c.photo == photo).order_by(reassignments.c.position)).all()
    before = [move.tps for move in moves if move.position < decision.position]
    if len(moves) != len(before) + 1:
        raise ResolutionError(Problem.NOTHING_TO_UNDO)
    return before[-1] if before else connection.scalar(sa.select(photos.c.tps).where(photos.c.position == photo))


def _reason(text: str) -> str:
    why = " ".join(text.split())
    if len(why) > REASON_AT_MOST:
        raise ResolutionError(Problem.REASON_TOO_LONG)
    return why

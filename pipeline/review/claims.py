"""Who looks at which sheet: the next one by order, for three minutes, with a version that makes any later save on an older one stale.

Data, version and lease come together, in one transaction. Now and then the sheet that comes next is one that has been decided already: what
is typed of it measures the person, and nothing tells it from the others. Nobody types a sheet of which they may have seen what was read.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from pipeline.store.accounts import Account
from pipeline.store.decisions import standing_decisions
from pipeline.store.ledger import become_writer
from pipeline.store.queue import Stage, priority, reasons
from pipeline.store.schema import accounts, decisions, entries, known_claims, ledger, links, photos, queue, queue_reasons, readings
from pipeline.store.sheets import sheet_at
from pipeline.store.stations import replaced, station_of, waits
from pipeline.store.times import text_of, time_of

LEASE = timedelta(minutes=3)
KNOWN_CANDIDATES = 50
"""Decided sheets among which one is drawn."""

KEYING = (Stage.KEY, Stage.KEY_AGAIN)
RESOLVING = (Stage.RESOLVE,)


class StaleError(Exception):
    """The sheet is not this person's to type or decide: the lease has ended, somebody else has it, or it was saved already."""


@dataclass(frozen=True, slots=True)
class Filters:
    """Which sheets of the queue are asked for; empty texts mean all.

    Attributes
    ----------
    region
        Beginning of the station's code.
    reason
        Code of a finding.
    form
        Id of the form.
    check
        Id of a check that does not hold.
    """

    region: str = ""
    reason: str = ""
    form: str = ""
    check: str = ""

    @property
    def reasons(self) -> set[str]:
        """What of `queue_reasons` a sheet must have."""
        return {self.reason, self.check and f"check:{self.check}"} - {""}


@dataclass(frozen=True, slots=True)
class Claim:
    """A sheet that is this person's until a time; `version` must come back with what is saved."""

    reading: int
    version: int
    since: datetime
    until: datetime
    known: bool


@dataclass(frozen=True, slots=True)
class Waiting:
    """A sheet in the queue as a list shows it, with nothing of what was read on it."""

    reading: int
    tps: str | None
    form: str
    page: str
    stage: Stage
    priority: float
    reasons: tuple[str, ...]
    claimed_by: str | None


def claim_next(
    connection: Connection,
    account: Account,
    stages: Collection[Stage],
    filters: Filters,
    *,
    now: datetime,
    known_draw: float,
    known_share: float,
) -> Claim | None:
    """Claim the sheet that matters most of those that this person may look at; None when there is none.

    Parameters
    ----------
    known_draw
        A number drawn evenly from [0, 1): below `known_share` a sheet that has been decided is given, where there is one.
    """
    become_writer(connection)
    order = _waiting(account, stages, filters, now).with_only_columns(queue.c.reading)
    reading = connection.scalar(order.order_by(queue.c.priority.desc(), queue.c.reading).limit(1))
    if reading is None:  # also no known sheet: it would be the only one, and so known for what it is
        return None
    known = _claim_known(connection, account, filters, now) if known_draw < known_share and set(stages) == set(KEYING) else None
    return known or _claim(connection, account, reading, now)


def claim_one(connection: Connection, account: Account, stages: Collection[Stage], reading: int, *, now: datetime) -> Claim:
    """Claim one sheet.

    Raises
    ------
    StaleError
        This person may not look at it now.
    """
    become_writer(connection)
    if shown_as_new(connection, account) == reading and set(stages) == set(KEYING):
        return _take_known(connection, account, reading, now)
    free = connection.scalar(_waiting(account, stages, Filters(), now).with_only_columns(queue.c.reading).where(queue.c.reading == reading))
    if free is None:
        raise StaleError
    return _claim(connection, account, reading, now)


def held(connection: Connection, account: Account, stages: Collection[Stage], reading: int, version: int, *, now: datetime) -> Claim:
    """The claim with this version, if it still stands and the sheet waits for one of some stages: a known one waits to be typed.

    Raises
    ------
    StaleError
        It does not.
    """
    known = connection.execute(
        sa.select(known_claims).where(known_claims.c.account == account.name, known_claims.c.reading == reading)
    ).first()
    if known is not None and known.version == version and known.claimed_until > text_of(now) and set(KEYING) <= set(stages):
        return Claim(reading, version, time_of(known.claimed_at), time_of(known.claimed_until), True)
    row = connection.execute(
        sa.select(queue)
        .where(queue.c.reading == reading, queue.c.version == version, queue.c.claimed_by == account.name)
        .where(queue.c.stage.in_([stage.value for stage in stages]))
    ).first()
    if row is None or row.claimed_until <= text_of(now):
        raise StaleError
    return Claim(reading, version, time_of(row.claimed_at), time_of(row.claimed_until), False)


def renew(connection: Connection, account: Account, reading: int, version: int, *, now: datetime) -> datetime:
    """Keep a claim that still stands for another lease; gives when that ends. StaleError when it does not stand."""
    become_writer(connection)
    claim = held(connection, account, tuple(Stage), reading, version, now=now)
    until = now + LEASE
    table = known_claims if claim.known else queue
    mine = table.c.account == account.name if claim.known else table.c.claimed_by == account.name
    connection.execute(table.update().where(table.c.reading == reading, mine).values(claimed_until=text_of(until)))
    return until


def release(connection: Connection, account: Account, reading: int) -> None:
    """Give back what this person claimed of a sheet; whoever claims it next has a new version."""
    connection.execute(known_claims.delete().where(known_claims.c.account == account.name, known_claims.c.reading == reading))
    connection.execute(
        queue.update()
        .where(queue.c.reading == reading, queue.c.claimed_by == account.name)
        .values(claimed_by=None, claimed_at=None, claimed_until=None, version=queue.c.version + 1)
    )


def listed(connection: Connection, account: Account, filters: Filters, *, now: datetime, limit: int, offset: int = 0) -> list[Waiting]:
    """The sheets of the queue in this person's region, in the order in which they matter; the first ones with one shown as new."""
    query = _within(account, filters).order_by(queue.c.priority.desc(), queue.c.reading).limit(limit).offset(offset)
    rows = connection.execute(query).all()
    of = [row.reading for row in rows]
    why: dict[int, list[str]] = {}
    for row in connection.execute(sa.select(queue_reasons).where(queue_reasons.c.reading.in_(of)).order_by(queue_reasons.c.reason)):
        why.setdefault(row.reading, []).append(row.reason)
    found = [
        Waiting(
            row.reading, row.tps, row.form, row.page, Stage(row.stage), row.priority, tuple(why.get(row.reading, ())),
            row.claimed_by if row.claimed_until and row.claimed_until > text_of(now) else None,
        )
        for row in rows
    ]  # fmt: skip
    known = None if offset else _known_among(connection, account, filters)
    return found if known is None else sorted([*found, known], key=lambda one: (-one.priority, one.reading))[:limit]


def counted(connection: Connection, account: Account, filters: Filters) -> dict[Stage, int]:
    """How many sheets of the queue wait for what in this person's region."""
    query = _within(account, filters).with_only_columns(queue.c.stage, sa.func.count()).group_by(queue.c.stage)
    counts = {Stage(row[0]): row[1] for row in connection.execute(query)}
    if _known_among(connection, account, filters) is not None:
        counts[Stage.KEY] = counts.get(Stage.KEY, 0) + 1
    return counts


def shown_as_new(connection: Connection, account: Account) -> int | None:
    """The decided sheet that is now shown to this person as if it were not; None when none is."""
    return connection.scalar(sa.select(known_claims.c.reading).where(known_claims.c.account == account.name))


def _within(account: Account, filters: Filters) -> sa.Select[tuple[object, ...]]:
    query = sa.select(queue)
    for beginning in {account.region, filters.region} - {""}:
        query = query.where(queue.c.tps.startswith(beginning, autoescape=True))
    if filters.form:
        query = query.where(queue.c.form == filters.form)
    for reason in filters.reasons:
        query = query.where(sa.exists().where(queue_reasons.c.reading == queue.c.reading, queue_reasons.c.reason == reason))
    return query


def _known_among(connection: Connection, account: Account, filters: Filters) -> Waiting | None:
    """The decided sheet that is shown to this person as new, where it is among those asked for: it would be missed in the list."""
    reading = shown_as_new(connection, account)
    if reading is None:
        return None
    stored = sheet_at(connection, reading)
    form, page, why = stored.sheet.form or "", stored.sheet.page or "", reasons(stored)
    if not (stored.tps or "").startswith(filters.region) or filters.form not in ("", form) or not filters.reasons <= why:
        return None
    return Waiting(reading, stored.tps, form, page, Stage.KEY, priority(stored, Stage.KEY), tuple(sorted(why)), account.name)


def _waiting(account: Account, stages: Collection[Stage], filters: Filters, now: datetime) -> sa.Select[tuple[object, ...]]:
    """What this person may claim: free or already theirs, not typed by them before, and to be typed also not seen by them."""
    free = queue.c.claimed_until.is_(None) | (queue.c.claimed_until <= text_of(now)) | (queue.c.claimed_by == account.name)
    typed = sa.exists().where(entries.c.reading == queue.c.reading, entries.c.account == account.name, ~entries.c.known)
    query = _within(account, filters).where(queue.c.stage.in_([stage.value for stage in stages]), free, ~typed)
    return query.where(~_has_seen(account, queue.c.reading, queue.c.tps)) if set(stages) & set(KEYING) else query


def _has_seen(account: Account, reading: sa.ColumnElement[int], tps: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    """Whether this person has seen what was read of a sheet, or may have: who decided or doubted it has, and so may who made a link that
    could let one in as an officer of its station after it was read.
    """
    made = decisions.alias()
    decided = sa.exists().where(made.c.reading == reading, made.c.account == account.name).correlate_except(made)
    read_at = sa.select(ledger.c.at).where(ledger.c.position == reading).correlate_except(ledger).scalar_subquery()
    linked = (
        sa.exists()
        .where(links.c.made_by == account.name, accounts.c.id == links.c.account, accounts.c.region == tps)
        .where(links.c.expires > read_at, links.c.revoked.is_(None) | (links.c.revoked > read_at))
        .correlate_except(links, accounts)
    )
    return decided | linked


def _claim(connection: Connection, account: Account, reading: int, now: datetime) -> Claim:
    connection.execute(
        queue.update()
        .where(queue.c.reading == reading)
        .values(claimed_by=account.name, claimed_at=text_of(now), claimed_until=text_of(now + LEASE), version=queue.c.version + 1)
    )
    version = connection.scalar(sa.select(queue.c.version).where(queue.c.reading == reading))
    return Claim(reading, version or 0, now, now + LEASE, False)


def _claim_known(connection: Connection, account: Account, filters: Filters, now: datetime) -> Claim | None:
    """A decided sheet such as was asked for that the person has neither typed nor seen, as if it were new."""
    typed = sa.exists().where(entries.c.reading == decisions.c.reading, entries.c.account == account.name)
    query = (
        sa.select(decisions.c.reading)
        .join_from(decisions, readings, readings.c.position == decisions.c.reading)
        .join(photos, photos.c.position == readings.c.photo)
        .where(~typed, ~_has_seen(account, readings.c.position, station_of(photos)), ~replaced(readings, photos), ~waits(readings))
        .order_by(decisions.c.position.desc())
        .limit(KNOWN_CANDIDATES)
    )
    for beginning in {account.region, filters.region} - {""}:
        query = query.where(station_of(photos).startswith(beginning, autoescape=True))
    if filters.form:
        query = query.where(readings.c.form == filters.form)
    standing = standing_decisions(connection, list(dict.fromkeys(connection.scalars(query))))
    fitting = [reading for reading in sorted(standing) if filters.reasons <= reasons(sheet_at(connection, reading))]
    if not fitting:
        return None
    # Which of them: by the clock, so that nobody learns an order; it is no secret worth a better source.
    return _take_known(connection, account, fitting[now.microsecond % len(fitting)], now)


def _take_known(connection: Connection, account: Account, reading: int, now: datetime) -> Claim:
    """Give a person a decided sheet as if it were new, in place of another one."""
    before = connection.scalar(sa.select(known_claims.c.version).where(known_claims.c.account == account.name)) or 0
    connection.execute(known_claims.delete().where(known_claims.c.account == account.name))
    claim = Claim(reading, before + 1, now, now + LEASE, True)
    connection.execute(
        known_claims.insert().values(
            account=account.name, reading=reading, version=claim.version, claimed_at=text_of(now), claimed_until=text_of(claim.until)
        )
    )
    return claim

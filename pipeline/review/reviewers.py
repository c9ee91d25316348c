"""How well people type: on sheets that had been decided and were shown to them as if they were new."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from pipeline.intervals import interval
from pipeline.store.accounts import Account, Role
from pipeline.store.schema import accounts, entries


@dataclass(frozen=True, slots=True)
class Reviewer:
    """A person's work: `error_rate` and its 95 % interval are of numbers on known sheets, None and (0, 1) before there is one."""

    name: str
    role: Role
    region: str
    sheets: int
    known_sheets: int
    known_numbers: int
    wrong: int
    error_rate: float | None
    interval: tuple[float, float]
    median_seconds: float | None


def reviewers(connection: Connection, account: Account) -> list[Reviewer]:
    """Everybody of this person's region who typed a sheet, in the order of their names."""
    work = (entries.c.known, entries.c.numbers, entries.c.wrong, entries.c.seconds)
    query = (
        sa.select(accounts.c.name, accounts.c.role, accounts.c.region, *work)
        .join_from(entries, accounts, accounts.c.name == entries.c.account)
        .where(accounts.c.region.startswith(account.region, autoescape=True))
        .order_by(accounts.c.name, entries.c.position)
    )
    typed: dict[tuple[str, str, str], list[Any]] = {}
    for row in connection.execute(query):
        typed.setdefault((row.name, row.role, row.region), []).append(row)
    return [_reviewer(*person, rows) for person, rows in typed.items()]


def _reviewer(name: str, role: str, region: str, rows: list[Any]) -> Reviewer:
    known = [row for row in rows if row.known]
    numbers, wrong = sum(row.numbers for row in known), sum(row.wrong for row in known)
    return Reviewer(
        name, Role(role), region, len(rows) - len(known), len(known), numbers, wrong,
        wrong / numbers if numbers else None, interval(wrong, numbers) if numbers else (0.0, 1.0),
        median(row.seconds for row in rows) if rows else None,
    )  # fmt: skip

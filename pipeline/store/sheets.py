"""The readings of the store as they stand now: each with its photo, its station, and what speaks against it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from pipeline.sheet import Finding, FindingCode, Severity, Sheet, Text, Verdict
from pipeline.store.schema import ledger, photos, readings, set_findings, supersessions
from pipeline.store.sets import sheet_in
from pipeline.store.stations import replaced, station_of, waits

ROWS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class StoredSheet:
    """A reading as it stands now.

    Attributes
    ----------
    position, photo
        Rows of the ledger that tell of the reading and of its photo.
    number
        Which sheet of the photo it is, from 1.
    tps
        The 13-digit code of its polling station.
    superseded
        Why another reading stands in its place, None when none does.
    waits
        Whether people must look at it.
    set_findings
        What the other documents of this station, and of others, say against it.
    """

    position: int
    photo: int
    sha256: str
    name: str
    number: int
    tps: str | None
    superseded: str | None
    waits: bool
    set_findings: tuple[Finding, ...]
    sheet: Sheet

    @property
    def verdict(self) -> Verdict:
        """That of the sheet; for review as long as people must look at it, whatever the machine said."""
        return Verdict.REVIEW if self.waits else self.sheet.verdict

    @property
    def doubted(self) -> bool:
        """Whether other documents speak against it."""
        return any(finding.severity is not Severity.INFO for finding in self.set_findings)


def stored_sheets(connection: Connection, *, standing_only: bool = False, after: int = 0) -> Iterator[StoredSheet]:
    """The readings after a row of the ledger, in order, without holding them all."""
    query = _readings().limit(ROWS_AT_ONCE)
    if standing_only:
        query = query.where(~replaced(readings, photos))
    last = after
    while rows := connection.execute(query.where(readings.c.position > last)).all():
        last = rows[-1].position
        yield from _stored(connection, rows)


def sheets_of(connection: Connection, photo: int) -> list[StoredSheet]:
    """The readings of one photo."""
    return list(_stored(connection, connection.execute(_readings().where(readings.c.photo == photo)).all()))


def sheet_at(connection: Connection, reading: int) -> StoredSheet:
    """The reading that a row of the ledger tells of; a LookupError when it tells of none."""
    rows = connection.execute(_readings().where(readings.c.position == reading)).all()
    for stored in _stored(connection, rows):
        return stored
    raise LookupError(f"row {reading} of the ledger is no reading")


def _readings() -> sa.Select[Any]:
    return (
        sa.select(
            readings.c.position, readings.c.photo, readings.c.sheet, readings.c.seconds, photos.c.sha256, photos.c.name,
            station_of(photos).label("tps"), waits(readings).label("waits"), ledger.c.body,
        )
        .join_from(readings, photos, photos.c.position == readings.c.photo)
        .join(ledger, ledger.c.position == readings.c.position)
        .order_by(readings.c.position)
    )  # fmt: skip


def _stored(connection: Connection, rows: Sequence[sa.Row[Any]]) -> Iterator[StoredSheet]:
    reasons = _reasons(connection, [row.position for row in rows])
    findings = _findings_of_sets(connection, [row.photo for row in rows])
    for row in rows:
        about = tuple(finding for reading, finding in findings.get(row.photo, ()) if reading in (None, row.position))
        yield StoredSheet(
            row.position, row.photo, row.sha256, row.name, row.sheet, row.tps, reasons.get(row.position), row.waits, about,
            sheet_in(row.body, seconds=row.seconds),
        )  # fmt: skip


def _findings_of_sets(connection: Connection, of: Sequence[int]) -> dict[int, list[tuple[int | None, Finding]]]:
    """The findings of the sets of some photos, by photo, each with the reading that it is about, None where it is about all of them."""
    found: dict[int, list[tuple[int | None, Finding]]] = defaultdict(list)
    query = sa.select(set_findings).where(set_findings.c.photo.in_(of)).order_by(set_findings.c.photo, set_findings.c.number)
    for row in connection.execute(query):
        fields = tuple(row.fields.split(",")) if row.fields else ()
        finding = Finding(FindingCode(row.code), Severity(row.severity), fields, Text(row.message_id, row.message_en))
        found[row.photo].append((row.reading, finding))
    return found


def _reasons(connection: Connection, of: Sequence[int]) -> dict[int, str]:
    """Why others stand in the place of some readings."""
    query = (
        sa.select(readings.c.position, supersessions.c.reason)
        .join_from(supersessions, readings, readings.c.position == supersessions.c.reading)
        .join(photos, photos.c.position == readings.c.photo)
        .where(readings.c.position.in_(of), replaced(readings, photos))
        .order_by(supersessions.c.position)
    )
    return {row.position: row.reason for row in connection.execute(query)}


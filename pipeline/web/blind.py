"""Whether what the machine read of a sheet may be shown: the one place that decides it, for every page and every picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from pipeline.recap.wording import DOUBTS
from pipeline.review.claims import KEYING, shown_as_new
from pipeline.review.history import Event, Happening
from pipeline.sheet import Finding, FindingCode
from pipeline.store.accounts import Account
from pipeline.store.schema import likenesses, photos, queue, readings
from pipeline.store.sheets import StoredSheet
from pipeline.store.stations import photos_of, station_of
from pipeline.web.policy import DECIDERS, FIELD, OPERATORS
from pipeline.web.visit import Visit

OF_THE_PHOTO = frozenset({Happening.CAME, Happening.READ, Happening.MOVED, Happening.SUPERSEDED})
"""Events that say nothing of what people made of a sheet, as every sheet has them that nobody has typed."""


def sheets_hidden_from(visit: Visit, reading: int) -> bool:
    """Whether what was read of a sheet is kept from a visitor."""
    with visit.reading() as connection:
        return is_hidden(connection, visit.account, reading)


def is_hidden(connection: Connection, account: Account, reading: int) -> bool:
    """Whether a person is one who may still be asked to type this sheet, and so must not see what others read there.

    The photos that another one replaced show the same numbers, so it is asked of the page of the polling station, not of the photo.
    """
    if account.role not in OPERATORS:
        return False
    of = _page(connection, reading)
    same = (queue.c.tps == of.tps) & (queue.c.form == of.form) & (queue.c.page == of.page)
    to_type = queue.c.stage.in_(KEYING) & (same | (queue.c.reading == reading))
    if connection.scalar(sa.select(sa.exists().where(to_type))):
        return True
    known = shown_as_new(connection, account)
    return known is not None and (known == reading or (of.tps is not None and _page(connection, known) == of))


def doubts_hidden_from(visit: Visit) -> bool:
    """Whether numbers that are read but in doubt are kept from a visitor: from all who may type such a sheet, also in sums."""
    return visit.account.role in OPERATORS


def events_for(hidden: bool, events: Sequence[Event]) -> list[Event]:
    """The history of a sheet; of one that is hidden no more than tells nothing of what was made of it."""
    return [event for event in events if not hidden or event.happening in OF_THE_PHOTO]


def findings_for(visit: Visit, stored: StoredSheet) -> tuple[Finding, ...]:
    """What speaks against a sheet, for a visitor it is not hidden from."""
    with visit.reading() as connection:
        return findings_shown(connection, visit.account, stored)


def findings_shown(connection: Connection, account: Account, stored: StoredSheet) -> tuple[Finding, ...]:
    """What speaks against a sheet, for a person it is not hidden from.

    A finding that tells of another sheet names its station, and numbers of it that may still have to be typed: in full it is for those who
    watch, and for whoever decides when the other sheet is not hidden from them; for others it is only what kind of doubt it is.
    """
    of_set = (
        finding if _in_full(connection, account, stored, finding.code) else replace(finding, message=DOUBTS[finding.code])
        for finding in stored.set_findings
    )
    return (*of_set, *stored.sheet.findings)


def _in_full(connection: Connection, account: Account, stored: StoredSheet, code: FindingCode) -> bool:
    """Whether the sentence of a finding about a sheet may be read as a whole."""
    if code not in (FindingCode.DOCUMENTS_DIFFER, FindingCode.NEAR_DUPLICATE) or account.role not in FIELD:
        return True
    if account.role not in DECIDERS:
        return False
    of_photos = photos.c.position == readings.c.photo
    others = sa.select(readings.c.position, station_of(photos).label("tps")).join_from(readings, photos, of_photos)
    if code is FindingCode.DOCUMENTS_DIFFER:
        of_station = photos_of(connection, stored.tps or "")
        others = others.where(readings.c.photo.in_(of_station), readings.c.position != stored.position)
    else:  # copies of the picture are among the sheets of which the same was read
        numbers = sa.select(likenesses.c.numbers).where(likenesses.c.reading == stored.position).scalar_subquery()
        same = sa.select(likenesses.c.reading).where(likenesses.c.numbers == numbers)
        others = others.where(readings.c.position.in_(same), readings.c.photo != stored.photo)
    return all(account.covers(row.tps) and not is_hidden(connection, account, row.position) for row in connection.execute(others).all())


def _page(connection: Connection, reading: int) -> sa.Row[Any]:
    """Which page of which polling station a sheet is."""
    query = sa.select(station_of(photos).label("tps"), readings.c.form, readings.c.page)
    return connection.execute(
        query.join_from(readings, photos, photos.c.position == readings.c.photo).where(readings.c.position == reading)
    ).one()

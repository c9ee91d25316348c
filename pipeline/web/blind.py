"""Whether what the machine read of a sheet may be shown: the one place that decides it, for every page and every picture."""

from __future__ import annotations

from dataclasses import replace

import sqlalchemy as sa

from pipeline.recap.wording import DOUBTS
from pipeline.review.claims import shown_as_new
from pipeline.sheet import Finding, FindingCode
from pipeline.store.queue import Stage, waiting_of
from pipeline.store.schema import queue
from pipeline.store.sheets import StoredSheet
from pipeline.web.policy import DECIDERS, FIELD, OPERATORS
from pipeline.web.visit import Visit

OF_OTHERS = frozenset({FindingCode.DOCUMENTS_DIFFER, FindingCode.NEAR_DUPLICATE})
"""Findings whose sentence tells of another sheet."""


def sheets_hidden_from(visit: Visit, reading: int) -> bool:
    """Whether a visitor is one who may still be asked to type this sheet, and so must not see what others read there."""
    if visit.account.role not in OPERATORS:
        return False
    with visit.reading() as connection:
        waits = waiting_of(connection, reading) in (Stage.KEY, Stage.KEY_AGAIN)
        return waits or shown_as_new(connection, visit.account, reading)


def doubts_hidden_from(visit: Visit) -> bool:
    """Whether numbers that are read but in doubt are kept from a visitor: from all who may type such a sheet, also in sums."""
    return visit.account.role in OPERATORS


def findings_for(visit: Visit, stored: StoredSheet) -> tuple[Finding, ...]:
    """What speaks against a sheet, for a visitor it is not hidden from.

    A finding that tells of another sheet names its station, and numbers of it that may still have to be typed: in full it is for those who
    watch, for whoever decides once no other sheet of the station waits to be typed, and for others only what kind of doubt it is.
    """
    role = visit.account.role
    in_full = role not in FIELD or (role in DECIDERS and not _others_wait(visit, stored))
    of_set = (
        finding if in_full or finding.code not in OF_OTHERS else replace(finding, message=DOUBTS[finding.code])
        for finding in stored.set_findings
    )
    return (*of_set, *stored.sheet.findings)


def _others_wait(visit: Visit, stored: StoredSheet) -> bool:
    """Whether another sheet of the station is still to be typed."""
    with visit.reading() as connection:
        to_type = queue.c.stage.in_([Stage.KEY, Stage.KEY_AGAIN])
        others = sa.exists().where(queue.c.tps == stored.tps, queue.c.reading != stored.position, to_type)
        return bool(connection.scalar(sa.select(others)))

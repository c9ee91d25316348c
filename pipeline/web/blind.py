"""Whether what the machine read of a sheet may be shown: the one place that decides it, for every page and every picture."""

from __future__ import annotations

from pipeline.review.claims import shown_as_new
from pipeline.store.queue import Stage, waiting_of
from pipeline.web.policy import OPERATORS
from pipeline.web.visit import Visit


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

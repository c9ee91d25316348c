"""Whether what the machine read of a sheet may be shown: the one place that decides it, for every page and every picture."""

from __future__ import annotations

from pipeline.store.queue import Stage, waiting_of
from pipeline.web.policy import OPERATORS
from pipeline.web.visit import Visit


def sheets_hidden_from(visit: Visit, reading: int) -> bool:
    """Whether a visitor is one who may still be asked to type this sheet, and so must not see what others read there."""
    if visit.account.role not in OPERATORS:
        return False
    with visit.reading() as connection:
        return waiting_of(connection, reading) in (Stage.KEY, Stage.KEY_AGAIN)

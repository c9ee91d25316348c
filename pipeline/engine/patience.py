"""Wait for a database that is gone for a while: restarted, not reachable, or locked by somebody else.

A transaction that failed is tried again as a whole, also when nobody knows whether its end was reached; so it must look, before it writes,
whether what it has to say is said already. What waiting cannot mend (a full disk, a wrong statement) is raised at once.
"""

from __future__ import annotations

import errno
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

Result = TypeVar("Result")

FIRST_PAUSE = 0.1
LONGEST_PAUSE = 2.0
"""Seconds between two tries: doubled from the one to the other."""

_MENDED_IN_SQLITE = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_CANTOPEN)

_MENDED_IN_POSTGRESQL = ("08", "40", "53300", "55P03", "57P")
"""Connections, deadlocks, too many connections, locks not available, shutdown and start: classes and codes of SQLSTATE."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait, and whom to tell of it.

    Attributes
    ----------
    seconds
        From the first failure of an action; the last try is made within them.
    waiting
        Called with the error when the waiting for one action begins.
    """

    seconds: float
    waiting: Callable[[DBAPIError], None] = lambda error: None

    def for_(self, action: Callable[[], Result]) -> Result:
        """The result of an action on the database, which is repeated until it works.

        Raises
        ------
        DBAPIError
            Waiting cannot mend it, or has not.
        """
        pause, until = FIRST_PAUSE, None
        while True:
            try:
                return action()
            except DBAPIError as error:
                if not passes(error):
                    raise
                if until is None:
                    until = time.monotonic() + self.seconds
                    self.waiting(error)
                if time.monotonic() + pause > until:
                    raise
            time.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)


def passes(error: DBAPIError) -> bool:
    """Whether an error is of those that pass by themselves."""
    if isinstance(error.orig, sqlite3.Error):
        return getattr(error.orig, "sqlite_errorcode", 0) & 0xFF in _MENDED_IN_SQLITE
    state = getattr(error.orig, "sqlstate", None)
    if state is None:  # the server did not say anything: there is no connection
        return error.connection_invalidated or isinstance(error, OperationalError | InterfaceError)
    return str(state).startswith(_MENDED_IN_POSTGRESQL)


def is_full(error: DBAPIError | OSError) -> bool:
    """Whether an error says that there is no room on a disk."""
    if isinstance(error, OSError):
        return error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    if isinstance(error.orig, sqlite3.Error):
        return getattr(error.orig, "sqlite_errorcode", 0) in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_FSYNC)
    return getattr(error.orig, "sqlstate", None) == "53100"

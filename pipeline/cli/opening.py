"""The store of the settings, opened for the length of a command; what befalls the database meanwhile ends the command in one message."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, NotSupportedError, ProgrammingError

from pipeline.cli import messages
from pipeline.cli.console import FAILURE, fail
from pipeline.cli.messages import said
from pipeline.engine.patience import is_full
from pipeline.settings import Settings, without_secrets
from pipeline.store import StoreError, open_store
from pipeline.store.database import exists


@contextmanager
def opened_store(settings: Settings, *, must_exist: bool = False) -> Iterator[Engine]:
    """The store; the command ends with one message when it cannot be opened, or is not there though it `must_exist`.

    So it does when the database is lost, locked for too long, or its disk is full while the store is open. What was wrong of the program to
    ask stays an exception.
    """
    try:
        if must_exist and not exists(settings.database_url):
            fail(said(messages.NO_STORE, settings.language, url=without_secrets(settings.database_url)), code=FAILURE)
        engine = open_store(settings.database_url)
    except StoreError as error:
        fail(str(error), code=FAILURE)
    try:
        yield engine
    except _BUGS:
        raise
    except (DBAPIError, OSError) as error:
        _fail(error, settings)
    finally:
        engine.dispose()


_BUGS = (DataError, IntegrityError, NotSupportedError, ProgrammingError)


def _fail(error: DBAPIError | OSError, settings: Settings) -> None:
    """End the command for what befell the database or the disk; any other error of the system is raised as it is."""
    reason = one_line(error)
    if is_full(error):
        fail(said(messages.DISK_FULL, settings.language, reason=reason), code=FAILURE)
    if isinstance(error, OSError):
        raise error
    fail(said(messages.DATABASE_LOST, settings.language, url=without_secrets(settings.database_url), reason=reason), code=FAILURE)


def one_line(error: DBAPIError | OSError) -> str:
    """What the database or the system said, without the statement and what it was about."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    return " ".join(str(cause).split())

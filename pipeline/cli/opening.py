"""The store of the settings, opened for the length of a command."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine

from pipeline.cli.console import FAILURE, fail
from pipeline.settings import Settings
from pipeline.store import StoreError, open_store


@contextmanager
def opened_store(settings: Settings) -> Iterator[Engine]:
    """The store; the command ends with one message when it cannot be opened."""
    try:
        engine = open_store(settings.database_url)
    except StoreError as error:
        fail(str(error), code=FAILURE)
    try:
        yield engine
    finally:
        engine.dispose()

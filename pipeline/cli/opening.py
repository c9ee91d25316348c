"""The store of the settings, opened for the length of a command."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine

from pipeline.cli import messages
from pipeline.cli.console import FAILURE, fail
from pipeline.cli.messages import said
from pipeline.settings import Settings, without_secrets
from pipeline.store import StoreError, open_store
from pipeline.store.database import exists


@contextmanager
def opened_store(settings: Settings, *, must_exist: bool = False) -> Iterator[Engine]:
    """The store; the command ends with one message when it cannot be opened, or is not there though it `must_exist`."""
    try:
        if must_exist and not exists(settings.database_url):
            fail(said(messages.NO_STORE, settings.language, url=without_secrets(settings.database_url)), code=FAILURE)
        engine = open_store(settings.database_url)
    except StoreError as error:
        fail(str(error), code=FAILURE)
    try:
        yield engine
    finally:
        engine.dispose()

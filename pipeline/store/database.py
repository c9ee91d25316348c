"""Open the database of a store and bring it to the present schema.

A SQLAlchemy URL comes in, an engine comes out. The idea: a transaction that may write takes the one writer's place as it begins (SQLite's
`BEGIN IMMEDIATE`, a lock of PostgreSQL in `ledger.append`), so that two writers wait for each other and never meet in the middle.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy.engine import Engine, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from pipeline.settings import without_secrets

MIGRATIONS = Path(__file__).with_name("migrations")

READING = "reading"
"""Execution option of connections that only read; in SQLite all others wait for the writer's place."""

BUSY_SECONDS = 30
"""How long a writer waits for another one."""


class StoreError(Exception):
    """The store cannot be opened or written; the message says what is wrong and what to do."""


def open_store(url: str) -> Engine:
    """The database at a SQLAlchemy URL, made where there is none and migrated to the present schema.

    Raises
    ------
    StoreError
        The URL is none, or the database cannot be reached.
    """
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() == "postgresql" and parsed.get_driver_name() == "psycopg2":
            parsed = parsed.set(drivername="postgresql+psycopg")
        engine = sa.create_engine(parsed, **_options(parsed))
    except (ArgumentError, ImportError, ValueError) as error:
        shown = without_secrets(url)
        raise StoreError(f"{shown}: not the URL of a database; give one like sqlite:////folder/sirekap.db or postgresql://…") from error
    shown = without_secrets(url)
    try:
        if engine.dialect.name == "sqlite":
            if parsed.database and parsed.database != ":memory:":
                Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
            _prepare_sqlite(engine)
        migrate(engine)
    except CommandError as error:
        engine.dispose()
        raise StoreError(f"{shown}: the database was made by another version of this program ({error}); use that one or a newer") from error
    except (SQLAlchemyError, OSError) as error:
        engine.dispose()
        reason = getattr(error, "orig", None) or error
        raise StoreError(f"{shown}: cannot be opened ({reason}); check that the server runs and the folder can be written") from error
    return engine


def exists(url: str) -> bool:
    """Whether there is something at a URL to open: the file of an SQLite database; a server is asked when it is opened."""
    parsed = make_url(url)
    return parsed.get_backend_name() != "sqlite" or Path(parsed.database or "").is_file()


def migrate(engine: Engine) -> None:
    """Bring a database to the present schema."""
    with engine.connect().execution_options(**{READING: True}) as connection:
        if MigrationContext.configure(connection).get_current_revision() == _newest():
            return
    config = _migrations()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _migrations() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


@cache
def _newest() -> str | None:
    """The revision of the present schema; looked for once a process, since a server opens its store again and again."""
    return ScriptDirectory.from_config(_migrations()).get_current_head()


def _options(url: sa.URL) -> dict[str, Any]:
    if url.get_backend_name() == "sqlite":
        # One connection for a database in memory: each would be a database of its own.
        in_memory = {"poolclass": sa.StaticPool} if url.database in (None, "", ":memory:") else {}
        return {"connect_args": {"timeout": BUSY_SECONDS, "check_same_thread": False}, **in_memory}
    return {"pool_pre_ping": True}


def _prepare_sqlite(engine: Engine) -> None:
    @sa.event.listens_for(engine, "connect")
    def configure(connection: Any, _: Any) -> None:
        # The driver would begin transactions by itself, too late for IMMEDIATE.
        connection.isolation_level = None
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {pragma}")

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        reading = connection.get_execution_options().get(READING, False)
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

"""One moment of the store: however long somebody reads, and whatever is written meanwhile, it stays the same."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine

from pipeline.store.database import READING


@contextmanager
def one_moment(store: Engine) -> Iterator[Connection]:
    """A connection whose every query sees the store as it was at the first one."""
    options: dict[str, Any] = {READING: True}
    if store.dialect.name == "postgresql":
        # There a transaction sees at each query what others have written meanwhile, unless it asks for more; in SQLite it never does.
        options |= {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    with store.connect().execution_options(**options) as connection:
        yield connection

"""Triggers that refuse to change or remove rows of a table."""

from __future__ import annotations

from collections.abc import Sequence

from alembic import op

REFUSES = "the store is append-only"


def make_append_only(table: str, *keys: Sequence[str]) -> None:
    """Refuse every change of the rows of a table.

    Parameters
    ----------
    keys
        Groups of columns that a new row must not share with one that is there: in SQLite REPLACE removes such a row and fires no
        trigger for it.
    """
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION append_only()"
        )
        return
    for event in ("UPDATE", "DELETE"):
        op.execute(f"CREATE TRIGGER {table}_no_{event.lower()} BEFORE {event} ON {table} BEGIN SELECT RAISE(ABORT, '{REFUSES}'); END")
    same = " OR ".join("(" + " AND ".join(f"{key} = NEW.{key}" for key in group) + ")" for group in keys)
    op.execute(
        f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} WHEN EXISTS (SELECT 1 FROM {table} WHERE {same}) "
        f"BEGIN SELECT RAISE(ABORT, '{REFUSES}'); END"
    )

"""The ledger, which nobody can change, and the regions."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

REFUSES = "the ledger is append-only"


def upgrade() -> None:
    op.create_table(
        "ledger",
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.String(length=27), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("position", name="pk_ledger"),
        sa.UniqueConstraint("hash", name="uq_ledger_hash"),
    )
    op.create_table(
        "regions",
        sa.Column("code", sa.String(length=10), nullable=False),
        sa.Column("parent", sa.String(length=10), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("stations", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["parent"], ["regions.code"], name="fk_regions_parent"),
        sa.PrimaryKeyConstraint("code", name="pk_regions"),
    )
    op.create_index("ix_regions_parent", "regions", ["parent"])
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            f"CREATE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '{REFUSES}'; END $$"
        )
        op.execute(
            "CREATE TRIGGER ledger_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger "
            "FOR EACH STATEMENT EXECUTE FUNCTION append_only()"
        )
    else:
        for event in ("UPDATE", "DELETE"):
            op.execute(f"CREATE TRIGGER ledger_no_{event.lower()} BEFORE {event} ON ledger BEGIN SELECT RAISE(ABORT, '{REFUSES}'); END")
        # REPLACE removes the row with the same key and fires no trigger for it.
        op.execute(
            "CREATE TRIGGER ledger_no_replace BEFORE INSERT ON ledger "
            "WHEN EXISTS (SELECT 1 FROM ledger WHERE position = NEW.position OR hash = NEW.hash) "
            f"BEGIN SELECT RAISE(ABORT, '{REFUSES}'); END"
        )

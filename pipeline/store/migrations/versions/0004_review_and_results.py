"""Accounts, what people typed and decided, what they must still look at, and the results with their totals."""

import sqlalchemy as sa
from alembic import op

from pipeline.store.migrations.append_only import make_append_only

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    _accounts()
    _review()
    _results()
    make_append_only("entries", ("position",))
    make_append_only("decisions", ("position",))


def _accounts() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=10), nullable=False),
        sa.Column("region", sa.String(length=13), nullable=False),
        sa.Column("password", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_accounts"),
        sa.UniqueConstraint("name", name="uq_accounts_name"),
    )
    op.create_table(
        "sessions",
        sa.Column("token", sa.String(length=64), nullable=False),
        sa.Column("account", sa.Integer(), nullable=False),
        sa.Column("csrf", sa.String(length=64), nullable=False),
        sa.Column("expires", sa.String(length=27), nullable=False),
        sa.ForeignKeyConstraint(["account"], ["accounts.id"], name="fk_sessions_account"),
        sa.PrimaryKeyConstraint("token", name="pk_sessions"),
    )
    op.create_index("ix_sessions_account", "sessions", ["account"])
    op.create_table(
        "login_failures",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("at", sa.String(length=27), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_login_failures"),
    )
    op.create_index("ix_login_failures_name", "login_failures", ["name"])
    op.create_index("ix_login_failures_address", "login_failures", ["address"])


def _review() -> None:
    op.create_table(
        "entries",
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("reading", sa.BigInteger(), nullable=False),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("known", sa.Boolean(), nullable=False),
        sa.Column("leads_to", sa.String(length=10), nullable=False),
        sa.Column("numbers", sa.Integer(), nullable=False),
        sa.Column("wrong", sa.Integer(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["position"], ["ledger.position"], name="fk_entries_position"),
        sa.ForeignKeyConstraint(["reading"], ["readings.position"], name="fk_entries_reading"),
        sa.PrimaryKeyConstraint("position", name="pk_entries"),
    )
    op.create_index("ix_entries_reading", "entries", ["reading"])
    op.create_index("ix_entries_account", "entries", ["account"])
    op.create_table(
        "decisions",
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("reading", sa.BigInteger(), nullable=False),
        sa.Column("decision", sa.String(length=20), nullable=False),
        sa.Column("account", sa.String(length=64), nullable=True),
        sa.Column("undoes", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["position"], ["ledger.position"], name="fk_decisions_position"),
        sa.ForeignKeyConstraint(["reading"], ["readings.position"], name="fk_decisions_reading"),
        sa.ForeignKeyConstraint(["undoes"], ["decisions.position"], name="fk_decisions_undoes"),
        sa.PrimaryKeyConstraint("position", name="pk_decisions"),
    )
    op.create_index("ix_decisions_reading", "decisions", ["reading"])
    op.create_table(
        "queue",
        sa.Column("reading", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("tps", sa.String(length=13), nullable=True),
        sa.Column("form", sa.String(length=60), nullable=False),
        sa.Column("page", sa.String(length=10), nullable=False),
        sa.Column("stage", sa.String(length=10), nullable=False),
        sa.Column("priority", sa.Float(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("claimed_by", sa.String(length=64), nullable=True),
        sa.Column("claimed_at", sa.String(length=27), nullable=True),
        sa.Column("claimed_until", sa.String(length=27), nullable=True),
        sa.ForeignKeyConstraint(["reading"], ["readings.position"], name="fk_queue_reading"),
        sa.PrimaryKeyConstraint("reading", name="pk_queue"),
    )
    op.create_index("ix_queue_tps", "queue", ["tps"])
    op.create_index("ix_queue_order", "queue", ["stage", sa.text("priority DESC"), "reading"])
    op.create_table(
        "queue_reasons",
        sa.Column("reading", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("reason", sa.String(length=60), nullable=False),
        sa.ForeignKeyConstraint(["reading"], ["queue.reading"], name="fk_queue_reasons_reading", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("reading", "reason", name="pk_queue_reasons"),
    )
    op.create_index("ix_queue_reasons_reason", "queue_reasons", ["reason"])
    op.create_table(
        "known_claims",
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("reading", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("claimed_at", sa.String(length=27), nullable=False),
        sa.Column("claimed_until", sa.String(length=27), nullable=False),
        sa.ForeignKeyConstraint(["reading"], ["readings.position"], name="fk_known_claims_reading"),
        sa.PrimaryKeyConstraint("account", name="pk_known_claims"),
    )


def _results() -> None:
    op.create_table(
        "results",
        sa.Column("tps", sa.String(length=13), nullable=False),
        sa.Column("form", sa.String(length=60), nullable=False),
        sa.Column("page", sa.String(length=10), nullable=False),
        sa.Column("evidence", sa.String(length=10), nullable=False),
        sa.Column("reading", sa.BigInteger(), nullable=True),
        sa.Column("numbers", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["reading"], ["readings.position"], name="fk_results_reading"),
        sa.PrimaryKeyConstraint("tps", "form", "page", name="pk_results"),
    )
    op.create_table(
        "totals",
        sa.Column("region", sa.String(length=10), nullable=False),
        sa.Column("form", sa.String(length=60), nullable=False),
        sa.Column("page", sa.String(length=10), nullable=False),
        sa.Column("evidence", sa.String(length=10), nullable=False),
        sa.Column("sheets", sa.Integer(), nullable=False),
        sa.Column("numbers", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("region", "form", "page", "evidence", name="pk_totals"),
    )

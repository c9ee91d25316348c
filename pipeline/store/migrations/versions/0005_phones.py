"""Links that let officers of polling stations in, and what they say of the readings of their sheets."""

import sqlalchemy as sa
from alembic import op

from pipeline.store.migrations.append_only import make_append_only

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "links",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("account", sa.Integer(), nullable=False),
        sa.Column("made_by", sa.String(length=64), nullable=False),
        sa.Column("made_at", sa.String(length=27), nullable=False),
        sa.Column("expires", sa.String(length=27), nullable=False),
        sa.Column("revoked", sa.String(length=27), nullable=True),
        sa.ForeignKeyConstraint(["account"], ["accounts.id"], name="fk_links_account"),
        sa.PrimaryKeyConstraint("id", name="pk_links"),
    )
    op.create_index("ix_links_account", "links", ["account"])
    with op.batch_alter_table("sessions") as batch:
        batch.add_column(sa.Column("link", sa.Integer(), nullable=True))
        batch.create_foreign_key("fk_sessions_link", "links", ["link"], ["id"])
        batch.create_index("ix_sessions_link", ["link"])
    op.create_table(
        "confirmations",
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("reading", sa.BigInteger(), nullable=False),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("differs", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["position"], ["ledger.position"], name="fk_confirmations_position"),
        sa.ForeignKeyConstraint(["reading"], ["readings.position"], name="fk_confirmations_reading"),
        sa.PrimaryKeyConstraint("position", name="pk_confirmations"),
    )
    op.create_index("ix_confirmations_reading", "confirmations", ["reading"])
    op.create_table(
        "notes",
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("tps", sa.String(length=13), nullable=False),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["position"], ["ledger.position"], name="fk_notes_position"),
        sa.PrimaryKeyConstraint("position", name="pk_notes"),
    )
    op.create_index("ix_notes_tps", "notes", ["tps"])
    make_append_only("confirmations", ("position",))
    make_append_only("notes", ("position",))

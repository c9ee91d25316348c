"""What was said of a photo, what waits, what is expected, what replaced what, and what the documents of a station say of each other."""

import sqlalchemy as sa
from alembic import op

from pipeline.store.migrations.append_only import make_append_only

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("photos", sa.Column("page", sa.String(length=10), nullable=True))
    op.add_column("photos", sa.Column("reason", sa.String(length=20), nullable=True))
    op.add_column("photos", sa.Column("contradiction", sa.Text(), nullable=True))
    op.create_table(
        "waiting",
        sa.Column("photo", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["photo"], ["photos.position"], name="fk_waiting_photo"),
        sa.PrimaryKeyConstraint("photo", name="pk_waiting"),
    )
    op.execute("INSERT INTO waiting SELECT position FROM photos WHERE NOT EXISTS (SELECT 1 FROM readings WHERE photo = photos.position)")
    op.create_table(
        "likenesses",
        sa.Column("reading", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("numbers", sa.String(length=64), nullable=True),
        sa.Column("likeness", sa.String(length=256), nullable=False),
        sa.ForeignKeyConstraint(["reading"], ["readings.position"], name="fk_likenesses_reading"),
        sa.PrimaryKeyConstraint("reading", name="pk_likenesses"),
    )
    op.create_index("ix_likenesses_numbers", "likenesses", ["numbers"])
    op.create_table(
        "supersessions",
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("reading", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(length=20), nullable=False),
        sa.ForeignKeyConstraint(["position"], ["ledger.position"], name="fk_supersessions_position"),
        sa.ForeignKeyConstraint(["reading"], ["readings.position"], name="fk_supersessions_reading"),
        sa.ForeignKeyConstraint(["by"], ["readings.position"], name="fk_supersessions_by"),
        sa.PrimaryKeyConstraint("position", name="pk_supersessions"),
    )
    op.create_index("ix_supersessions_reading", "supersessions", ["reading"])
    op.create_table(
        "reassignments",
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("photo", sa.BigInteger(), nullable=False),
        sa.Column("tps", sa.String(length=13), nullable=True),
        sa.ForeignKeyConstraint(["position"], ["ledger.position"], name="fk_reassignments_position"),
        sa.ForeignKeyConstraint(["photo"], ["photos.position"], name="fk_reassignments_photo"),
        sa.PrimaryKeyConstraint("position", name="pk_reassignments"),
    )
    op.create_index("ix_reassignments_photo", "reassignments", ["photo"])
    op.create_index("ix_reassignments_tps", "reassignments", ["tps"])
    op.create_table(
        "elections",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_elections"),
    )
    op.create_table(
        "expected_sheets",
        sa.Column("form", sa.String(length=60), nullable=False),
        sa.Column("page", sa.String(length=10), nullable=False),
        sa.Column("election", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(["election"], ["elections.id"], name="fk_expected_sheets_election"),
        sa.PrimaryKeyConstraint("form", "page", name="pk_expected_sheets"),
    )
    op.create_index("ix_expected_sheets_election", "expected_sheets", ["election"])
    op.create_table(
        "expected_photos",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("tps", sa.String(length=13), nullable=True),
        sa.Column("page", sa.String(length=10), nullable=True),
        sa.Column("photo", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["photo"], ["photos.position"], name="fk_expected_photos_photo"),
        sa.PrimaryKeyConstraint("id", name="pk_expected_photos"),
        sa.UniqueConstraint("path", name="uq_expected_photos_path"),
    )
    missing = sa.text("photo IS NULL")
    op.create_index("ix_expected_photos_missing", "expected_photos", ["id"], sqlite_where=missing, postgresql_where=missing)
    op.create_table(
        "set_findings",
        sa.Column("photo", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("severity", sa.String(length=10), nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("message_en", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["photo"], ["photos.position"], name="fk_set_findings_photo"),
        sa.PrimaryKeyConstraint("photo", "number", name="pk_set_findings"),
    )
    op.create_index("ix_set_findings_code", "set_findings", ["code"])
    make_append_only("likenesses", ("reading",))
    make_append_only("supersessions", ("position",))
    make_append_only("reassignments", ("position",))

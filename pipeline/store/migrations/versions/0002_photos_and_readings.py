"""Photos, their readings and the findings of these, which nobody can change either."""

import sqlalchemy as sa
from alembic import op

from pipeline.store.migrations.append_only import make_append_only

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "photos",
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("tps", sa.String(length=13), nullable=True),
        sa.ForeignKeyConstraint(["position"], ["ledger.position"], name="fk_photos_position"),
        sa.PrimaryKeyConstraint("position", name="pk_photos"),
        sa.UniqueConstraint("sha256", name="uq_photos_sha256"),
    )
    op.create_index("ix_photos_tps", "photos", ["tps"])
    op.create_table(
        "readings",
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("photo", sa.BigInteger(), nullable=False),
        sa.Column("sheet", sa.Integer(), nullable=False),
        sa.Column("form", sa.String(length=60), nullable=True),
        sa.Column("page", sa.String(length=10), nullable=True),
        sa.Column("verdict", sa.String(length=10), nullable=False),
        sa.Column("refusal", sa.String(length=30), nullable=True),
        sa.Column("probability", sa.Float(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["photo"], ["photos.position"], name="fk_readings_photo"),
        sa.ForeignKeyConstraint(["position"], ["ledger.position"], name="fk_readings_position"),
        sa.PrimaryKeyConstraint("position", name="pk_readings"),
        sa.UniqueConstraint("photo", "sheet", name="uq_readings_photo"),
    )
    op.create_index("ix_readings_photo", "readings", ["photo"])
    op.create_index("ix_readings_verdict", "readings", ["verdict"])
    op.create_table(
        "findings",
        sa.Column("reading", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("severity", sa.String(length=10), nullable=False),
        sa.ForeignKeyConstraint(["reading"], ["readings.position"], name="fk_findings_reading"),
        sa.PrimaryKeyConstraint("reading", "number", name="pk_findings"),
    )
    op.create_index("ix_findings_code", "findings", ["code"])
    make_append_only("photos", ("position",), ("sha256",))
    make_append_only("readings", ("position",))
    make_append_only("findings", ("reading", "number"))

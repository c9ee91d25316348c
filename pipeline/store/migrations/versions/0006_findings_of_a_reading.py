"""Findings of a set that are about one of several sheets of a photo."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    with op.batch_alter_table("set_findings") as batch:
        batch.add_column(sa.Column("reading", sa.BigInteger(), nullable=True))
        batch.create_foreign_key("fk_set_findings_reading", "readings", ["reading"], ["position"])

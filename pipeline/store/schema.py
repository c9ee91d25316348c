"""The tables of the store.

The ledger holds every event in full. `migrations/` brings a database to this; a test compares the two.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, MetaData, String, Table, Text

APPEND_ONLY = ("ledger",)
"""Tables whose rows are never changed or removed; triggers of the database see to it."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
    }
)

ledger = Table(
    "ledger",
    metadata,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("at", String(27), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("body", Text, nullable=False),
    Column("hash", String(64), nullable=False, unique=True),
)
"""Positions from 1; `at` in UTC; `body` canonical JSON; `hash` chains a row to the one before."""

regions = Table(
    "regions",
    metadata,
    Column("code", String(10), primary_key=True),
    Column("parent", String(10), ForeignKey("regions.code"), nullable=True, index=True),
    Column("name", Text, nullable=False),
    Column("stations", Integer, nullable=True),
)
"""Codes of Kemendagri: 2 digits a province, 4 a regency or city, 6 a district, 10 a village, which has so many polling stations."""

"""The tables of the store.

The ledger holds every event in full; photos, readings and findings are views of its rows that can be searched. None of the four is ever
changed or removed: triggers of the database see to it. `migrations/` brings a database to this; a test compares the two.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Float, ForeignKey, Integer, MetaData, String, Table, Text, UniqueConstraint

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

photos = Table(
    "photos",
    metadata,
    Column("position", BigInteger, ForeignKey("ledger.position"), primary_key=True, autoincrement=False),
    Column("sha256", String(64), nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("tps", String(13), nullable=True, index=True),
)
"""`tps` is missing where nothing names the polling station, or what names it is contradictory."""

readings = Table(
    "readings",
    metadata,
    Column("position", BigInteger, ForeignKey("ledger.position"), primary_key=True, autoincrement=False),
    Column("photo", BigInteger, ForeignKey("photos.position"), nullable=False, index=True),
    Column("sheet", Integer, nullable=False),
    Column("form", String(60), nullable=True),
    Column("page", String(10), nullable=True),
    Column("verdict", String(10), nullable=False, index=True),
    Column("refusal", String(30), nullable=True),
    Column("probability", Float, nullable=False),
    Column("seconds", Float, nullable=False),
    UniqueConstraint("photo", "sheet"),
)
"""One for each sheet of a photo, counted from 1: the pages of a PDF are several."""

findings = Table(
    "findings",
    metadata,
    Column("reading", BigInteger, ForeignKey("readings.position"), primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("code", String(40), nullable=False, index=True),
    Column("severity", String(10), nullable=False),
)

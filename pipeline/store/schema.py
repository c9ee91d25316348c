"""The tables of the store.

The ledger holds every event in full; photos, readings, findings, likenesses, supersessions and reassignments are views of its rows that
can be searched. None of these is ever changed or removed: triggers of the database see to it. What waits, what is expected, and what the
documents of a station say of each other follow from them and from what was imported, and change with them. `migrations/` brings a
database to this; a test compares the two.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Float, ForeignKey, Index, Integer, MetaData, String, Table, Text, UniqueConstraint

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
    Column("page", String(10), nullable=True),
    Column("reason", String(20), nullable=True),
    Column("contradiction", Text, nullable=True),
)
"""What was said of a photo when it came: `tps` is missing where nothing names the polling station, or what names it is contradictory
(`contradiction`); `page` is the page it should show; `reason` is why it replaces an earlier one."""

waiting = Table(
    "waiting",
    metadata,
    Column("photo", BigInteger, ForeignKey("photos.position"), primary_key=True, autoincrement=False),
)
"""The photos without a reading: told in with the photo and struck out with its reading, in the same transactions."""

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

likenesses = Table(
    "likenesses",
    metadata,
    Column("reading", BigInteger, ForeignKey("readings.position"), primary_key=True, autoincrement=False),
    Column("numbers", String(64), nullable=True, index=True),
    Column("likeness", String(256), nullable=False),
)
"""What finds the same picture under another name: a hash of form, page and numbers, missing where none was read, and one of the picture."""

supersessions = Table(
    "supersessions",
    metadata,
    Column("position", BigInteger, ForeignKey("ledger.position"), primary_key=True, autoincrement=False),
    Column("reading", BigInteger, ForeignKey("readings.position"), nullable=False, index=True),
    Column("by", BigInteger, ForeignKey("readings.position"), nullable=False),
    Column("reason", String(20), nullable=False),
)
"""Readings that no longer stand, and the one that stands in their place as long as both are of the same station."""

reassignments = Table(
    "reassignments",
    metadata,
    Column("position", BigInteger, ForeignKey("ledger.position"), primary_key=True, autoincrement=False),
    Column("photo", BigInteger, ForeignKey("photos.position"), nullable=False, index=True),
    Column("tps", String(13), nullable=True, index=True),
)
"""Stations that photos were given after they came; the last one of a photo counts."""

elections = Table(
    "elections",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("name", Text, nullable=False),
    Column("day", String(10), nullable=False),
)

expected_sheets = Table(
    "expected_sheets",
    metadata,
    Column("form", String(60), primary_key=True),
    Column("page", String(10), primary_key=True),
    Column("election", String(40), ForeignKey("elections.id"), nullable=False, index=True),
)
"""The sheets that every polling station makes in an election; a sheet is of one election."""

expected_photos = Table(
    "expected_photos",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("path", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("tps", String(13), nullable=True),
    Column("page", String(10), nullable=True),
    Column("photo", BigInteger, ForeignKey("photos.position"), nullable=True),
)
"""Photos that a manifest named: where they lie, and what they became when they had come."""

_IS_MISSING = expected_photos.c.photo.is_(None)

Index("ix_expected_photos_missing", expected_photos.c.id, sqlite_where=_IS_MISSING, postgresql_where=_IS_MISSING)

set_findings = Table(
    "set_findings",
    metadata,
    Column("photo", BigInteger, ForeignKey("photos.position"), primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("code", String(40), nullable=False, index=True),
    Column("severity", String(10), nullable=False),
    Column("fields", Text, nullable=False),
    Column("message_id", Text, nullable=False),
    Column("message_en", Text, nullable=False),
)
"""What the other documents of its polling station, and of others, say against a photo; `fields` are joined by commas."""

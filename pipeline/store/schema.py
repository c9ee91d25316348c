"""The tables of the store.

The ledger holds every event in full; photos, readings, findings, likenesses, supersessions, reassignments, entries and decisions are views
of its rows that can be searched. None of these is ever changed or removed: triggers of the database see to it. What waits, what is
expected, what the documents of a station say of each other, what people must look at, and the results with their totals follow from them
and from what was imported, and change with them. `migrations/` brings a database to this; a test compares the two.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Float, ForeignKey, Index, Integer, MetaData, String, Table, Text, UniqueConstraint

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
    Column("reading", BigInteger, ForeignKey("readings.position"), nullable=True),
    Column("code", String(40), nullable=False, index=True),
    Column("severity", String(10), nullable=False),
    Column("fields", Text, nullable=False),
    Column("message_id", Text, nullable=False),
    Column("message_en", Text, nullable=False),
)
"""What the other documents of its polling station, and of others, say against a photo, or against the one `reading` of it that is named;
`fields` are joined by commas."""

accounts = Table(
    "accounts",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("name", String(64), nullable=False, unique=True),
    Column("role", String(10), nullable=False),
    Column("region", String(13), nullable=False),
    Column("password", Text, nullable=False),
    Column("active", Boolean, nullable=False),
)
"""People: `region` is the code of the region or polling station they answer for, empty for the whole country; `password` is an argon2id
hash."""

sessions = Table(
    "sessions",
    metadata,
    Column("token", String(64), primary_key=True),
    Column("account", Integer, ForeignKey("accounts.id"), nullable=False, index=True),
    Column("csrf", String(64), nullable=False),
    Column("expires", String(27), nullable=False),
    Column("link", Integer, ForeignKey("links.id"), nullable=True, index=True),
)
"""Who is logged in: `token` is the SHA-256 of what the browser holds, so a copy of the table opens nothing. `link` is the one that let the
person in, None where a password did."""

links = Table(
    "links",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("account", Integer, ForeignKey("accounts.id"), nullable=False, index=True),
    Column("made_by", String(64), nullable=False),
    Column("made_at", String(27), nullable=False),
    Column("expires", String(27), nullable=False),
    Column("revoked", String(27), nullable=True),
)
"""Signed links that let the officers of a polling station in; what is signed names the row, so a copy of the table opens nothing."""

login_failures = Table(
    "login_failures",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("name", String(64), nullable=False, index=True),
    Column("address", String(64), nullable=False, index=True),
    Column("at", String(27), nullable=False),
)

entries = Table(
    "entries",
    metadata,
    Column("position", BigInteger, ForeignKey("ledger.position"), primary_key=True, autoincrement=False),
    Column("reading", BigInteger, ForeignKey("readings.position"), nullable=False, index=True),
    Column("account", String(64), nullable=False, index=True),
    Column("known", Boolean, nullable=False),
    Column("leads_to", String(10), nullable=False),
    Column("numbers", Integer, nullable=False),
    Column("wrong", Integer, nullable=False),
    Column("seconds", Float, nullable=False),
)
"""What people typed of a sheet without seeing what was read. `known`: the sheet had been decided and was shown to measure the person,
who typed `numbers` of which `wrong` were not as decided. `leads_to` is the stage (`queue.stage`) that follows, or `decided`."""

decisions = Table(
    "decisions",
    metadata,
    Column("position", BigInteger, ForeignKey("ledger.position"), primary_key=True, autoincrement=False),
    Column("reading", BigInteger, ForeignKey("readings.position"), nullable=False, index=True),
    Column("decision", String(20), nullable=False),
    Column("account", String(64), nullable=True),
    Column("undoes", BigInteger, ForeignKey("decisions.position"), nullable=True),
)
"""What was decided of a reading: its numbers (`agreed` by the rule, `resolved` by a person), a `doubt` of one that was accepted, or an
`undo` of an earlier decision. The last one counts."""

confirmations = Table(
    "confirmations",
    metadata,
    Column("position", BigInteger, ForeignKey("ledger.position"), primary_key=True, autoincrement=False),
    Column("reading", BigInteger, ForeignKey("readings.position"), nullable=False, index=True),
    Column("account", String(64), nullable=False),
    Column("differs", Integer, nullable=False),
)
"""What the officers of a polling station say of a reading that they saw beside their sheet: `differs` is how many numbers they say are
others. The last one counts. They are no entries: whoever typed those had not seen what was read."""

notes = Table(
    "notes",
    metadata,
    Column("position", BigInteger, ForeignKey("ledger.position"), primary_key=True, autoincrement=False),
    Column("tps", String(13), nullable=False, index=True),
    Column("account", String(64), nullable=False),
)
"""What the officers of a polling station write down of special incidents; the text stands in the ledger. All of them count."""

queue = Table(
    "queue",
    metadata,
    Column("reading", BigInteger, ForeignKey("readings.position"), primary_key=True, autoincrement=False),
    Column("tps", String(13), nullable=True, index=True),
    Column("form", String(60), nullable=False),
    Column("page", String(10), nullable=False),
    Column("stage", String(10), nullable=False),
    Column("priority", Float, nullable=False),
    Column("version", Integer, nullable=False),
    Column("claimed_by", String(64), nullable=True),
    Column("claimed_at", String(27), nullable=True),
    Column("claimed_until", String(27), nullable=True),
)
"""Sheets that people must look at: `stage` is `key` (nobody typed it yet), `key_again` or `resolve`; `priority` is P(wrong) times the votes
at stake; `version` rises with every claim and save, so that what was typed on an older one is refused."""

Index("ix_queue_order", queue.c.stage, queue.c.priority.desc(), queue.c.reading)

queue_reasons = Table(
    "queue_reasons",
    metadata,
    Column("reading", BigInteger, ForeignKey("queue.reading", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("reason", String(60), primary_key=True),
)
"""Why a sheet is in the queue: codes of findings, and `check:` before the id of a check that does not hold."""

Index("ix_queue_reasons_reason", queue_reasons.c.reason)

known_claims = Table(
    "known_claims",
    metadata,
    Column("account", String(64), primary_key=True),
    Column("reading", BigInteger, ForeignKey("readings.position"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("claimed_at", String(27), nullable=False),
    Column("claimed_until", String(27), nullable=False),
)
"""Decided sheets that are shown to a person as if they were not, to measure the person: one at a time each."""

results = Table(
    "results",
    metadata,
    Column("tps", String(13), primary_key=True),
    Column("form", String(60), primary_key=True),
    Column("page", String(10), primary_key=True),
    Column("evidence", String(10), nullable=False),
    Column("reading", BigInteger, ForeignKey("readings.position"), nullable=True),
    Column("numbers", Text, nullable=False),
)
"""What stands for each sheet of a polling station, and on what evidence: `read` (the machine alone, in doubt), `checked` (the machine, sure
and all checks hold) or `decided` (people). `numbers` is JSON {field: value or null}. The row with an empty form and page says that a photo
came."""

totals = Table(
    "totals",
    metadata,
    Column("region", String(10), primary_key=True),
    Column("form", String(60), primary_key=True),
    Column("page", String(10), primary_key=True),
    Column("evidence", String(10), primary_key=True),
    Column("sheets", Integer, nullable=False),
    Column("numbers", Text, nullable=False),
)
"""Sums of `results` for every region from the nation (region "") to the village: JSON {field: [sum, sheets that have the number]}."""

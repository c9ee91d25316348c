"""How the store keeps up with an election: a million rows of a manifest, what waits among a million photos, and a ledger as long.

Everything is told, asked and verified by the functions that the commands use; only the photos are filled in without bytes, and readings are
what strikes them off the list of what waits. The store is one of its own, empty at the start.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import Engine

from pipeline.store.database import READING, StoreError, open_store
from pipeline.store.ledger import Fault, Kind, append, entries, head, verify
from pipeline.store.manifest import expect
from pipeline.store.readings import pending
from pipeline.store.schema import expected_photos, photos, waiting

MILLION = 1_000_000
READ = (0.0, 0.5, 0.999)
"""Parts of the photos that are read when it is asked what waits."""

ASKED = 500
"""Photos asked for in one query, as `sirekap run` does."""

ROUNDS = 21
ROWS_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class StoreFigures:
    """What was measured.

    Attributes
    ----------
    expect_seconds, again_seconds
        Until the rows of a manifest are expected photos, and until the same manifest has been told again.
    pending_ms
        Median time of asking for the next photos that wait, in milliseconds, by the part of the photos that is read.
    verify_seconds
        Until a ledger of as many rows is verified.
    """

    database: str
    rows: int
    expect_seconds: float
    again_seconds: float
    pending_ms: dict[float, float]
    verify_seconds: float


def measure_store(url: str | None, *, rows: int = MILLION, progress: Callable[[str], None]) -> StoreFigures:
    """Measure a store at a SQLAlchemy URL, or in a temporary folder with SQLite.

    Raises
    ------
    StoreError
        It cannot be opened, or there is something in it already.
    """
    with tempfile.TemporaryDirectory(prefix="sirekap-bench-") as folder:
        store = open_store(url or f"sqlite:///{folder}/sirekap.db")
        try:
            with store.connect() as connection:
                if head(connection).position or connection.scalar(sa.select(sa.exists(sa.select(expected_photos.c.id)))):
                    raise StoreError("the store holds something; give the URL of an empty database")
            progress(f"{rows} rows of a manifest")
            manifest = _manifest(Path(folder) / "manifest.csv", rows)
            first, again = (_seconds(lambda: list(expect(store, manifest))) for _ in range(2))
            progress(f"{rows} photos")
            _fill(store, rows)
            asked = {part: _pending_ms(store, rows, part, progress) for part in READ}
            progress(f"verifying {rows} rows of the ledger")
            return StoreFigures(store.dialect.name, rows, first, again, asked, _seconds(lambda: _verify(store)))
        finally:
            store.dispose()


def _manifest(path: Path, rows: int) -> str:
    with path.open("w", encoding="utf-8") as file:
        file.write("path,tps,page\n")
        file.writelines(f"{1805082001 + number // 999}/{number:07d}.jpg,{_station(number)},{number % 3 + 1}\n" for number in range(rows))
    return str(path)


def _station(number: int) -> str:
    return f"{1805082001 + number // 999}{number % 999 + 1:03d}"


def _fill(store: Engine, rows: int) -> None:
    for some in _batches(rows):
        bodies = [
            {
                "bytes": 1, "contradiction": None, "name": f"{number:07d}.jpg", "page": None, "reason": None,
                "sha256": sha256(str(number).encode()).hexdigest(), "tps": _station(number),
            }
            for number in some
        ]  # fmt: skip
        with store.begin() as connection:
            told = append(connection, [(Kind.PHOTO, body) for body in bodies])
            connection.execute(photos.insert(), [{"position": entry.position, **body} for entry, body in zip(told, bodies, strict=True)])
            connection.execute(waiting.insert(), [{"photo": entry.position} for entry in told])


def _batches(rows: int) -> Iterator[range]:
    return (range(start, min(start + ROWS_AT_ONCE, rows)) for start in range(0, rows, ROWS_AT_ONCE))


def _pending_ms(store: Engine, rows: int, part: float, progress: Callable[[str], None]) -> float:
    """Ask, once the first `part` of the photos no longer waits."""
    progress(f"{part:.1%} of the photos read")
    with store.begin() as connection:
        connection.execute(waiting.delete().where(waiting.c.photo <= int(rows * part)))
    with store.connect().execution_options(**{READING: True}) as connection:
        return 1_000 * statistics.median(_seconds(lambda: pending(connection, limit=ASKED)) for _ in range(ROUNDS))


def _verify(store: Engine) -> None:
    with store.connect().execution_options(**{READING: True}) as connection:
        found = verify(entries(connection))
    if isinstance(found, Fault):
        raise StoreError(found.detail)


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started

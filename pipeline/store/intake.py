"""Take photos in: each once, by its content, with the polling station and page that it is said to show.

Files come in; each becomes one event of the ledger and one photo that waits to be read. The idea: the bytes are kept first and told of
after, so a crash in between leaves a photo that is taken in again, and never an event without its photo.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy import Connection, Engine

from pipeline.imaging.files import Item
from pipeline.regions import TpsCode, tps_in_name
from pipeline.sheet import Refusal, RefusalCode
from pipeline.store import results
from pipeline.store.ledger import Kind, append, become_writer
from pipeline.store.photos import PhotoStore
from pipeline.store.schema import expected_photos, photos, reassignments, regions, waiting
from pipeline.store.sources import NamedItem, RemoteItem, fetch
from pipeline.store.standing import Reason, reassign
from pipeline.store.stations import station_of

PHOTOS_AT_ONCE = 50
"""Photos told of in one transaction."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A file that was sent, and what its manifest says of it: polling station, page, and the row of `expected_photos`.

    `sha256` is that of the bytes that are expected, None when nobody said: others are refused.
    """

    item: Item | NamedItem | RemoteItem
    tps: TpsCode | None = None
    page: str | None = None
    expected: int | None = None
    sha256: str | None = None


class Outcome(StrEnum):
    """What became of an arrival; `MOVED` is a known photo that had no polling station and now has the manifest's."""

    ADDED = "added"
    KNOWN = "known"
    MOVED = "moved"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class TakenIn:
    """An arrival and what became of it.

    Attributes
    ----------
    refusal
        Why it could not be taken in.
    contradiction
        Why its polling station is not believed, though it was taken in.
    """

    name: str
    outcome: Outcome
    refusal: Refusal | None = None
    contradiction: str | None = None


@dataclass(frozen=True, slots=True)
class _Kept:
    """An arrival whose bytes are kept."""

    arrival: Arrival
    sha256: str
    bytes: int


def take_in(
    store: Engine, kept: PhotoStore, arrivals: Iterable[Arrival], *, max_bytes: int, reason: Reason | None = None
) -> Iterator[TakenIn]:
    """Take every arrival in, in batches; an outcome is given when it is safe in the ledger.

    A polling station is believed when its village is in the table of regions and nothing else says otherwise.

    Parameters
    ----------
    reason
        Why these photos replace earlier ones of their pages.

    Raises
    ------
    StoreError
        The photos cannot be kept, or the place where they come from cannot be reached.
    """
    batch: list[_Kept] = []
    for arrival in arrivals:
        data = fetch(arrival.item, max_bytes=max_bytes)
        if not isinstance(data, Refusal) and arrival.sha256 not in (None, hashlib.sha256(data).hexdigest()):
            data = Refusal(RefusalCode.DAMAGED_FILE, "its bytes have another SHA-256 than was announced")
        if isinstance(data, Refusal):
            yield TakenIn(arrival.item.name, Outcome.REFUSED, refusal=data)
            continue
        batch.append(_Kept(arrival, kept.put(data), len(data)))
        if len(batch) == PHOTOS_AT_ONCE:
            yield from _record(store, batch, reason)
            batch = []
    yield from _record(store, batch, reason)


def _record(store: Engine, batch: Sequence[_Kept], reason: Reason | None) -> list[TakenIn]:
    """Tell the ledger of the photos that it does not know."""
    if not batch:
        return []
    with store.begin() as connection:
        become_writer(connection)
        hashes = [one.sha256 for one in batch]
        query = sa.select(photos.c.sha256, photos.c.position).where(photos.c.sha256.in_(hashes))
        positions: dict[str, int] = {row.sha256: row.position for row in connection.execute(query)}
        stations = believed(connection, [(one.arrival.item.name, one.arrival.tps) for one in batch])
        new: dict[str, dict[str, str | int | None]] = {}
        first: set[int] = set()
        for number, (one, (code, contradiction)) in enumerate(zip(batch, stations, strict=True)):
            if one.sha256 in positions or one.sha256 in new:
                continue
            first.add(number)
            new[one.sha256] = {
                "bytes": one.bytes, "contradiction": contradiction, "name": one.arrival.item.name, "page": one.arrival.page,
                "reason": reason and reason.value, "sha256": one.sha256, "tps": code,
            }  # fmt: skip
        positions |= _tell(connection, new)
        outcomes = []
        for number, (one, (code, contradiction)) in enumerate(zip(batch, stations, strict=True)):
            outcome, again = Outcome.ADDED, None
            if number not in first:
                outcome, again = named_again(connection, positions[one.sha256], code, by_manifest=one.arrival.tps is not None)
            outcomes.append(TakenIn(one.arrival.item.name, outcome, contradiction=contradiction or again))
        came = [{"row": one.arrival.expected, "came": positions[one.sha256]} for one in batch if one.arrival.expected is not None]
        if came:
            arrived = expected_photos.update().where(expected_photos.c.id == sa.bindparam("row")).values(photo=sa.bindparam("came"))
            connection.execute(arrived, came)
    return outcomes


def _tell(connection: Connection, new: dict[str, dict[str, str | int | None]]) -> dict[str, int]:
    """Tell of new photos, by their hashes; gives the rows of the ledger that do."""
    if not new:
        return {}
    entries = append(connection, [(Kind.PHOTO, body) for body in new.values()])
    positions = {sha256: entry.position for sha256, entry in zip(new, entries, strict=True)}
    connection.execute(photos.insert(), [{"position": positions[sha256], **body} for sha256, body in new.items()])
    connection.execute(waiting.insert(), [{"photo": position} for position in positions.values()])
    for station in sorted({str(body["tps"]) for body in new.values() if body["tps"] is not None}):
        results.refresh(connection, station)
    return positions


def believed(connection: Connection, said: Sequence[tuple[str, TpsCode | None]]) -> list[tuple[str | None, str | None]]:
    """For the name and the manifest's station of each photo: the code that is believed, and why one is not; either may be None."""
    named = [(tps, tps_in_name(name)) for name, tps in said]
    villages = {station.village for both in named for station in both if station is not None}
    real = set(connection.scalars(sa.select(regions.c.code).where(regions.c.code.in_(villages))))
    found: list[tuple[str | None, str | None]] = []
    for by_manifest, by_name in named:
        station = by_manifest or by_name
        if by_manifest is not None and by_name is not None and by_manifest != by_name:
            found.append((None, f"the manifest says {by_manifest}, the name of the file {by_name}"))
        elif station is not None and station.village not in real:
            found.append((None, f"there is no village {station.village} in the table of regions"))
        else:
            found.append((None if station is None else str(station), None))
    return found


def named_again(connection: Connection, photo: int, code: str | None, *, by_manifest: bool) -> tuple[Outcome, str | None]:
    """What becomes of a known photo whose station is named again: it gets the manifest's where it never had one, else they are compared."""
    if code is None:
        return Outcome.KNOWN, None
    moved = sa.exists().where(reassignments.c.photo == photos.c.position).label("moved")
    query = sa.select(station_of(photos).label("tps"), photos.c.contradiction, moved).where(photos.c.position == photo)
    before = connection.execute(query).one()
    if code == before.tps:
        return Outcome.KNOWN, None
    if by_manifest and before.tps is None and before.contradiction is None and not before.moved:
        reassign(connection, photo, code, reason="manifest")
        return Outcome.MOVED, None
    return Outcome.KNOWN, f"the same photo was taken in before as one of {before.tps or 'no polling station'}, now as one of {code}"

"""Take photos in: each once, by its content, with the polling station that it is said to be of.

Files come in from a folder or a manifest; each becomes one event of the ledger and one photo that waits to be read. The idea: the bytes
are kept first and told of after, so a crash in between leaves a photo that is taken in again, and never an event without its photo.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import Engine

from pipeline.imaging.files import Item, printable, read_bytes
from pipeline.regions import CodeError, RowFault, TableError, TpsCode, tps_in_name
from pipeline.sheet import Refusal
from pipeline.store.ledger import Kind, append, become_writer
from pipeline.store.photos import PhotoStore
from pipeline.store.schema import photos, regions

PHOTOS_AT_ONCE = 50
"""Photos told of in one transaction."""

COLUMNS = ("path", "tps")


@dataclass(frozen=True, slots=True)
class Arrival:
    """A file that was sent, and the polling station that its manifest says it is of."""

    item: Item
    tps: TpsCode | None = None


class Outcome(StrEnum):
    """What became of an arrival."""

    ADDED = "added"
    KNOWN = "known"
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


def read_manifest(path: Path) -> tuple[list[Arrival], list[RowFault]]:
    """The files of a manifest (CSV with the columns `path`, below the manifest's own folder, and `tps`), and the rows that were left out.

    Raises
    ------
    TableError
        The file cannot be read, is no UTF-8 text, or has no such columns.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as lines:
            reader = csv.DictReader(lines, strict=True)
            missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
            if missing:
                raise TableError(f"{path}: there is no column {', '.join(missing)}; a manifest has {', '.join(COLUMNS)}")
            rows = [(reader.line_num, (row["path"] or "").strip(), (row["tps"] or "").strip(), row.get(None)) for row in reader]
    except OSError as error:
        raise TableError(f"{path}: {error.strerror or error}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise TableError(f"{path}: not a CSV file in UTF-8 ({error})") from error
    arrivals: dict[str, Arrival] = {}
    lines_of: dict[str, int] = {}
    faults: list[RowFault] = []
    folder = path.parent.resolve()
    for line, name, code, surplus in rows:
        try:
            if surplus:
                raise CodeError(f"there are more cells than columns: {surplus}; put quotes around a path with a comma in it")
            file = _below(folder, name)
            if name in arrivals:
                raise CodeError(f"{name!r} stands in line {lines_of[name]} already")
            station = TpsCode.parse(code) if code else None
        except CodeError as error:
            faults.append(RowFault(line, str(error)))
            continue
        arrivals[name], lines_of[name] = Arrival(Item(printable(name), file), station), line
    return list(arrivals.values()), faults


def _below(folder: Path, name: str) -> Path:
    """The file of a name, links followed, which must lie below a folder."""
    try:
        file = (folder / name).resolve()
        inside = bool(name) and file != folder and file.is_relative_to(folder)
    except (OSError, ValueError, RuntimeError):  # a name that no file can have, a loop of links
        inside = False
    if not inside:
        raise CodeError(f"{name!r} is no file below the folder of the manifest")
    return file


def take_in(store: Engine, kept: PhotoStore, arrivals: Iterable[Arrival], *, max_bytes: int) -> Iterator[TakenIn]:
    """Take every arrival in, in batches; an outcome is given when it is safe in the ledger.

    A polling station is believed when its village is in the table of regions and nothing else says otherwise.
    """
    waiting: list[tuple[TakenIn, Photo]] = []
    for arrival in arrivals:
        data = read_bytes(arrival.item.path, max_bytes=max_bytes)
        if isinstance(data, Refusal):
            yield TakenIn(arrival.item.name, Outcome.REFUSED, refusal=data)
            continue
        station, contradiction = _station(arrival)
        photo = Photo(kept.put(data), arrival.item.name, len(data), station)
        waiting.append((TakenIn(arrival.item.name, Outcome.ADDED, contradiction=contradiction), photo))
        if len(waiting) == PHOTOS_AT_ONCE:
            yield from _record(store, waiting)
            waiting = []
    yield from _record(store, waiting)


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo as the ledger tells of it."""

    sha256: str
    name: str
    bytes: int
    tps: TpsCode | None


def _record(store: Engine, waiting: Sequence[tuple[TakenIn, Photo]]) -> Iterator[TakenIn]:
    """Tell the ledger of the photos that it does not know."""
    if not waiting:
        return
    with store.begin() as connection:
        become_writer(connection)
        hashes = [photo.sha256 for _, photo in waiting]
        query = sa.select(photos.c.sha256, photos.c.tps).where(photos.c.sha256.in_(hashes))
        stations: dict[str, str | None] = {row.sha256: row.tps for row in connection.execute(query)}
        villages = {station.village for _, photo in waiting if (station := photo.tps) is not None}
        real = set(connection.scalars(sa.select(regions.c.code).where(regions.c.code.in_(villages))))
        told, outcomes = [], []
        for taken, photo in waiting:
            code, contradiction = None if photo.tps is None else str(photo.tps), taken.contradiction
            if photo.tps is not None and photo.tps.village not in real:
                code, contradiction = None, f"there is no village {photo.tps.village} in the table of regions"
            if photo.sha256 not in stations:
                stations[photo.sha256] = code
                told.append((Kind.PHOTO, {"bytes": photo.bytes, "name": photo.name, "sha256": photo.sha256, "tps": code}))
                outcomes.append(replace(taken, contradiction=contradiction))
                continue
            first = stations[photo.sha256]
            if code is not None and code != first:
                contradiction = f"the same photo was taken in before as one of {first or 'no polling station'}, now as one of {code}"
            outcomes.append(replace(taken, outcome=Outcome.KNOWN, contradiction=contradiction))
        entries = append(connection, told)
        rows = [{"position": entry.position, **body} for entry, (_, body) in zip(entries, told, strict=True)]
        if rows:
            connection.execute(photos.insert(), rows)
    yield from outcomes


def _station(arrival: Arrival) -> tuple[TpsCode | None, str | None]:
    """The polling station of an arrival, None where nothing names it or what names it is contradictory, and why that is."""
    by_name = tps_in_name(arrival.item.name)
    if arrival.tps is not None and by_name is not None and arrival.tps != by_name:
        return None, f"the manifest says {arrival.tps}, the name of the file {by_name}"
    return arrival.tps or by_name, None

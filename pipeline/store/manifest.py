"""Manifests: which photos are expected, where they lie, and which polling station and page they are said to show.

A CSV file comes in row by row, rows of `expected_photos` go out in batches, and what has not arrived is asked for in pages. The idea: what
is expected stands in the database and not in the memory of a command, so the same manifest again takes in only what is missing.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import Connection, Engine

from pipeline.regions import CodeError, RowFault, TableError, TpsCode
from pipeline.regions.rows import rows, table_errors
from pipeline.store.database import READING
from pipeline.store.intake import Arrival, Outcome, TakenIn, believed, named_again
from pipeline.store.ledger import become_writer
from pipeline.store.schema import expected_photos
from pipeline.store.sources import NamedItem, RemoteItem, is_remote, opened_text

COLUMNS = ("path", "tps")

ROWS_AT_ONCE = 5_000
"""Rows told of in one transaction; each is a parameter of a query, and SQLite takes 32,766 of these."""

MISSING_AT_ONCE = 500
"""Photos asked for in one query: what is in memory does not grow with what is missing."""

LONGEST_PATH = 1_024
"""Bytes of a path; the keys of S3 have no more, and PostgreSQL indexes no more than 2,700."""

PAGE = re.compile(r"[0-9A-Za-z]{1,10}")


@dataclass(frozen=True, slots=True)
class Row:
    """A good row: `name` is the path below the folder of the manifest, without detours."""

    name: str
    tps: TpsCode | None
    page: str | None


@dataclass(frozen=True, slots=True)
class Expected:
    """What became of some rows of a manifest.

    Attributes
    ----------
    rows
        Good rows, told of before or not.
    faults
        Rows that were left out.
    renamed
        Photos that had arrived already and are now said to be of another polling station than before.
    """

    rows: int
    faults: tuple[RowFault, ...]
    renamed: tuple[TakenIn, ...]


def read_manifest(path: str) -> Iterator[Row | RowFault]:
    """The rows of a manifest at a path or URL: CSV with the columns `path` (below the manifest's own folder), `tps` and perhaps `page`.

    Raises
    ------
    TableError
        The file cannot be read, or its first line does not name the columns.
    StoreError
        The place of the file cannot be reached.
    """
    lines_of: dict[str, int] = {}
    with table_errors(path), opened_text(path) as text:
        for line, cells in rows(text, name=path, required=COLUMNS, kind="a manifest"):
            try:
                row = _row(cells)
                if row.name in lines_of:
                    raise CodeError(f"{row.name!r} stands in line {lines_of[row.name]} already")
            except CodeError as error:
                yield RowFault(line, str(error))
                continue
            lines_of[row.name] = line
            yield row


def _row(cells: dict[str, str] | CodeError) -> Row:
    if isinstance(cells, CodeError):
        raise cells
    page = cells.get("page") or None
    if page is not None and not PAGE.fullmatch(page):
        raise CodeError(f"{page!r} is no page: one to ten letters or digits, as in `sirekap form list`")
    return Row(_below(cells["path"]), TpsCode.parse(cells["tps"]) if cells["tps"] else None, page)


def _below(path: str) -> str:
    """A path without detours, which must lie below the folder that it counts from. Links are followed when the file is opened."""
    name = posixpath.normpath(path)
    if not path or name in (".", "..") or name.startswith(("/", "../")) or is_remote(path):
        raise CodeError(f"{path!r} is no file below the folder of the manifest")
    if len(name.encode()) > LONGEST_PATH:
        raise CodeError(f"the path has more than {LONGEST_PATH} bytes")
    return name


def folder_of(path: str) -> str:
    """The folder that the paths of a manifest count from, links followed, or its URL.

    Raises
    ------
    TableError
        The name of the folder is no UTF-8, which the database cannot hold.
    """
    folder = path.rpartition("/")[0] if is_remote(path) else str(Path(path).parent.resolve()).rstrip("/")
    try:
        folder.encode()
    except UnicodeEncodeError as error:
        raise TableError(f"{path!r}: the name of the folder is not UTF-8; rename it") from error
    return folder


def expect(store: Engine, path: str) -> Iterator[Expected]:
    """Tell the store which photos a manifest names, in batches; each is given when it is safe in the database.

    A row whose path is known is left as it is, unless it names another polling station: then that is expected of a photo that is missing,
    and one that has arrived is held to be sent again.

    Raises
    ------
    TableError, StoreError
        As `read_manifest`.
    """
    folder = folder_of(path)
    some: list[Row] = []
    faults: list[RowFault] = []
    for row in read_manifest(path):
        if isinstance(row, RowFault):
            faults.append(row)
        else:
            some.append(row)
        if len(some) + len(faults) == ROWS_AT_ONCE:
            yield Expected(len(some), tuple(faults), _expect(store, folder, some))
            some, faults = [], []
    yield Expected(len(some), tuple(faults), _expect(store, folder, some))


def _expect(store: Engine, folder: str, some: Sequence[Row]) -> tuple[TakenIn, ...]:
    if not some:
        return ()
    with store.begin() as connection:
        become_writer(connection)
        paths = [f"{folder}/{row.name}" for row in some]
        known = {row.path: row for row in connection.execute(sa.select(expected_photos).where(expected_photos.c.path.in_(paths)))}
        first = (connection.scalar(sa.select(sa.func.max(expected_photos.c.id))) or 0) + 1
        new = [
            {"id": first + number, "path": path, "name": row.name, "tps": row.tps and str(row.tps), "page": row.page}
            for number, (path, row) in enumerate(zip(paths, some, strict=True))
            if path not in known
        ]
        if new:
            connection.execute(expected_photos.insert(), new)
        said_anew = [
            (known[path], row)
            for path, row in zip(paths, some, strict=True)
            if path in known and row.tps is not None and str(row.tps) != known[path].tps
        ]
        missing = [(there.id, row) for there, row in said_anew if there.photo is None]
        arrived = [(there.photo, row) for there, row in said_anew if there.photo is not None]
        for id, row in missing:
            changed = expected_photos.update().where(expected_photos.c.id == id)
            connection.execute(changed.values(tps=str(row.tps), page=row.page or expected_photos.c.page))
        return _named_again(connection, arrived)


def _named_again(connection: Connection, arrived: Sequence[tuple[int, Row]]) -> tuple[TakenIn, ...]:
    """What becomes of photos that had arrived when a manifest names their stations anew."""
    renamed = []
    stations = believed(connection, [(row.name, row.tps) for _, row in arrived])
    for (photo, row), (code, contradiction) in zip(arrived, stations, strict=True):
        outcome, again = named_again(connection, photo, code, by_manifest=True)
        if outcome is not Outcome.KNOWN or contradiction or again:
            renamed.append(TakenIn(row.name, outcome, contradiction=contradiction or again))
    return tuple(renamed)


def count_missing(store: Engine, path: str) -> int:
    """How many photos below the folder of a manifest are expected and have not arrived."""
    with store.connect().execution_options(**{READING: True}) as connection:
        return connection.scalar(sa.select(sa.func.count()).where(*_missing(folder_of(path)))) or 0


def missing(store: Engine, path: str) -> Iterator[Arrival]:
    """The photos below the folder of a manifest that are expected and have not arrived, as arrivals that may not be there."""
    folder = folder_of(path)
    query = sa.select(expected_photos).where(*_missing(folder)).order_by(expected_photos.c.id).limit(MISSING_AT_ONCE)
    last = 0
    while True:
        with store.connect().execution_options(**{READING: True}) as connection:
            some = connection.execute(query.where(expected_photos.c.id > last)).all()
        if not some:
            return
        last = some[-1].id
        for row in some:
            item = RemoteItem(row.name, row.path) if is_remote(row.path) else NamedItem(row.name, Path(row.path), Path(folder or "/"))
            tps = None if row.tps is None else TpsCode.parse(row.tps)
            yield Arrival(item, tps, row.page, expected=row.id)


def _missing(folder: str) -> tuple[sa.ColumnElement[bool], ...]:
    prefix = f"{folder}/"
    return expected_photos.c.photo.is_(None), sa.func.substr(expected_photos.c.path, 1, len(prefix)) == prefix

"""Read what waits in the store: the same work as on files, from photos kept by their content, each result recorded as it comes.

Whatever ends a run, the next one reads what has no reading. A photo that ends the process that reads it is tried once more alone and then
parked with the refusal `crashed_reader`.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from sqlalchemy import Engine

from pipeline.engine.executors import Executor
from pipeline.engine.work import WorkOrder, crash_of, refused_sheet, sheet_of
from pipeline.imaging import Limits
from pipeline.imaging.opening import decode
from pipeline.sheet import Refusal, RefusalCode, Sheet
from pipeline.store.database import READING
from pipeline.store.photos import PhotoLostError, PhotoStore
from pipeline.store.readings import StoredPhoto, pending, record

ASKED_AT_ONCE = 500
"""Photos asked for in one query: what is in memory does not grow with what waits."""


@dataclass(frozen=True, slots=True)
class Lost:
    """A photo that is not where it was kept, or not as it was: it waits until it is brought back."""

    name: str
    detail: str


def read_pending(store: Engine, *, order: WorkOrder, executor: Executor) -> Iterator[tuple[Sheet, ...] | Lost]:
    """Read everything that has no reading; gives the sheets of each photo when they are safe in the ledger."""
    photos = _pending(store)
    work = partial(read_stored, order=order)
    waiting: deque[StoredPhoto] = deque()

    def remembered() -> Iterator[StoredPhoto]:
        for photo in photos:
            waiting.append(photo)
            yield photo

    for sheets in executor.map(work, remembered(), on_crash=partial(refuse_stored, order=order)):
        photo = waiting.popleft()
        if isinstance(sheets, Lost):
            yield sheets
            continue
        with store.begin() as connection:
            record(connection, photo, sheets)
        yield tuple(sheets)


def read_stored(photo: StoredPhoto, *, order: WorkOrder) -> list[Sheet] | Lost:
    """The sheets of one photo of the store.

    Raises
    ------
    StoreError
        No photo can be reached: that says nothing of this one, so the run ends and the photo waits.
    """
    started = time.perf_counter()
    sheets: list[Sheet] = []
    try:
        data = PhotoStore(order.settings.photos_url).get(photo.sha256)
    except PhotoLostError as error:
        return Lost(photo.name, str(error))
    try:
        for opened in decode(data, name=photo.name, limits=Limits.of(order.settings)):
            sheets.append(sheet_of(opened, order, started=started))
            started = time.perf_counter()
    except Exception as error:
        sheets.append(refused_sheet(photo.name, photo.sha256, crash_of(error), order, started=started))
    return sheets


def refuse_stored(photo: StoredPhoto, detail: str, *, order: WorkOrder) -> list[Sheet] | Lost:
    """The refusal of a photo that ended the process that read it."""
    refusal = Refusal(RefusalCode.CRASHED_READER, detail)
    return [refused_sheet(photo.name, photo.sha256, refusal, order, started=time.perf_counter())]


def _pending(store: Engine) -> Iterator[StoredPhoto]:
    """Every photo that waits, asked for in pages."""
    last = 0
    while True:
        with store.connect().execution_options(**{READING: True}) as connection:
            some = pending(connection, after=last, limit=ASKED_AT_ONCE)
        if not some:
            return
        yield from some
        last = some[-1].position

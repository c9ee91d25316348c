"""Read what waits in the store: the same work as on files, from photos kept by their content, each result recorded as it comes.

Whatever ends a run, the next one reads what has no reading. A photo that ends the process that reads it is tried once more alone and then
parked with the refusal `crashed_reader`.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from sqlalchemy import Engine

from pipeline.engine.executors import Executor
from pipeline.engine.patience import Patience
from pipeline.engine.work import WorkOrder, crash_of, refused_sheet, sheet_of
from pipeline.imaging import Limits, Photo
from pipeline.imaging.likeness import likeness
from pipeline.imaging.opening import decode
from pipeline.sheet import Refusal, RefusalCode, Sheet
from pipeline.store.database import READING
from pipeline.store.photos import PhotoLostError, PhotoStore
from pipeline.store.readings import ReadSheet, StoredPhoto, pending, record

ASKED_AT_ONCE = 500
"""Photos asked for in one query: what is in memory does not grow with what waits."""


@dataclass(frozen=True, slots=True)
class Lost:
    """A photo that is not where it was kept, or not as it was: it waits until it is brought back."""

    name: str
    detail: str


def read_pending(store: Engine, *, order: WorkOrder, executor: Executor, patience: Patience) -> Iterator[tuple[Sheet, ...] | Lost]:
    """Read everything that has no reading; gives the sheets of each photo when they are safe in the ledger.

    Raises
    ------
    DBAPIError
        The database cannot be used, and the patience with it is at its end: what is not recorded waits for the next run.
    """
    photos = _pending(store, patience)
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
        patience.for_(partial(_tell, store, photo, sheets))
        yield tuple(read.sheet for read in sheets)


def read_stored(photo: StoredPhoto, *, order: WorkOrder) -> list[ReadSheet] | Lost:
    """The sheets of one photo of the store.

    Raises
    ------
    StoreError
        No photo can be reached: that says nothing of this one, so the run ends and the photo waits.
    """
    started = time.perf_counter()
    sheets: list[ReadSheet] = []
    try:
        data = PhotoStore(order.settings.photos_url).get(photo.sha256)
    except PhotoLostError as error:
        return Lost(photo.name, str(error))
    try:
        for opened in decode(data, name=photo.name, limits=Limits.of(order.settings)):
            sheet = sheet_of(opened, order, started=started)
            sheets.append(ReadSheet(sheet, likeness(opened.image) if isinstance(opened, Photo) else None))
            started = time.perf_counter()
    except Exception as error:
        sheets.append(ReadSheet(refused_sheet(photo.name, photo.sha256, crash_of(error), order, started=started), None))
    return sheets


def refuse_stored(photo: StoredPhoto, detail: str, *, order: WorkOrder) -> list[ReadSheet] | Lost:
    """The refusal of a photo that ended the process that read it."""
    refusal = Refusal(RefusalCode.CRASHED_READER, detail)
    return [ReadSheet(refused_sheet(photo.name, photo.sha256, refusal, order, started=time.perf_counter()), None)]


def _tell(store: Engine, photo: StoredPhoto, sheets: Sequence[ReadSheet]) -> None:
    with store.begin() as connection:
        record(connection, photo, sheets)


def _pending(store: Engine, patience: Patience) -> Iterator[StoredPhoto]:
    """Every photo that waits, asked for in pages."""
    last = 0
    while some := patience.for_(partial(_asked, store, last)):
        yield from some
        last = some[-1].position


def _asked(store: Engine, last: int) -> list[StoredPhoto]:
    with store.connect().execution_options(**{READING: True}) as connection:
        return pending(connection, after=last, limit=ASKED_AT_ONCE)

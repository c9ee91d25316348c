"""The work on one file, the same on one core and on many: open it, read each photo in it, draw what was read.

The reader with its forms and models is loaded once a process. A bug met in one photo becomes that photo's refusal, so that a night's
run over a million others goes on; a result that cannot be written ends the run, since every further one would fail like it.
"""

from __future__ import annotations

import hashlib
import re
import time
import traceback
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
from threadpoolctl import threadpool_limits

from pipeline.engine.patience import is_full
from pipeline.imaging import Item, Limits, Photo, Unopened, open_images
from pipeline.imaging.files import read_bytes
from pipeline.overlay import draw_overlay
from pipeline.read import SOFTWARE, Reader, read_photo
from pipeline.settings import Settings
from pipeline.sheet import Refusal, RefusalCode, Sheet, refused
from pipeline.trace import Trace, jpeg_bytes
from pipeline.writing import OutputError, write_whole


@dataclass(frozen=True, slots=True)
class WorkOrder:
    """What is the same for all files of a run.

    Attributes
    ----------
    form
        The form every sheet must be, or None for any known one.
    overlays
        Folder for the photos with their numbers drawn in, or None.
    debug
        Folder for the pictures of every stage, or None.
    """

    settings: Settings
    form: str | None = None
    overlays: Path | None = None
    debug: Path | None = None


def read_item(item: Item, *, order: WorkOrder) -> list[Sheet]:
    """The sheets of one file: one for a picture, one a page for a PDF, or the refusal of the whole file."""
    sheets: list[Sheet] = []
    started = time.perf_counter()
    try:
        for opened in open_images(item.path, name=item.name, limits=Limits.of(order.settings)):
            sheets.append(sheet_of(opened, order, started=started))
            started = time.perf_counter()
    except Exception as error:
        if isinstance(error, OutputError):
            raise
        sheets.append(refused_sheet(item.name, "", crash_of(error), order, started=started))
    return sheets


def refuse_item(item: Item, detail: str, *, order: WorkOrder) -> list[Sheet]:
    """The refusal of a file that ended the process that read it."""
    started = time.perf_counter()
    data = read_bytes(item.path, max_bytes=Limits.of(order.settings).max_bytes)
    sha256 = "" if isinstance(data, Refusal) else hashlib.sha256(data).hexdigest()
    return [refused_sheet(item.name, sha256, Refusal(RefusalCode.CRASHED_READER, detail), order, started=started)]


@cache
def load_reader(settings: Settings) -> Reader:
    """The reader of this process, on one thread: parallel work is done by processes, and sums keep their order."""
    single_threaded()
    return Reader.load(settings)


def single_threaded() -> None:
    """Keep OpenCV and the linear algebra of this process to one thread: on matrices as small as ours more threads only wait."""
    cv2.setNumThreads(1)
    threadpool_limits(limits=1)


def safe_name(name: str) -> str:
    """A file name for the pictures of a photo: readable, without folders, and different for every name."""
    readable = re.sub(r"[^A-Za-z0-9.-]+", "_", name).strip("._-")[-80:]
    return f"{readable}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def sheet_of(opened: Photo | Unopened, order: WorkOrder, *, started: float) -> Sheet:
    """The sheet of one photo, or its refusal; a bug met in it is one too."""
    if isinstance(opened, Unopened):
        return refused_sheet(opened.name, opened.sha256, opened.refusal, order, started=started)
    trace = Trace(order.debug / safe_name(opened.name)) if order.debug else None
    try:
        reading = read_photo(opened, load_reader(order.settings), form=order.form, trace=trace)
        if order.overlays:
            picture = draw_overlay(opened.image, reading.sheet, registration=reading.registration, page=reading.page)
            write_whole(order.overlays / f"{safe_name(opened.name)}.jpg", jpeg_bytes(picture))
    except Exception as error:
        if isinstance(error, OutputError):
            raise
        if trace:
            write_whole(trace.folder / "crash.txt", "".join(traceback.format_exception(error)).encode())
        return refused_sheet(opened.name, opened.sha256, crash_of(error), order, started=started)
    return reading.sheet


def crash_of(error: Exception) -> Refusal:
    """A bug as the refusal of what it was met in; a full disk is none of a photo, so it is raised as an `OutputError`."""
    if isinstance(error, OSError) and is_full(error):
        raise OutputError(str(error.filename or "?"), error.strerror or str(error)) from error
    return Refusal(RefusalCode.CRASHED_READER, " ".join(f"{type(error).__name__}: {error}".split()))


def refused_sheet(name: str, sha256: str, refusal: Refusal, order: WorkOrder, *, started: float) -> Sheet:
    """The sheet of a file that gave no numbers."""
    seconds = time.perf_counter() - started
    return refused(name, sha256, refusal, seconds=seconds, software=SOFTWARE, models=load_reader(order.settings).models)

"""Pictures of photos, drawn when they are asked for, in one process of their own.

A photo is somebody else's file: what opening it may do (crash the decoder, take all memory, never end) costs this process, which is
replaced, and that one picture. What comes out is encoded anew, so nothing that the file says of its owner comes along. Pictures are kept in
`home` as long as there is room.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import multiprocessing
import resource
import signal
from collections import deque
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from starlette.concurrency import run_in_threadpool

from pipeline.engine.isolation import end_with_parent, within
from pipeline.engine.work import single_threaded
from pipeline.forms import known_forms
from pipeline.imaging import Limits, Photo, decode
from pipeline.settings import Settings
from pipeline.sheet import Sheet
from pipeline.store.photos import PhotoLostError, PhotoStore
from pipeline.store.sheets import StoredSheet
from pipeline.web.cuts import Cut, cut_out
from pipeline.writing import OutputError, write_whole

log = logging.getLogger(__name__)

SECONDS = 30.0
"""Longest time for one picture; a photo of 60 megapixels takes three."""

KEPT_BYTES = 500_000_000
TRIMMED_EVERY = 100
"""Pictures that are drawn between two looks at how much room they take."""

FAILED_REMEMBERED = 1_000
"""Pictures that cannot be drawn, each of which is tried once and not at every visit."""

QUALITY = 82


@dataclass(frozen=True, slots=True)
class Order:
    """A picture to draw: of which sheet of which photo."""

    settings: Settings
    sha256: str
    number: int
    sheet: Sheet
    cut: Cut


class Pictures:
    """Draws pictures one at a time and keeps them."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._folder = settings.home / "pictures"
        self._turn = asyncio.Lock()
        self._pool: ProcessPoolExecutor | None = None
        self._failed: deque[Path] = deque(maxlen=FAILED_REMEMBERED)
        self._drawn = 0

    async def draw(self, stored: StoredSheet, cut: Cut) -> bytes | None:
        """The JPEG of a cut of a sheet; None when its photo is lost or cannot be opened.

        Raises
        ------
        StoreError
            The place of the photos cannot be reached.
        """
        path = self._folder / stored.sha256[:2] / f"{stored.sha256}-{stored.number}-{cut.name}.jpg"
        kept = await run_in_threadpool(_kept, path)
        if kept is not None or path in self._failed:
            return kept
        async with self._turn:  # one at a time, so that whoever ends the process is known
            if (kept := await run_in_threadpool(_kept, path)) is not None:  # somebody else has just asked for the same
                return kept
            drawn = await self._drawn_by_process(Order(self._settings, stored.sha256, stored.number, stored.sheet, cut))
        if drawn is None:
            self._failed.append(path)
        else:
            await run_in_threadpool(self._keep, path, drawn)
        return drawn

    def close(self) -> None:
        """End the process."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None

    async def _drawn_by_process(self, order: Order) -> bytes | None:
        if self._pool is None:
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(1, mp_context=context, initializer=_prepare, initargs=(self._settings.worker_megabytes,))
        try:
            return await asyncio.wrap_future(self._pool.submit(within, draw_picture, order, seconds=SECONDS))
        except BrokenProcessPool:
            log.warning("a picture of the photo %s ended the process that drew it", order.sha256)
        except (MemoryError, cv2.error, LookupError, ValueError) as error:
            log.warning("no picture of the photo %s: %s", order.sha256, error)
            return None
        self._pool.shutdown(wait=False)
        self._pool = None
        return None

    def _keep(self, path: Path, picture: bytes) -> None:
        try:
            write_whole(path, picture)
        except OutputError as error:
            log.warning("a picture cannot be kept: %s", error)
            return
        self._drawn += 1
        if self._drawn % TRIMMED_EVERY == 1:
            trim(self._folder, KEPT_BYTES)


def trim(folder: Path, most: int) -> None:
    """Remove the pictures that were drawn first, when all together take more than so many bytes, until they take four fifths of it."""
    found = [(status.st_mtime, status.st_size, path) for path in folder.rglob("*.jpg") if (status := path.stat())]
    total = sum(size for _, size, _ in found)
    if total <= most:
        return
    for _, size, path in sorted(found):
        path.unlink(missing_ok=True)
        total -= size
        if total <= 0.8 * most:
            return


def draw_picture(order: Order) -> bytes | None:
    """The JPEG of a picture, in the process that draws."""
    image = _photo(order.settings, order.sha256, order.number)
    if image is None:
        return None
    picture = cut_out(image, order.sheet, order.cut, known_forms())
    done, encoded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return encoded.tobytes() if done else None


@lru_cache(maxsize=1)
def _photo(settings: Settings, sha256: str, number: int) -> NDArray[np.uint8] | None:
    """The picture of a sheet: the last one is held, since a page asks for many cuts of one photo."""
    with contextlib.suppress(PhotoLostError):
        data = PhotoStore(settings.photos_url).get(sha256)
        opened = next(islice(decode(data, name=sha256, limits=Limits.of(settings)), number - 1, None), None)
        return opened.image if isinstance(opened, Photo) else None
    return None


def _prepare(megabytes: float) -> None:
    """What holds for the process that draws: it ends with the server, on one thread, and has so much memory."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_parent()
    single_threaded()
    most = round(megabytes * 1e6)
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))


def _kept(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None

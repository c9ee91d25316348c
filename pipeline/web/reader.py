"""Reads what waits in the store while the server runs.

A thread looks every few seconds, and at once when photos came; while there is something to read it keeps worker processes, which it gives
up after a minute without. Whatever goes wrong is logged and tried again after a growing pause: what is not read waits in the store.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from sqlalchemy import Engine

from pipeline.engine.executors import Allowance, Executor
from pipeline.engine.patience import Patience
from pipeline.engine.stored import Lost, read_pending
from pipeline.engine.work import WorkOrder
from pipeline.settings import Settings
from pipeline.store import open_store
from pipeline.store.database import READING
from pipeline.store.readings import pending

log = logging.getLogger(__name__)

LOOKS_EVERY = 3.0
IDLE = 60.0
"""Seconds without a photo after which the worker processes are given up: together they take as much memory as the server."""

LONGEST_PAUSE = 300.0

DATABASE_PATIENCE = 5.0
"""Seconds that one photo waits for the database; after that everything is tried anew."""

STOP_SECONDS = 15.0
"""How long the server waits at its end for the photo that is being read; its reading would be made again."""


class StoreReader:
    """Reads in a thread of its own, from `start` to `stop`."""

    def __init__(self, settings: Settings, executor: Callable[[], Executor] | None = None) -> None:
        self._order = WorkOrder(settings=settings)
        self._executor = executor or self._workers
        self._stopping = threading.Event()
        self._woken = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sirekap-reader", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        """Look now."""
        self._woken.set()

    def stop(self) -> None:
        """End after the photo that is being read."""
        self._stopping.set()
        self._woken.set()
        self._thread.join(STOP_SECONDS)

    def _run(self) -> None:
        pause = LOOKS_EVERY
        while not self._stopping.is_set():
            try:
                if self._look():
                    pause = LOOKS_EVERY
                else:
                    # A photo that is lost waits on; without a pause it would be asked for again and again.
                    log.warning("nothing that waits can be read; looked for again in %.3g s", pause := _longer(pause))
            except Exception:
                log.exception("reading stopped; it goes on in %.3g s", pause := _longer(pause))
            self._woken.wait(pause)
            self._woken.clear()

    def _look(self) -> bool:
        """Read what waits; whether anything came of it, or nothing waits."""
        store = open_store(self._order.settings.database_url)
        try:
            return not _waits(store) or self._read(store)
        finally:
            store.dispose()

    def _read(self, store: Engine) -> bool:
        """Read with worker processes as long as photos come; whether one was read."""
        patience, any_read = Patience(DATABASE_PATIENCE), False
        with self._executor() as executor:
            last = time.monotonic()
            while time.monotonic() - last < IDLE and not self._stopping.is_set():
                for sheets in read_pending(store, order=self._order, executor=executor, patience=patience):
                    if not isinstance(sheets, Lost):
                        last, any_read = time.monotonic(), True
                    if self._stopping.is_set():
                        break
                self._woken.wait(LOOKS_EVERY)
                self._woken.clear()
        return any_read

    def _workers(self) -> Executor:
        from pipeline.engine.dask_executor import on_this_machine  # takes a second to import

        settings = self._order.settings
        return on_this_machine(settings.workers, Allowance.of(settings))


def _waits(store: Engine) -> bool:
    with store.connect().execution_options(**{READING: True}) as connection:
        return bool(pending(connection, limit=1))


def _longer(pause: float) -> float:
    return min(2 * pause, LONGEST_PAUSE)

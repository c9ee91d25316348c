"""Many cores through `dask.distributed`: worker processes of one thread on this machine, reachable from this machine only.

A worker that dies costs the item that killed it and no other. Dask cannot tell which of the items a dead worker held is to blame, so
each of them is tried once more with nothing beside it: the one that kills again is the one.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack
from itertools import islice
from types import TracebackType

import dask.config
from distributed import Client, Future, KilledWorker, LocalCluster, wait

from pipeline.engine.executors import Result, Task

IN_FLIGHT_PER_WORKER = 4
"""One is worked on, one waits at the worker, and two cover for a slow one at the head of the queue, since results keep their order."""

LOOPBACK = "127.0.0.1"

_ENVIRONMENT = {
    **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OPENCV_FOR_THREADS_NUM"), "1"),
    # Dask makes its workers give memory back at every turn; pictures are allocated anew all the time, and that doubled their time.
    **dict.fromkeys(("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_"), str(1 << 30)),
}

_CONFIG: dict[str, object] = {
    "logging": {"distributed": "critical", "tornado": "critical"},
    # The first death of a worker is reported at once; deciding who is to blame is ours, see `_alone`.
    "distributed.scheduler.allowed-failures": 0,
    # Results are small and taken at once: nothing to spill, and a paused worker would only stand still.
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.pause": False,
    "distributed.worker.profile.enabled": False,
    "distributed.nanny.pre-spawn-environ": _ENVIRONMENT,
}

_LEAVE_INTERRUPTS_TO_US = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)"
"""Ctrl-C reaches every process of the terminal; the workers are ended by this one, and need not each say so."""


class DaskExecutor(AbstractContextManager["DaskExecutor"]):
    """A local cluster of `workers` processes, started on entering the `with` statement and ended on leaving it."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._open = ExitStack()
        self._client: Client | None = None

    def __enter__(self) -> DaskExecutor:
        with ExitStack() as opening:
            opening.enter_context(dask.config.set(_CONFIG))
            cluster = opening.enter_context(
                LocalCluster(
                    n_workers=self._workers,
                    threads_per_worker=1,
                    processes=True,
                    host=LOOPBACK,
                    dashboard_address=f"{LOOPBACK}:0",
                    worker_dashboard_address=f"{LOOPBACK}:0",
                    silence_logs=logging.CRITICAL,
                    env=_ENVIRONMENT,
                    preload=[_LEAVE_INTERRUPTS_TO_US],
                )
            )
            self._client = opening.enter_context(Client(cluster))
            self._open = opening.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /) -> None:
        self._client = None
        self._open.close()

    def map(
        self, function: Callable[[Task], Result], items: Iterable[Task], *, on_crash: Callable[[Task, str], Result]
    ) -> Iterator[Result]:
        client = self._client
        if client is None:
            raise RuntimeError("the executor is not open: use it in a with statement")
        coming = iter(items)
        in_flight: deque[tuple[Task, Future]] = deque()
        while True:
            for item in islice(coming, self._workers * IN_FLIGHT_PER_WORKER - len(in_flight)):
                in_flight.append((item, client.submit(function, item, pure=False)))
            if not in_flight:
                return
            item, future = in_flight.popleft()
            try:
                result: Result = future.result()
            except KilledWorker:
                wait([other for _, other in in_flight])
                result = self._alone(client, function, item, on_crash=on_crash)
            yield result

    @staticmethod
    def _alone(client: Client, function: Callable[[Task], Result], item: Task, *, on_crash: Callable[[Task, str], Result]) -> Result:
        try:
            result: Result = client.submit(function, item, pure=False).result()
        except KilledWorker:
            return on_crash(item, "the worker process died twice while reading it")
        return result

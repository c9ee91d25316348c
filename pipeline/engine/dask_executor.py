"""Many cores, or many machines, through `dask.distributed`.

A worker that dies costs the item that killed it and no other. Dask cannot tell which of the items a dead worker held is to blame, so
each of them is tried once more in a process of its own: the one that ends that one too is to blame, and it is seen how.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from functools import partial
from itertools import chain, islice
from types import TracebackType
from typing import Any

from distributed import Client, Future, KilledWorker, wait

from pipeline.engine.clusters import WORKER_SECONDS, cluster_at, local_cluster
from pipeline.engine.executors import Allowance, ClusterError, Result, Task
from pipeline.engine.isolation import Ended, alone, within

IN_FLIGHT_PER_WORKER = 4
"""One is worked on, one waits at the worker, and two cover for a slow one at the head of the queue, since results keep their order."""

ITEMS_A_PROCESS = 1_000
"""Items after which a worker's process is replaced, so that what leaks cannot add up: a pause of seconds in ten minutes of reading."""

LOOKED_EVERY_SECONDS = 10
"""How often it is looked whether there is still a worker, while a result is waited for."""


class DaskExecutor(AbstractContextManager["DaskExecutor"]):
    """Work on the workers of a Dask cluster, which is opened on entering the `with` statement and closed on leaving it.

    Parameters
    ----------
    cluster
        Opens the cluster.
    items_a_process
        After how many items a worker's process is replaced, by closing the cluster and opening another; None to leave that to whoever runs
        the cluster. (To ask Dask for a restart of its workers now and then left it without any, and what was sent to it waited for ever.)
    """

    def __init__(
        self, cluster: Callable[[], AbstractContextManager[Client]], allowance: Allowance, *, items_a_process: int | None = None
    ) -> None:
        self._cluster = cluster
        self._allowance = allowance
        self._items_a_process = items_a_process
        self._opened = ExitStack()
        self._client: Client | None = None

    def __enter__(self) -> DaskExecutor:
        self._client = self._opened.enter_context(self._cluster())
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /) -> None:
        self._client = None
        self._opened.close()

    def map(
        self, function: Callable[[Task], Result], items: Iterable[Task], *, on_crash: Callable[[Task, str], Result]
    ) -> Iterator[Result]:
        coming = iter(items)
        for number, first in enumerate(coming):
            if number:  # nothing is in flight here, so nothing is lost or done twice
                self._opened.close()
                self._client = self._opened.enter_context(self._cluster())
            if self._client is None:
                raise RuntimeError("the executor is not open: use it in a with statement")
            with _lost_cluster():
                workers = len(self._client.nthreads())
            lot = islice(chain([first], coming), self._items_a_process and self._items_a_process * max(1, workers))
            yield from self._in_order(self._client, function, lot, on_crash=on_crash)

    def _in_order(
        self, client: Client, function: Callable[[Task], Result], items: Iterator[Task], *, on_crash: Callable[[Task, str], Result]
    ) -> Iterator[Result]:
        limited = partial(within, function, seconds=self._allowance.seconds)
        in_flight: deque[tuple[Task, Future]] = deque()
        while True:
            with _lost_cluster():
                room = max(1, len(client.nthreads())) * IN_FLIGHT_PER_WORKER - len(in_flight)
            in_flight.extend((item, client.submit(limited, item, pure=False)) for item in islice(items, max(0, room)))
            if not in_flight:
                return
            item, future = in_flight.popleft()
            try:
                result: Result = _result(client, future)
            except KilledWorker:
                again = alone(function, item, allowance=self._allowance)
                result = on_crash(item, again.detail) if isinstance(again, Ended) else again
            yield result


def on_this_machine(workers: int, allowance: Allowance, *, items_a_process: int = ITEMS_A_PROCESS) -> DaskExecutor:
    """Work on a cluster of a number of worker processes of this machine."""
    return DaskExecutor(partial(local_cluster, workers, allowance), allowance, items_a_process=items_a_process)


def at_address(address: str, allowance: Allowance) -> DaskExecutor:
    """Work on the cluster of a scheduler that runs already; its `dask worker` sets the memory limit and the lifetime of its processes."""
    return DaskExecutor(partial(cluster_at, address), allowance)


def _result(client: Client, future: Future) -> Any:
    """What a future comes to, or what its function raised, an OSError of its own among it."""
    with _lost_cluster():
        _await(client, future)
        if future.status != "error":
            return future.result()
    return future.result()


def _await(client: Client, future: Future) -> None:
    """Wait until a future is done, as long as there is somebody who may do it."""
    alone_since: float | None = None
    while not future.done():
        with suppress(TimeoutError):
            wait(future, timeout=LOOKED_EVERY_SECONDS)
        if client.nthreads():
            alone_since = None
        elif alone_since is None:
            alone_since = time.monotonic()
        elif time.monotonic() - alone_since > WORKER_SECONDS:
            raise ClusterError(f"the Dask scheduler has had no worker for {WORKER_SECONDS} s")


@contextmanager
def _lost_cluster() -> Iterator[None]:
    """What Dask raises when its scheduler is gone, as the one error it is; a connection that is closed or cannot be made is an OSError."""
    try:
        yield
    except (CancelledError, OSError) as error:
        raise ClusterError("the Dask scheduler was lost") from error

"""Many cores, or many machines, through `dask.distributed`.

A worker that dies costs the item that killed it and no other. Dask cannot tell which of the items a dead worker held is to blame, so
each of them is tried once more in a process of its own: the one that ends that one too is to blame, and it is seen how.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial
from itertools import chain, islice
from types import TracebackType

from distributed import Client, Future, KilledWorker
from distributed.comm import CommClosedError

from pipeline.engine.clusters import cluster_at, local_cluster
from pipeline.engine.executors import Allowance, ClusterError, Result, Task
from pipeline.engine.isolation import Ended, alone, within

IN_FLIGHT_PER_WORKER = 4
"""One is worked on, one waits at the worker, and two cover for a slow one at the head of the queue, since results keep their order."""

ITEMS_A_PROCESS = 1_000
"""Items after which a worker's process is replaced, so that what leaks cannot add up: a pause of seconds in ten minutes of reading."""


class DaskExecutor(AbstractContextManager["DaskExecutor"]):
    """Work on the workers of a Dask cluster, whose client is opened on entering the `with` statement and closed on leaving it.

    Parameters
    ----------
    items_a_process
        After how many items a worker's process is replaced, or None to leave that to whoever runs the cluster.
    """

    def __init__(self, cluster: AbstractContextManager[Client], allowance: Allowance, *, items_a_process: int | None = None) -> None:
        self._cluster = cluster
        self._allowance = allowance
        self._items_a_process = items_a_process
        self._client: Client | None = None

    def __enter__(self) -> DaskExecutor:
        self._client = self._cluster.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /) -> None:
        self._client = None
        self._cluster.__exit__(kind, error, trace)

    def map(
        self, function: Callable[[Task], Result], items: Iterable[Task], *, on_crash: Callable[[Task, str], Result]
    ) -> Iterator[Result]:
        client = self._client
        if client is None:
            raise RuntimeError("the executor is not open: use it in a with statement")
        coming = iter(items)
        for number, first in enumerate(coming):
            with _lost_cluster():
                workers = client.nthreads()
                if number:  # nothing is in flight here, so nothing is lost or done twice
                    with suppress(TimeoutError):  # one that takes long to come back is waited for by what it is to do
                        client.restart_workers(list(workers), raise_for_error=False)
            lot = islice(chain([first], coming), self._items_a_process and self._items_a_process * max(1, len(workers)))
            yield from self._in_order(client, function, lot, on_crash=on_crash)

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
                with _lost_cluster():
                    result: Result = future.result()
            except KilledWorker:
                again = alone(function, item, allowance=self._allowance)
                result = on_crash(item, again.detail) if isinstance(again, Ended) else again
            yield result


def on_this_machine(workers: int, allowance: Allowance, *, items_a_process: int = ITEMS_A_PROCESS) -> DaskExecutor:
    """Work on a cluster of a number of worker processes of this machine."""
    return DaskExecutor(local_cluster(workers, allowance), allowance, items_a_process=items_a_process)


def at_address(address: str, allowance: Allowance) -> DaskExecutor:
    """Work on the cluster of a scheduler that runs already; its `dask worker` sets the memory limit and the lifetime of its processes."""
    return DaskExecutor(cluster_at(address), allowance)


@contextmanager
def _lost_cluster() -> Iterator[None]:
    """What Dask raises when its scheduler is gone, as the one error it is."""
    try:
        yield
    except (CancelledError, CommClosedError) as error:
        raise ClusterError(f"the Dask scheduler was lost ({error})") from error

"""The Dask clusters that work can run on: worker processes of one thread on this machine, or a scheduler that runs already, by address.

A cluster of this machine is reachable from this machine only, is started when it is entered and ended when it is left. One by address
belongs to whoever started it: it is asked for work, and neither restarted nor ended.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial

import dask.config
from distributed import Client, LocalCluster
from distributed.utils import silence_logging_cmgr

from pipeline.engine.executors import Allowance, ClusterError
from pipeline.read import SOFTWARE

LOOPBACK = "127.0.0.1"

CONNECT_SECONDS = 10
"""How long a scheduler may take to answer."""

WORKER_SECONDS = 60
"""How long a scheduler may be without a worker: one may have been started a moment ago, or be about to be replaced."""

STARTS = 3
"""How often workers of this machine are started that do not stay alive until they have."""

_ENVIRONMENT = {
    **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OPENCV_FOR_THREADS_NUM"), "1"),
    # Dask makes its workers give memory back at every turn; pictures are allocated anew all the time, and that doubled their time.
    **dict.fromkeys(("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_"), str(1 << 30)),
    # One thread does the work. In an arena of its own, which is made of pieces of 64 MB, pictures left gaps: 640 MB instead of 540.
    "MALLOC_ARENA_MAX": "1",
}

_CONFIG: dict[str, object] = {
    # What goes wrong is said once, by us.
    "logging": {"distributed": "critical", "tornado": "critical"},
    # A worker that is dead is known to be so after seconds, not after the half minute that Dask waits for one on another continent.
    "distributed.comm.timeouts.connect": f"{CONNECT_SECONDS}s",
    # The first death of a worker is reported at once; deciding who is to blame is ours.
    "distributed.scheduler.allowed-failures": 0,
    # Results are small and taken at once: nothing to spill, and a paused worker would only stand still.
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.pause": False,
    "distributed.worker.memory.terminate": 1.0,
    "distributed.worker.profile.enabled": False,
    "distributed.nanny.pre-spawn-environ": _ENVIRONMENT,
}

_LEAVE_INTERRUPTS_TO_US = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)"
"""Ctrl-C reaches every process of the terminal; the workers are ended by this one, and need not each say so."""


@contextmanager
def local_cluster(workers: int, allowance: Allowance) -> Iterator[Client]:
    """A client of a cluster of this machine; a worker that needs more memory than allowed is ended by its nanny.

    Raises
    ------
    ClusterError
        The workers do not start.
    """
    with dask.config.set(_CONFIG), _started(workers, allowance) as cluster, Client(cluster) as client:
        yield client


def _started(workers: int, allowance: Allowance) -> LocalCluster:
    """A cluster all of whose workers have started; one that is killed at that moment ends the attempt, which has left nothing running."""
    start = partial(
        LocalCluster,
        n_workers=workers,
        threads_per_worker=1,
        processes=True,
        host=LOOPBACK,
        dashboard_address=f"{LOOPBACK}:0",
        worker_dashboard_address=f"{LOOPBACK}:0",
        silence_logs=logging.CRITICAL,
        memory_limit=f"{allowance.megabytes:.0f}MB",
        env=_ENVIRONMENT,
        preload=[_LEAVE_INTERRUPTS_TO_US],
    )
    for _ in range(STARTS - 1):
        with suppress(RuntimeError):
            return start()
    try:
        return start()
    except RuntimeError as error:
        raise ClusterError(f"the workers of this machine do not start, tried {STARTS} times ({error})") from error


@contextmanager
def cluster_at(address: str) -> Iterator[Client]:
    """A client of the scheduler at an address such as `tcp://host:8786`.

    Raises
    ------
    ClusterError
        The scheduler cannot be reached, has no worker, or its workers have another version of this program.
    """
    with silence_logging_cmgr(logging.CRITICAL):
        try:
            client = Client(address, timeout=CONNECT_SECONDS)
        except (OSError, ValueError) as error:
            raise ClusterError(f"no Dask scheduler answers at {address} ({error})") from error
        try:
            try:
                client.wait_for_workers(1, timeout=WORKER_SECONDS)
                versions = set(client.run(_software).values())
            except (OSError, ImportError) as error:
                raise ClusterError(f"the scheduler at {address} has no worker that can do this work ({error})") from error
            if versions != {SOFTWARE}:
                raise ClusterError(f"the workers at {address} run {', '.join(sorted(versions))}, this is {SOFTWARE}")
            yield client
        finally:
            with suppress(OSError):  # a scheduler that is gone need not be told
                client.close()


def _software() -> str:
    return SOFTWARE

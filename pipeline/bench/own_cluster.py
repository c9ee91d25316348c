"""A Dask cluster of processes of our own on loopback, each of which can be ended by its number: what `--scheduler` is tried on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

LOOPBACK = "127.0.0.1"

START_SECONDS = 60

_QUIET = {"DASK_LOGGING__DISTRIBUTED": "critical", "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0"}


@dataclass(frozen=True, slots=True)
class OwnCluster:
    """Where the scheduler listens, and the processes of the cluster; a worker has a nanny, which starts it anew."""

    address: str
    scheduler: subprocess.Popen[bytes]
    nannies: tuple[subprocess.Popen[bytes], ...]


@contextmanager
def own_cluster(folder: Path, *, workers: int, options: tuple[str, ...] = ()) -> Iterator[OwnCluster]:
    """A scheduler and its workers of one thread, ended on leaving; `options` are more ones of `dask worker`.

    Raises
    ------
    TimeoutError
        The scheduler does not start.
    """
    told = folder / "scheduler.json"
    told.unlink(missing_ok=True)
    with ExitStack() as stack:
        scheduler = stack.enter_context(_dask("scheduler", "--host", LOOPBACK, "--port", "0", "--scheduler-file", str(told), folder=folder))
        address = _address(told, scheduler)
        nannies = tuple(
            stack.enter_context(_dask("worker", address, "--host", LOOPBACK, "--nthreads", "1", *options, folder=folder))
            for _ in range(workers)
        )
        yield OwnCluster(address, scheduler, nannies)


@contextmanager
def _dask(*arguments: str, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "dask", *arguments, "--no-dashboard"]
    process = subprocess.Popen(command, cwd=folder, env={**os.environ, **_QUIET}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=START_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _address(told: Path, scheduler: subprocess.Popen[bytes]) -> str:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and scheduler.poll() is None:
        try:
            return str(json.loads(told.read_text("utf-8"))["address"])
        except (OSError, ValueError):  # not there yet, or not whole yet
            time.sleep(0.05)
    raise TimeoutError("the Dask scheduler did not start")

"""Keep what one item does to its process from the others: a time limit that holds in native code, and a process for one item.

A hung decoder cannot be interrupted, it can only be ended. So the limit is a timer of the kernel whose signal ends the process, whatever
holds the interpreter. A process for one item is watched from outside, so what ended it is known and not guessed. And a process that works
for another ends with it.
"""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path

from pipeline.engine.executors import Allowance, Result, Task

LOOKED_AT_EVERY = 0.02
"""Seconds between two looks at the memory of a process: at 2 GB/s it is 40 MB beyond its limit when it is ended."""

_ONE_AT_A_TIME = threading.Lock()
"""The timer belongs to the process, so does the memory: a worker with several threads works on one item all the same."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A process that did not live to give a result, and what ended it."""

    detail: str


def within(function: Callable[[Task], Result], item: Task, *, seconds: float) -> Result:
    """The function of an item; the process is ended by SIGALRM when it takes longer."""
    with _ONE_AT_A_TIME:
        signal.setitimer(signal.ITIMER_REAL, seconds)
        try:
            return function(item)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)


def alone(function: Callable[[Task], Result], item: Task, *, allowance: Allowance) -> Result | Ended:
    """The function of an item in a process of its own, or what ended that process. An exception of the function is raised here."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(theirs, function, item, allowance.seconds), daemon=True)
    process.start()
    theirs.close()
    try:
        while not wait([ours, process.sentinel], timeout=LOOKED_AT_EVERY):
            if _megabytes(process.pid) > allowance.megabytes:
                return Ended(f"needs more than {allowance.megabytes:g} MB of memory (worker_megabytes)")
        result: Result
        result, error = ours.recv()
        if error is not None:
            raise error
        return result
    except EOFError:
        process.join()
        return Ended(_why(process.exitcode, allowance))
    finally:
        process.kill()
        process.join()
        process.close()
        ours.close()


def end_with_parent() -> None:
    """End this process, by SIGTERM, when the process that started it has ended: one that was killed cannot see to it."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="sirekap-parent", daemon=True).start()


def _work(pipe: Connection, function: Callable[[Task], Result], item: Task, seconds: float) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches every process of the terminal; the one that waits ends this one
    outcome: tuple[Result | None, Exception | None]
    try:
        outcome = within(function, item, seconds=seconds), None
    except Exception as error:
        outcome = None, error
    pipe.send(outcome)


def _megabytes(process: int | None) -> float:
    """Memory in use by a process, 0 when it is gone."""
    try:
        pages = int(Path(f"/proc/{process}/statm").read_text("ascii").split()[1])
    except (OSError, IndexError):
        return 0.0
    return pages * resource.getpagesize() / 1e6


def _why(exit_code: int | None, allowance: Allowance) -> str:
    if exit_code == -signal.SIGALRM:
        return f"not done after {allowance.seconds:g} s (photo_seconds)"
    if exit_code is not None and exit_code < 0:
        return f"ended its process twice, by {signal.Signals(-exit_code).name}"
    return f"ended its process twice, with exit code {exit_code}"

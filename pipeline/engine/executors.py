"""The seam between the work and where it runs: one function over many items, results in the order of the items.

Results come in input order and not as they finish, so what is written is the same on one core and on many, and can be written
while the reading goes on. Only a few items a worker are in flight: a folder of a million photos needs no more memory than one of a
hundred.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, TypeVar

from pipeline.settings import Settings

Task = TypeVar("Task")
Result = TypeVar("Result")


class ClusterError(Exception):
    """The processes that should do the work cannot be reached, or were lost; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What one item may take before its process is ended.

    Attributes
    ----------
    seconds
        Time from the moment a worker begins with it.
    megabytes
        Memory of the process that works on it, in MB of 10^6 bytes.
    """

    seconds: float
    megabytes: float

    @classmethod
    def of(cls, settings: Settings) -> Allowance:
        return cls(settings.photo_seconds, settings.worker_megabytes)


class Executor(Protocol):
    """Runs one function over many items; used in a `with` statement, which ends its workers."""

    def map(
        self, function: Callable[[Task], Result], items: Iterable[Task], *, on_crash: Callable[[Task, str], Result]
    ) -> Iterator[Result]:
        """Results in the order of the items.

        Parameters
        ----------
        function
            What to do with one item; must be picklable. An exception it raises is raised here.
        on_crash
            The result of an item that ended its process or went beyond its allowance, from the item and what was seen.

        Raises
        ------
        ClusterError
            The workers were lost, and not one item is to blame.
        """

    def __enter__(self) -> Executor: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /) -> bool | None: ...


class SerialExecutor(AbstractContextManager["SerialExecutor"]):
    """Everything in this process, one item after the other. An item that kills the process kills the run, and nothing limits it."""

    def map(
        self, function: Callable[[Task], Result], items: Iterable[Task], *, on_crash: Callable[[Task, str], Result]
    ) -> Iterator[Result]:
        return map(function, items)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /) -> None:
        return None


def make_executor(workers: int, allowance: Allowance | None = None) -> Executor:
    """The executor for a number of worker processes; 1 starts none. Without an allowance, that of the default settings holds."""
    if workers == 1:
        return SerialExecutor()
    from pipeline.engine.dask_executor import on_this_machine  # takes a second to import

    return on_this_machine(workers, allowance or Allowance.of(Settings()))

"""The seam between the work and where it runs: one function over many items, results in the order of the items.

Results come in input order and not as they finish, so what is written is the same on one core and on many, and can be written
while the reading goes on. Only a few items a worker are in flight: a folder of a million photos needs no more memory than one of a
hundred.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Protocol, TypeVar

Task = TypeVar("Task")
Result = TypeVar("Result")


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
            The result of an item whose worker process died of it, from the item and what was seen.
        """

    def __enter__(self) -> Executor: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /) -> bool | None: ...


class SerialExecutor(AbstractContextManager["SerialExecutor"]):
    """Everything in this process, one item after the other. An item that kills the process kills the run."""

    def map(
        self, function: Callable[[Task], Result], items: Iterable[Task], *, on_crash: Callable[[Task, str], Result]
    ) -> Iterator[Result]:
        return map(function, items)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /) -> None:
        return None


def make_executor(workers: int) -> Executor:
    """The executor for a number of worker processes; 1 starts none."""
    if workers == 1:
        return SerialExecutor()
    from pipeline.engine.local_cluster import DaskExecutor  # takes a second to import

    return DaskExecutor(workers)

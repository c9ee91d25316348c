"""The same results from any number of workers, in the order of the items, and one lost item for one dead worker."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.engine.executors import Executor, SerialExecutor, make_executor
from pipeline.engine.local_cluster import IN_FLIGHT_PER_WORKER, DaskExecutor
from pipeline.writing import OutputError
from tests.engine import functions


def dead(item: object, detail: str) -> str:
    return f"{item} is dead"


@pytest.fixture(scope="module")
def cluster() -> Iterator[Executor]:
    with make_executor(2) as executor:
        yield executor


def test_one_worker_needs_no_cluster() -> None:
    assert isinstance(make_executor(1), SerialExecutor)


def test_serial_results_come_in_order_and_one_by_one() -> None:
    asked: list[int] = []
    with SerialExecutor() as executor:
        results = executor.map(lambda number: asked.append(number) or number, range(5), on_crash=dead)
        assert next(results) == 0
        assert asked == [0]
        assert list(results) == [1, 2, 3, 4]


def test_parallel_results_come_in_the_order_of_the_items(cluster: Executor) -> None:
    assert list(cluster.map(functions.square_slowly, range(40), on_crash=dead)) == [number * number for number in range(40)]


def test_no_more_than_a_few_items_are_in_flight(cluster: Executor) -> None:
    taken = 0

    def items() -> Iterator[int]:
        nonlocal taken
        for number in range(10_000):
            taken += 1
            yield number

    results = cluster.map(functions.square, items(), on_crash=dead)
    for _ in range(3):
        next(results)
    assert taken <= 2 * IN_FLIGHT_PER_WORKER + 3


def test_worker_that_dies_costs_its_item_and_no_other(cluster: Executor) -> None:
    results = list(cluster.map(functions.square_or_die, range(24), on_crash=dead))
    assert results == [f"{number} is dead" if number in functions.KILLERS else number * number for number in range(24)]


def test_item_whose_worker_was_ended_from_outside_is_read_after_all(cluster: Executor, tmp_path: Path) -> None:
    for innocent in "bcd":
        (tmp_path / innocent).touch()
    assert list(cluster.map(functions.die_once, [tmp_path / name for name in "bacd"], on_crash=dead)) == list("bacd")


def test_error_of_the_function_is_raised_here(cluster: Executor) -> None:
    with pytest.raises(OutputError, match="No space left"):
        list(cluster.map(functions.fail, range(3), on_crash=dead))


def test_workers_are_processes_of_one_thread(cluster: Executor) -> None:
    for _, openmp, process in cluster.map(functions.threads, range(4), on_crash=dead):
        assert openmp == "1"
        assert process != os.getpid()


def test_nothing_listens_beyond_this_machine(cluster: Executor) -> None:
    sockets = Path("/proc/net/tcp")
    if not sockets.exists():
        pytest.skip("no /proc on this system")
    ours = {os.readlink(link) for link in Path("/proc/self/fd").iterdir() if link.is_symlink() and "socket" in _target(link)}
    listening = [line.split() for line in sockets.read_text().splitlines()[1:] if line.split()[3] == "0A"]
    addresses = {line[1].split(":")[0] for line in listening if f"socket:[{line[9]}]" in ours}
    assert addresses == {"0100007F"}


def _target(link: Path) -> str:
    try:
        return os.readlink(link)
    except OSError:
        return ""


def test_cluster_that_is_not_open_says_so() -> None:
    with pytest.raises(RuntimeError, match="with statement"):
        list(DaskExecutor(2).map(functions.square, [1], on_crash=dead))

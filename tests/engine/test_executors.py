"""The same results from any number of workers, in the order of the items, and one lost item for one dead worker."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import cast

import pytest
from distributed import Client

from pipeline.bench.own_cluster import OwnCluster, own_cluster
from pipeline.engine import clusters
from pipeline.engine.dask_executor import IN_FLIGHT_PER_WORKER, DaskExecutor, at_address, on_this_machine
from pipeline.engine.executors import Allowance, ClusterError, Executor, SerialExecutor, make_executor
from pipeline.settings import Settings
from pipeline.writing import OutputError
from tests.engine import functions

KILLERS = {
    5: "ended its process twice, with exit code 9",
    6: "ended its process twice, by SIGSEGV",
    17: "ended its process twice, by SIGKILL",
}


def told(item: object, detail: str) -> str:
    return detail


def dead(item: object, detail: str) -> str:
    return f"{item} is dead"


ALLOWANCE = Allowance.of(Settings())


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnCluster]:
    with own_cluster(tmp_path_factory.mktemp("own"), workers=2, options=("--memory-limit", "300MB")) as own:
        yield own


@pytest.fixture(scope="module")
def cluster() -> Iterator[Executor]:
    with make_executor(2) as executor:
        yield executor


def test_one_worker_needs_no_cluster() -> None:
    assert isinstance(make_executor(1), SerialExecutor)

TOO_LONG = "not done after 5 s (photo_seconds)"


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
    results = list(cluster.map(functions.square_or_die, range(24), on_crash=told))
    assert results == [KILLERS.get(number, number * number) for number in range(24)]


def test_item_that_hangs_its_process_or_fills_the_memory_costs_itself_and_the_limit_is_named() -> None:
    with make_executor(2, Allowance(seconds=5.0, megabytes=300.0)) as executor:
        results = list(executor.map(functions.misbehave, ["good", "hang", "good", "fill", "good"], on_crash=told))
    assert results == ["good", TOO_LONG, "good", "needs more than 300 MB of memory (worker_megabytes)", "good"]


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


def test_processes_are_replaced_and_no_item_is_lost_or_done_twice(tmp_path: Path) -> None:
    names = [f"{number:02d}" for number in range(8)]
    with on_this_machine(2, ALLOWANCE, items_a_process=3) as executor:
        results = list(executor.map(functions.leave_trace, [tmp_path / name for name in names], on_crash=dead))
    assert [name for name, _ in results] == names
    assert len({process for _, process in results}) > 2
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(f"{name}-{process}" for name, process in results)


def test_cluster_by_address_gives_the_same_and_the_time_limit_holds(own: OwnCluster) -> None:
    with at_address(own.address, Allowance(seconds=5.0, megabytes=300.0)) as executor:
        assert list(executor.map(functions.square, range(20), on_crash=dead)) == [number * number for number in range(20)]
        assert list(executor.map(functions.misbehave, ["good", "hang", "good"], on_crash=told)) == ["good", TOO_LONG, "good"]


def test_scheduler_that_does_not_answer_or_dies_is_one_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(clusters, "CONNECT_SECONDS", 0.5)
        with pytest.raises(ClusterError, match="no Dask scheduler answers"), at_address("tcp://127.0.0.1:9", ALLOWANCE):
            pass
    with own_cluster(tmp_path, workers=1) as own, at_address(own.address, ALLOWANCE) as executor:
        results = executor.map(functions.name_slowly, iter("abcdefghij"), on_crash=dead)
        assert next(results) == "a"
        own.scheduler.kill()
        with pytest.raises(ClusterError, match="lost"):
            list(results)


def test_cluster_that_is_not_open_says_so() -> None:
    with pytest.raises(RuntimeError, match="with statement"):
        list(make_executor(2).map(functions.square, [1], on_crash=dead))


class Unreachable:
    """A client whose scheduler no longer takes connections."""

    def nthreads(self) -> dict[str, int]:
        raise OSError("Timed out trying to connect")


def test_scheduler_that_takes_no_connections_any_more_was_lost() -> None:
    with DaskExecutor(lambda: nullcontext(cast(Client, Unreachable())), ALLOWANCE) as executor, pytest.raises(ClusterError, match="lost"):
        list(executor.map(functions.square, [1], on_crash=dead))


def test_error_of_the_work_itself_is_no_lost_cluster(cluster: Executor) -> None:
    with pytest.raises(FileNotFoundError, match="gone"):
        list(cluster.map(functions.read_gone, [1], on_crash=dead))

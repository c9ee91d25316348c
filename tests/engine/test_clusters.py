"""Workers of this machine that are killed as they start are started again."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.engine import clusters
from pipeline.engine.clusters import STARTS, local_cluster
from pipeline.engine.executors import Allowance, ClusterError

ALLOWANCE = Allowance(seconds=30.0, megabytes=600.0)


def failing(monkeypatch: pytest.MonkeyPatch, times: int) -> list[int]:
    """Let the first `times` clusters not start; gives the attempts made."""
    attempts: list[int] = []
    cluster = clusters.LocalCluster

    def start(**options: Any) -> Any:
        attempts.append(options["n_workers"])
        if len(attempts) <= times:
            raise RuntimeError("Nanny failed to start.")
        return cluster(**options)

    monkeypatch.setattr(clusters, "LocalCluster", start)
    return attempts


def test_workers_that_were_killed_as_they_started_are_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    attempts = failing(monkeypatch, STARTS - 1)
    with local_cluster(1, ALLOWANCE) as client:
        assert client.submit(sum, [1, 2, 3]).result() == 6
    assert attempts == [1] * STARTS


def test_workers_that_never_start_are_one_error(monkeypatch: pytest.MonkeyPatch) -> None:
    attempts = failing(monkeypatch, STARTS)
    with pytest.raises(ClusterError, match=r"do not start, tried 3 times \(Nanny failed to start"), local_cluster(1, ALLOWANCE):
        pytest.fail("it started")
    assert attempts == [1] * STARTS

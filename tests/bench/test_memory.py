"""Memory that grows, or is beyond what is claimed, is said; and a real run is watched."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from rich.console import Console

from pipeline.bench import memory as memory_module
from pipeline.bench.memory import Memory, measure_memory, memory_table
from pipeline.bench.photos import PhotoGroup

SAMPLE = Path(__file__).parents[2] / "sample_forms" / "page2-app-crop.jpg"


def run_of(client: list[float], worker: list[float]) -> Memory:
    pages = range(1, len(client) + 1)
    return Memory(pd.DataFrame({"pages": pages, "client": client, "worker": worker}), len(client), 10.0)


@pytest.mark.parametrize(
    ("client", "worker", "said"),
    [
        ([200.0] * 20, [400.0] * 20, []),
        ([200.0] * 20, [300.0] * 5 + [400.0] * 15, []),
        ([200.0] * 20, [400.0] * 19 + [701.0], ["a worker needed 701 MB, more than 700"]),
        ([200.0] * 15 + [260.0] * 5, [400.0] * 20, ["the client grew from 200 to 260 MB"]),
        ([200.0] * 20, [400.0] * 10 + [500.0] * 10, ["the worker grew from 400 to 500 MB"]),
    ],
)
def test_memory_that_grows_or_is_too_much_is_said(client: list[float], worker: list[float], said: list[str]) -> None:
    assert run_of(client, worker).problems == said


def test_run_is_watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_module, "simulated_groups", lambda folder: [PhotoGroup("sample", (SAMPLE,), None)])
    memory = measure_memory(tmp_path, pages=10, workers=2, progress=Console(quiet=True))
    assert memory.samples["pages"].max() <= 10
    assert memory.samples["worker"].max() > 50
    assert memory_table(memory).row_count >= 1

"""The store is measured through its own functions, and only an empty one."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.bench.store import READ, measure_store
from pipeline.store import StoreError


def test_everything_is_measured_in_a_store_of_its_own() -> None:
    steps: list[str] = []
    measured = measure_store(None, rows=1_000, progress=steps.append)
    assert (measured.database, measured.rows, tuple(measured.pending_ms)) == ("sqlite", 1_000, READ)
    assert steps[0] == "1000 rows of a manifest"


def test_store_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'sirekap.db'}"
    measure_store(url, rows=1_000, progress=lambda _: None)
    with pytest.raises(StoreError, match="holds something"):
        measure_store(url, rows=1_000, progress=lambda _: None)

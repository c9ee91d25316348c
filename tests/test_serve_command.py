"""`sirekap serve`, as it is typed: one message when it cannot start, and a clean end."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher

from pipeline.regions import Region
from pipeline.store import accounts, open_store
from pipeline.store.accounts import Role, all_accounts
from pipeline.store.photos import PhotoStore
from pipeline.store.regions import import_regions
from pipeline.store.schema import photos
from pipeline.web import demo
from pipeline.web.demo import PEOPLE, STATIONS, NoSamplesError, NotADemoError, prepare

START_SECONDS = 90


@contextmanager
def serving(home: Path, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The command as a process of its own, and the address it says; ended hard when a test failed."""
    environment = {**os.environ, "SIREKAP_HOME": str(home), "SIREKAP_LANGUAGE": "en", "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-c", "from pipeline.cli import app; app()", "serve", "--port", "0", *arguments]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout is not None
    try:
        address = ""
        for line in process.stdout:
            if found := re.search(r"Sirekap Web: (\S+)", line):
                address = found[1]
                break
        yield process, address
    finally:
        process.kill()
        process.wait()


def health(address: str) -> dict[str, object]:
    end = time.monotonic() + START_SECONDS
    while True:
        try:
            with urllib.request.urlopen(f"{address}/healthz", timeout=5) as answer:
                found: dict[str, object] = json.load(answer)
                return found
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


@pytest.mark.parametrize(("number", "workers"), [(signal.SIGINT, "1"), (signal.SIGTERM, "2")])
def test_server_answers_and_ends_cleanly(tmp_path: Path, number: signal.Signals, workers: str) -> None:
    with serving(tmp_path, "--workers", workers) as (process, address):
        assert health(address) == {"database": "ok", "ledger": 0, "waiting": 0}
        process.send_signal(number)
        said, _ = process.communicate(timeout=60)
        assert "Traceback" not in said
        assert process.returncode in (0, -number)
        assert ("Stopped." in said) == (process.returncode == 0)


def test_port_that_is_taken_is_said_in_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        environment = {**os.environ, "SIREKAP_HOME": str(tmp_path), "SIREKAP_LANGUAGE": "en", "COLUMNS": "200"}
        command = [sys.executable, "-c", "from pipeline.cli import app; app()", "serve", "--port", port]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=START_SECONDS, check=False)
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        f"127.0.0.1:{port}: cannot be used (Address already in use). Stop what uses it, or give another --port."
    ]


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[sa.Engine]:
    monkeypatch.setattr(accounts, "_HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    engine = open_store(f"sqlite:///{tmp_path / 'sirekap.db'}")
    yield engine
    engine.dispose()


def test_demonstration_has_a_person_of_every_role_and_photos(store: sa.Engine, tmp_path: Path) -> None:
    kept = PhotoStore(str(tmp_path / "photos"))
    first, second = (prepare(store, kept, max_bytes=10**8) for _ in range(2))
    assert {person.role for person in first} == set(Role)
    assert all(one.password != other.password for one, other in zip(first, second, strict=True))
    with store.connect() as connection:
        assert len(all_accounts(connection)) == len(PEOPLE)
        stations = list(connection.scalars(sa.select(photos.c.tps)))
    assert len(stations) == sum(len(names) for names in STATIONS.values()), "a second start sends nothing twice"
    assert set(stations) == set(STATIONS)


def test_demonstration_is_not_mixed_with_something_else(store: sa.Engine, tmp_path: Path) -> None:
    with store.begin() as connection:
        import_regions(connection, [Region("11", "ACEH", None)])
    with pytest.raises(NotADemoError):
        prepare(store, PhotoStore(str(tmp_path / "photos")), max_bytes=10**8)


def test_demonstration_needs_the_sample_forms(store: sa.Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "SAMPLES", tmp_path / "nothing")
    with pytest.raises(NoSamplesError, match="nothing"):
        prepare(store, PhotoStore(str(tmp_path / "photos")), max_bytes=10**8)
    with store.connect() as connection:
        assert all_accounts(connection) == []

"""What is sent while the server runs is read by it, whatever happens in between, and the reading ends with the server."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from pipeline.engine.executors import SerialExecutor
from pipeline.imaging.files import Item
from pipeline.settings import Settings
from pipeline.store import open_store
from pipeline.store.intake import Arrival, take_in
from pipeline.store.photos import PhotoStore
from pipeline.store.readings import Progress, progress
from pipeline.web import reader as module
from pipeline.web.reader import StoreReader

SOON = 20.0


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch, colour_reader: None) -> None:
    monkeypatch.setattr(module, "LOOKS_EVERY", 0.05)
    monkeypatch.setattr(module, "IDLE", 0.2)


def send(settings: Settings, folder: Path, *levels: int) -> None:
    store = open_store(settings.database_url)
    arrivals = []
    for level in levels:
        file = io.BytesIO()
        Image.new("RGB", (200, 200), (50, 50, level)).save(file, "PNG")
        path = folder / f"{level}.png"
        path.write_bytes(file.getvalue())
        arrivals.append(Arrival(Item(path.name, path)))
    list(take_in(store, PhotoStore(settings.photos_url), arrivals, max_bytes=10**8))
    store.dispose()


def so_far(settings: Settings) -> Progress:
    store = open_store(settings.database_url)
    with store.connect() as connection:
        found = progress(connection)
    store.dispose()
    return found


def until(true: Callable[[], bool]) -> bool:
    end = time.monotonic() + SOON
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(0.02)
    return False


@pytest.fixture
def running() -> Iterator[list[StoreReader]]:
    """Readers that are stopped at the end, also of a test that failed."""
    started: list[StoreReader] = []
    yield started
    for one in started:
        one.stop()
        assert not one._thread.is_alive()


def test_photos_are_read_as_they_come(settings: Settings, tmp_path: Path, running: list[StoreReader]) -> None:
    send(settings, tmp_path, 100)
    running.append(StoreReader(settings, SerialExecutor))
    running[0].start()
    assert until(lambda: so_far(settings).verdicts == {"accepted": 1})
    send(settings, tmp_path, 101, 102)
    running[0].wake()
    assert until(lambda: so_far(settings).verdicts == {"accepted": 3})
    assert so_far(settings).pending == 0


def test_worker_processes_are_given_up_when_nothing_comes(settings: Settings, tmp_path: Path, running: list[StoreReader]) -> None:
    opened, closed = [], []

    class Watched(SerialExecutor):
        def __enter__(self) -> Watched:
            opened.append(self)
            return self

        def __exit__(self, *error: object) -> None:
            closed.append(self)

    running.append(StoreReader(settings, Watched))
    running[0].start()
    time.sleep(0.3)
    assert not opened, "nothing waits"
    send(settings, tmp_path, 100)
    assert until(lambda: bool(closed))
    assert so_far(settings).pending == 0


def test_error_is_logged_and_reading_goes_on(
    settings: Settings, tmp_path: Path, running: list[StoreReader], caplog: pytest.LogCaptureFixture
) -> None:
    failures = 2

    def executor() -> SerialExecutor:
        nonlocal failures
        if failures:
            failures -= 1
            raise OSError("no more processes")
        return SerialExecutor()

    send(settings, tmp_path, 100)
    running.append(StoreReader(settings, executor))
    running[0].start()
    assert until(lambda: so_far(settings).pending == 0)
    assert caplog.text.count("no more processes") >= 2


def test_lost_photo_waits_and_does_not_keep_the_reader_busy(
    settings: Settings, tmp_path: Path, running: list[StoreReader], caplog: pytest.LogCaptureFixture
) -> None:
    send(settings, tmp_path, 100)
    for path in Path(settings.photos_url).rglob("*"):
        if path.is_file():
            path.unlink()
    running.append(StoreReader(settings, SerialExecutor))
    running[0].start()
    assert until(lambda: caplog.text.count("looked for again") >= 3)
    pauses = [record.args[0] for record in caplog.records if "looked for again" in record.message and isinstance(record.args, tuple)]
    assert pauses[:3] == [0.1, 0.2, 0.4], "the pauses grow"
    assert so_far(settings).pending == 1


def test_stopping_waits_for_the_photo_that_is_being_read_alone(settings: Settings, tmp_path: Path, running: list[StoreReader]) -> None:
    class Slow(SerialExecutor):
        def map(self, *args: Any, **options: Any) -> Iterator[Any]:
            for result in super().map(*args, **options):
                time.sleep(0.2)
                yield result

    send(settings, tmp_path, *range(50, 90))
    running.append(StoreReader(settings, Slow))
    running[0].start()
    assert until(lambda: so_far(settings).pending < 40)
    running[0].stop()
    assert 0 < so_far(settings).pending < 40

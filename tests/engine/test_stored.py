"""What waits in the store is read once, recorded as it comes, and read again only where nothing was recorded."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import sqlalchemy as sa

from pipeline.engine import replay as replay_module
from pipeline.engine.executors import SerialExecutor, make_executor
from pipeline.engine.patience import Patience
from pipeline.engine.replay import replay
from pipeline.engine.stored import Lost, read_pending, read_stored, refuse_stored
from pipeline.engine.work import WorkOrder
from pipeline.imaging.files import Item
from pipeline.settings import Settings
from pipeline.sheet import RefusalCode
from pipeline.store import StoreError, entries, open_store, verify
from pipeline.store.intake import Arrival, take_in
from pipeline.store.ledger import FaultCode, Head
from pipeline.store.photos import PhotoStore
from pipeline.store.readings import ReadSheet, StoredPhoto, pending, progress, record
from pipeline.store.schema import readings
from pipeline.store.views import check_views
from tests.imaging.pictures import pdf_of

NONE = Patience(0.0)


@pytest.fixture
def order(tmp_path: Path, colour_reader: None) -> WorkOrder:
    return WorkOrder(settings=Settings(home=tmp_path / "home"))


def filled(url: str, order: WorkOrder, tmp_path: Path) -> sa.Engine:
    """A store with four photos and a PDF of two pages, none of them read."""
    engine = open_store(url)
    folder = tmp_path / "sent"
    folder.mkdir()
    for blue in (40, 80, 120, 160):
        cv2.imwrite(str(folder / f"{blue}.png"), np.full((200, 300, 3), (blue, 100, 50), np.uint8))
    (folder / "two.pdf").write_bytes(pdf_of([np.full((200, 300, 3), (blue, 100, 50), np.uint8) for blue in (10, 20)]))
    arrivals = [Arrival(Item(path.name, path)) for path in sorted(folder.iterdir())]
    list(take_in(engine, PhotoStore(order.settings.photos_url), arrivals, max_bytes=10**6))
    return engine


@pytest.fixture
def store(store_url: str, order: WorkOrder, tmp_path: Path) -> Iterator[sa.Engine]:
    """The store of `filled`, on each database."""
    engine = filled(store_url, order, tmp_path)
    yield engine
    engine.dispose()


def told(store: sa.Engine) -> list[tuple[str, str]]:
    """Name and content of every reading in the ledger, in their order."""
    with store.connect() as connection:
        bodies = [json.loads(entry.body) for entry in entries(connection) if entry.kind == "reading"]
    return [(body["reading"]["source"], json.dumps(body["reading"]["fields"], sort_keys=True)) for body in bodies]


def test_everything_that_waits_is_read_and_told_once(store: sa.Engine, order: WorkOrder) -> None:
    with SerialExecutor() as executor:
        results = [one for one in read_pending(store, order=order, executor=executor, patience=NONE) if not isinstance(one, Lost)]
        assert sum(map(len, results)) == 6
        assert list(read_pending(store, order=order, executor=executor, patience=NONE)) == []
    assert [name for name, _ in told(store)] == ["120.png", "160.png", "40.png", "80.png", "two.pdf#page=1", "two.pdf#page=2"]
    with store.connect() as connection:
        done = progress(connection)
        assert (done.photos, done.pending, sum(done.verdicts.values())) == (5, 0, 6)
        assert isinstance(verify(entries(connection)), Head)


def test_stopped_run_goes_on_where_it_stopped(store: sa.Engine, order: WorkOrder) -> None:
    with SerialExecutor() as executor:
        with closing(read_pending(store, order=order, executor=executor, patience=NONE)) as reading:
            next(reading)
            next(reading)
        with store.connect() as connection:
            assert [photo.name for photo in pending(connection, limit=10)] == ["40.png", "80.png", "two.pdf"]
        list(read_pending(store, order=order, executor=executor, patience=NONE))
    assert len(told(store)) == 6


def test_one_process_and_two_tell_the_same(store: sa.Engine, order: WorkOrder, tmp_path: Path) -> None:
    with SerialExecutor() as executor:
        list(read_pending(store, order=order, executor=executor, patience=NONE))
    alone = told(store)
    other = open_store(f"sqlite:///{tmp_path / 'other.db'}")
    arrivals = [Arrival(Item(path.name, path)) for path in sorted((tmp_path / "sent").iterdir())]
    list(take_in(other, PhotoStore(order.settings.photos_url), arrivals, max_bytes=10**6))
    # The workers load the real reader, which refuses these plain pictures: what matters is the order and that nothing is lost.
    with make_executor(2) as executor:
        list(read_pending(other, order=order, executor=executor, patience=NONE))
    assert [name for name, _ in told(other)] == [name for name, _ in alone]
    other.dispose()


def test_photo_that_is_lost_or_damaged_waits_and_the_rest_is_read(store: sa.Engine, order: WorkOrder) -> None:
    lost, damaged, *_ = (path for path in sorted(Path(order.settings.photos_url).rglob("*")) if path.is_file())
    content = damaged.read_bytes()
    lost.unlink()
    damaged.write_bytes(b"something else")
    with SerialExecutor() as executor:
        results = list(read_pending(store, order=order, executor=executor, patience=NONE))
        assert sum(isinstance(one, Lost) for one in results) == 2
        damaged.write_bytes(content)
        again = list(read_pending(store, order=order, executor=executor, patience=NONE))
    assert sum(isinstance(one, Lost) for one in again) == 1
    with store.connect() as connection:
        assert progress(connection).pending == 1


@pytest.mark.parametrize(
    "tampering",
    [
        "INSERT INTO readings SELECT 1, 1, 9, form, page, 'accepted', NULL, 1.0, 0.1 FROM readings WHERE position = 7",
        "DROP TRIGGER photos_no_update; UPDATE photos SET tps = '1805082001099' WHERE position = 1",
        "DROP TRIGGER readings_no_update; UPDATE readings SET probability = 0.123 WHERE position = 7",
        "DROP TRIGGER readings_no_delete; DELETE FROM readings WHERE position = 7",
        "INSERT INTO findings VALUES (7, 99, 'duplicate', 'warning')",
    ],
)
def test_tables_that_say_something_else_than_the_ledger_are_found(order: WorkOrder, tmp_path: Path, tampering: str) -> None:
    url = f"sqlite:///{tmp_path / 'sirekap.db'}"
    store = filled(url, order, tmp_path)
    with SerialExecutor() as executor:
        list(read_pending(store, order=order, executor=executor, patience=NONE))
    with store.connect() as connection:
        assert check_views(connection) is None
    store.dispose()
    with closing(sqlite3.connect(tmp_path / "sirekap.db")) as connection:
        connection.executescript(tampering)
    store = open_store(url)
    with store.connect() as connection:
        assert isinstance(verify(entries(connection)), Head)
        fault = check_views(connection)
    store.dispose()
    assert fault is not None
    assert fault.code is FaultCode.VIEW_DIFFERS


def test_two_runs_at_once_tell_of_each_photo_once(store: sa.Engine, order: WorkOrder) -> None:
    with store.connect() as connection:
        waiting = pending(connection, limit=10)
    sheets = {photo.position: read_stored(photo, order=order) for photo in waiting}

    def tell() -> None:
        for photo in waiting:
            read = sheets[photo.position]
            assert not isinstance(read, Lost)
            with store.begin() as connection:
                record(connection, photo, read)

    together = [threading.Thread(target=tell) for _ in range(3)]
    for one in together:
        one.start()
    for one in together:
        one.join()
    assert len(told(store)) == 6


def test_photos_that_cannot_be_reached_end_the_run_and_wait(store: sa.Engine, order: WorkOrder) -> None:
    Path(order.settings.photos_url).rename(Path(order.settings.photos_url).with_name("moved"))
    with SerialExecutor() as executor, pytest.raises(StoreError, match="cannot be reached"):
        list(read_pending(store, order=order, executor=executor, patience=NONE))
    with store.connect() as connection:
        assert progress(connection).pending == 5


def test_photo_that_ends_its_process_is_parked(order: WorkOrder) -> None:
    parked = refuse_stored(StoredPhoto(1, "ab" * 32, "bad.jpg"), "the worker process died twice while reading it", order=order)
    assert not isinstance(parked, Lost)
    (read,) = parked
    assert read.sheet.refusal is not None
    assert read.sheet.refusal.code is RefusalCode.CRASHED_READER


def test_reading_tells_what_made_it(store: sa.Engine, order: WorkOrder) -> None:
    with SerialExecutor() as executor:
        list(read_pending(store, order=order, executor=executor, patience=NONE))
    with store.connect() as connection:
        (body, *_) = [json.loads(entry.body) for entry in entries(connection) if entry.kind == "reading"]
        assert connection.scalar(sa.select(sa.func.count()).select_from(readings)) == 6
    assert {"software", "models", "form_version", "sha256"} <= set(body["reading"])
    assert "seconds" not in body["reading"]


def test_reading_made_again_is_the_same(store: sa.Engine, order: WorkOrder) -> None:
    with SerialExecutor() as executor:
        list(read_pending(store, order=order, executor=executor, patience=NONE))
    with store.connect() as connection:
        positions = list(connection.scalars(sa.select(readings.c.position)))
        found = [replay(connection, position, order=order) for position in positions]
    assert [(one.differing, one.other_versions) for one in found] == [((), ())] * 6


def test_reading_made_again_otherwise_names_what_differs(
    store: sa.Engine, order: WorkOrder, monkeypatch: pytest.MonkeyPatch
) -> None:
    with SerialExecutor() as executor:
        list(read_pending(store, order=order, executor=executor, patience=NONE))

    def other(photo: StoredPhoto, *, order: WorkOrder) -> list[ReadSheet]:
        sheets = read_stored(photo, order=order)
        assert not isinstance(sheets, Lost)
        return [replace(read, sheet=replace(read.sheet, probability=0.5, software="sirekap 99")) for read in sheets]

    monkeypatch.setattr(replay_module, "read_stored", other)
    with store.connect() as connection:
        found = replay(connection, 6, order=order)
    assert found.other_versions == ("software",)
    assert found.differing == ("probability",)


def test_row_that_is_no_reading_cannot_be_made_again(store: sa.Engine, order: WorkOrder) -> None:
    with store.connect() as connection, pytest.raises(StoreError, match="no reading"):
        replay(connection, 1, order=order)

"""What befalls a run from outside: the database restarted or locked, a full disk, a photo that hangs its reader, Ctrl-C."""

from __future__ import annotations

import errno
import json
import os
import pwd
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest
import sqlalchemy as sa
import typer
from sqlalchemy.exc import DBAPIError, IntegrityError
from typer.testing import CliRunner, Result

from pipeline.cli import app
from pipeline.cli.opening import opened_store
from pipeline.engine import clusters, work
from pipeline.engine.executors import Allowance, Executor, SerialExecutor, make_executor
from pipeline.engine.patience import Patience
from pipeline.engine.stored import read_pending
from pipeline.engine.work import WorkOrder
from pipeline.imaging.files import Item
from pipeline.settings import Settings
from pipeline.store import database, entries, open_store, verify
from pipeline.store.intake import Arrival, take_in
from pipeline.store.ledger import Head
from pipeline.store.photos import PhotoStore
from tests.databases import postgresql_programs
from tests.engine import functions

PHOTOS = 8


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", language="en", database_patience=60.0)


@pytest.fixture
def sent(tmp_path: Path) -> list[Arrival]:
    return plain_photos(tmp_path / "sent", PHOTOS)


def plain_photos(folder: Path, count: int, *, red: int = 50) -> list[Arrival]:
    """Photos without a sheet, each of another colour."""
    folder.mkdir()
    for number in range(count):
        blue, green = 20 + 10 * (number % 20), 100 + number // 20
        cv2.imwrite(str(folder / f"{number:0{len(str(count - 1))}}.png"), np.full((200, 300, 3), (blue, green, red), np.uint8))
    return [Arrival(Item(path.name, path)) for path in sorted(folder.iterdir())]


def take_all_in(store: sa.Engine, settings: Settings, sent: list[Arrival]) -> None:
    list(take_in(store, PhotoStore(settings.photos_url), sent, max_bytes=10**6))


def told(store: sa.Engine) -> list[str]:
    """Names of the photos of the readings in the ledger, which must be sound."""
    with store.connect() as connection:
        assert isinstance(verify(entries(connection)), Head)
        return [json.loads(row.body)["reading"]["source"] for row in entries(connection) if row.kind == "reading"]


def names(sent: list[Arrival]) -> list[str]:
    return [arrival.item.name for arrival in sent]


class Server:
    """The PostgreSQL server of the tests, to be stopped and started again."""

    def __init__(self, url: str) -> None:
        engine = sa.create_engine(f"{url}/postgres")
        with engine.connect() as connection:
            self._data = Path(connection.exec_driver_sql("SHOW data_directory").scalar_one())
        engine.dispose()
        owner = pwd.getpwuid(self._data.stat().st_uid)
        self._identity = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []} if os.getuid() == 0 else {}
        command = (self._data / "postmaster.opts").read_text("utf-8")
        self._options = " ".join(re.findall(r'"([^"]*)"', command.partition('"-c"')[2].join(['"-c"', ""])))

    def stop(self) -> None:
        self._control("stop", "--mode", "immediate")

    def start(self) -> None:
        options = self._options.replace("unix_socket_directories=", "unix_socket_directories=''")
        self._control("start", "--log", str(self._data.parent / "log"), "--options", options)

    def _control(self, *arguments: str) -> None:
        programs = postgresql_programs()
        assert programs is not None
        command = [programs / "pg_ctl", *arguments, "--wait", "--pgdata", str(self._data)]
        subprocess.run(command, check=True, capture_output=True, cwd=self._data.parent, timeout=120, **self._identity)


def test_run_goes_on_when_postgresql_was_restarted(
    postgresql: str, settings: Settings, sent: list[Arrival], colour_reader: None
) -> None:
    administration = sa.create_engine(f"{postgresql}/postgres", isolation_level="AUTOCOMMIT")
    with administration.connect() as connection:
        connection.exec_driver_sql("CREATE DATABASE restarted")
    administration.dispose()
    store, server, waits = open_store(f"{postgresql}/restarted"), Server(postgresql), []
    take_all_in(store, settings, sent)

    def gone(error: DBAPIError) -> None:
        waits.append(error)
        server.start()

    with SerialExecutor() as executor:
        reading = read_pending(store, order=WorkOrder(settings), executor=executor, patience=Patience(60.0, gone))
        next(reading)
        server.stop()
        list(reading)
    assert len(waits) == 1
    assert told(store) == names(sent)
    store.dispose()


def test_run_waits_for_a_lock_and_goes_on(
    settings: Settings, sent: list[Arrival], colour_reader: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.05)
    store, waits = open_store(settings.database_url), []
    take_all_in(store, settings, sent)
    with closing(sqlite3.connect(settings.home / "sirekap.db", isolation_level=None)) as other, SerialExecutor() as executor:

        def locked(error: DBAPIError) -> None:
            waits.append(error)
            other.execute("ROLLBACK")

        reading = read_pending(store, order=WorkOrder(settings), executor=executor, patience=Patience(60.0, locked))
        next(reading)
        other.execute("BEGIN IMMEDIATE")
        list(reading)
    assert len(waits) == 1
    assert told(store) == names(sent)
    store.dispose()


def test_commit_of_which_nobody_knows_whether_it_was_done_is_not_done_twice(
    settings: Settings, sent: list[Arrival], colour_reader: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, waits = open_store(settings.database_url), []
    take_all_in(store, settings, sent)
    commit = store.dialect.do_commit

    def done_and_not_said(connection: sa.PoolProxiedConnection) -> None:
        commit(connection)
        if not waits:
            error = sqlite3.OperationalError("the answer was lost")
            error.sqlite_errorcode = sqlite3.SQLITE_BUSY
            raise error

    monkeypatch.setattr(store.dialect, "do_commit", done_and_not_said)
    with SerialExecutor() as executor:
        list(read_pending(store, order=WorkOrder(settings), executor=executor, patience=Patience(60.0, waits.append)))
    assert len(waits) == 1
    assert told(store) == names(sent)
    store.dispose()


@pytest.fixture
def as_typed(settings: Settings, sent: list[Arrival], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Result]:
    """Commands on a store with photos that wait."""
    chosen = {"HOME": settings.home, "LANGUAGE": "en", "DATABASE_PATIENCE": "0.1"}
    for name, value in chosen.items():
        monkeypatch.setenv(f"SIREKAP_{name}", str(value))
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> Result:
        result = CliRunner().invoke(app, list(arguments))
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    assert run("ingest", "sent").exit_code == 0
    return run


def test_run_whose_patience_ends_says_so_once_and_the_next_goes_on(
    as_typed: Callable[..., Result], settings: Settings, sent: list[Arrival], colour_reader: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.05)
    read_photo = work.read_photo
    with closing(sqlite3.connect(settings.home / "sirekap.db", isolation_level=None, check_same_thread=False)) as other:

        def lock_and_read(photo, *arguments, **options):
            if photo.name.endswith("3.png"):
                other.execute("BEGIN IMMEDIATE")
            return read_photo(photo, *arguments, **options)

        monkeypatch.setattr(work, "read_photo", lock_and_read)
        result = as_typed("run", "--workers", "0")
    assert result.exit_code == 1
    assert "The database cannot be used (database is locked); waiting for at most 0.1 s." in result.output
    assert "can no longer be used (database is locked). What was recorded is safe" in result.output
    monkeypatch.setattr(work, "read_photo", read_photo)
    assert as_typed("run", "--workers", "0").exit_code == 0
    store = open_store(settings.database_url)
    assert [Path(name).name for name in told(store)] == names(sent)
    store.dispose()


def test_full_disk_ends_a_run_with_one_message_and_the_next_goes_on(
    as_typed: Callable[..., Result], settings: Settings, sent: list[Arrival], colour_reader: None
) -> None:
    def full(connection: sqlite3.Connection, _: object) -> None:
        connection.execute("PRAGMA max_page_count = 1")  # which means: as large as it is, and no larger

    sa.event.listen(sa.Pool, "connect", full)
    try:
        result = as_typed("run", "--workers", "0")
    finally:
        sa.event.remove(sa.Pool, "connect", full)
    assert result.exit_code == 1
    assert "The disk is full (database or disk is full). What was recorded is safe" in result.output
    assert as_typed("run", "--workers", "0").exit_code == 0
    store = open_store(settings.database_url)
    assert [Path(name).name for name in told(store)] == names(sent)
    store.dispose()


def test_what_befalls_the_store_of_any_command_is_one_message_and_a_bug_is_none(
    settings: Settings, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.05)
    with pytest.raises(typer.Exit) as ended, opened_store(settings) as store, store.begin(), store.begin():
        pass
    assert ended.value.exit_code == 1
    assert "can no longer be used (database is locked)" in capsys.readouterr().err
    with pytest.raises(typer.Exit), opened_store(settings):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert "The disk is full" in capsys.readouterr().err
    with pytest.raises(OSError, match="something else"), opened_store(settings):
        raise OSError(errno.EIO, "something else")
    with pytest.raises(IntegrityError), opened_store(settings) as store, store.begin() as connection:
        connection.exec_driver_sql("INSERT INTO photos (position) VALUES (1)")


class Misled:
    """An executor whose workers hang, crash or run out of memory on some photos."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    def map(self, function: Callable, items: Iterable, *, on_crash: Callable) -> Iterator:
        return self._executor.map(partial(functions.misbehave_on, function), items, on_crash=on_crash)


def test_photos_that_end_their_reader_are_parked_with_the_reason_and_the_rest_is_read(settings: Settings, sent: list[Arrival]) -> None:
    store = open_store(settings.database_url)
    take_all_in(store, settings, sent)
    with make_executor(2, Allowance(seconds=120.0, megabytes=1000.0)) as executor:
        list(read_pending(store, order=WorkOrder(settings), executor=Misled(executor), patience=Patience(0.0)))
    with store.connect() as connection:
        refusals = [json.loads(row.body)["reading"]["refusal"] for row in entries(connection) if row.kind == "reading"]
    assert told(store) == names(sent)
    parked = {number: one["detail"] for number, one in enumerate(refusals) if one["code"] == "crashed_reader"}
    assert parked == {
        1: "not done after 120 s (photo_seconds)",
        3: "ended its process twice, by SIGSEGV",
        6: "needs more than 1000 MB of memory (worker_megabytes)",
    }
    store.dispose()


def test_ctrl_c_stops_a_run_and_the_next_goes_on(
    as_typed: Callable[..., Result], settings: Settings, sent: list[Arrival], tmp_path: Path
) -> None:
    many = plain_photos(tmp_path / "many", 60, red=90)  # more than are read before the signal comes
    store = open_store(settings.database_url)
    take_all_in(store, settings, many)
    command = [sys.executable, "-c", "from pipeline.cli import app; app()", "run", "--workers", "1"]
    # A shell starts what runs in its background deaf to Ctrl-C, and that is inherited.
    hearing = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True, preexec_fn=hearing
    ) as process:
        while process.poll() is None and not told(store):
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the workers too
        said = process.communicate()[0]
    assert process.returncode == 130
    assert said.splitlines()[-1] == "Stopped; `sirekap run` goes on from here."
    assert "Traceback" not in said
    assert as_typed("run", "--workers", "0").exit_code == 0
    assert [Path(name).name for name in told(store)] == names(sent) + names(many)
    store.dispose()


def test_scheduler_that_cannot_be_reached_is_one_message(as_typed: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clusters, "CONNECT_SECONDS", 0.5)
    result = as_typed("run", "--scheduler", "tcp://127.0.0.1:9")
    assert result.exit_code == 1
    assert result.output.count("\n") == 1
    assert "no Dask scheduler answers at tcp://127.0.0.1:9" in result.output
    assert as_typed("run", "--scheduler", "tcp://127.0.0.1:9", "--workers", "2").exit_code == 2

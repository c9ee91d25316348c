"""Phones that send at once, through all kinds of trouble: everything is in the store once, and what is not as they were told is said."""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine
from typer.testing import CliRunner, Result

from pipeline.bench import phone, phones
from pipeline.bench.phone import Asked, Photo, Sent, Trouble
from pipeline.cli import app
from pipeline.settings import Settings
from pipeline.store.ledger import Kind, append
from pipeline.store.uploads import CHUNK

PHONES, PAGES = 6, 2


def run(*arguments: str) -> Result:
    smallest = ("--phones", str(PHONES), "--pages", str(PAGES), "--megabytes", "0.9")
    result = CliRunner().invoke(app, ["bench", "phones", *smallest, *arguments], env={"COLUMNS": "160", "NO_COLOR": "1"})
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def tamper(settings: Settings, store: Engine, sent: Sequence[Sent]) -> None:
    lost, altered, edited, other = (one.sha256 for one in sent[:4])
    folder = Path(settings.photos_url)
    next(folder.rglob(lost)).unlink()
    next(folder.rglob(altered)).write_bytes(b"\xff\xd8\xffother")
    (folder / "beside.jpg").write_bytes(b"")
    left = settings.uploads_folder / sent[0].photo.tps / f"{lost}-1"
    left.mkdir(parents=True)
    with store.begin() as connection:
        for name in ("ledger_no_update", "photos_no_update"):
            connection.exec_driver_sql(f"DROP TRIGGER {name}")
        said = {"sha256": "0" * 64, "name": "x.jpg", "bytes": 1, "tps": None, "page": None, "reason": None, "contradiction": None}
        append(connection, [(Kind.PHOTO, said)])
        connection.execute(sa.text("UPDATE ledger SET at = '2024-02-14T00:00:00.000000Z' WHERE body LIKE :body"), {"body": f"%{edited}%"})
        connection.execute(sa.text("UPDATE photos SET sha256 = :no WHERE sha256 = :sha256"), {"no": "f" * 64, "sha256": other})


def test_all_is_in_the_store_once_whatever_happened_on_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    checked, faults_of = [], phones.faults_of

    def then_tampered(settings: Settings, store: Engine, sent: Sequence[Sent]) -> list[str]:
        checked.append((len(sent), {one.photo.tps for one in sent}, faults_of(settings, store, sent)))
        tamper(settings, store, sent)
        return faults_of(settings, store, sent)

    monkeypatch.setattr(phones, "faults_of", then_tampered)
    result = run()
    ((came, stations, faults),) = checked
    assert faults == []
    assert (came, len(stations)) == (PHONES * PAGES, PHONES)
    assert result.exit_code == 1, "the store that was tampered with"
    said = result.stderr
    assert "1 photos are not in the store" in said
    assert "1 photos in the store were sent by nobody" in said
    assert "2 photos are not kept as they were sent" in said
    assert "1 files are kept beside the photos, the first of beside.jpg" in said
    assert "1 photos have pieces left over" in said
    assert "2 receipts do not agree with the ledger" in said
    assert "the ledger does not hold: row" in said


def test_command_shows_every_request_and_leaves_a_store_alone_that_holds_something(store_url: str) -> None:
    result = run("--workers", "2" if store_url.startswith("postgresql") else "1", "--database", store_url)
    assert (result.exit_code, result.stderr) == (0, "")
    assert f"{PHONES} phones at once sent {PHONES * PAGES} photos" in result.stdout
    for shown in (*Asked, "whole photo", *Trouble):
        assert shown in result.stdout
    assert "the server complained" not in result.stdout, "of phones that lose their line it does not"
    again = run("--database", store_url)
    assert again.exit_code == 1
    assert "holds something" in again.stderr


def test_phone_that_gets_no_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(phone, "ATTEMPTS", 2)
    monkeypatch.setattr(phone, "SHORTEST_PAUSE", 0.0)
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        photos = [Photo("1805082001003", 1, 10, None)]
        one = phone.Phone(nobody.getsockname()[1], "token", photos, threading.Event())
        one.run(threading.Barrier(1), lambda: None)
    assert one.retries == 1
    assert [(asked, status) for asked, _, status in one.browser.requests] == [(Asked.ME, 0)] * 2
    assert one.sent == []
    (problem,) = one.problems
    assert problem.startswith("station 1805082001003 cannot log in: me was not answered (ConnectionRefusedError")


def test_server_that_does_not_start_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    result = run()
    assert result.exit_code == 1
    assert "the server does not start" in result.stderr


def test_photos_are_others_and_the_same_each_time() -> None:
    sent = [Photo(tps, page, 2 * CHUNK + 9, None) for tps in ("1805082001003", "1805082001004") for page in (1, 2)]
    assert len({one.sha256 for one in sent}) == 4
    assert [len(sent[0].piece(number)) for number in range(sent[0].pieces)] == [CHUNK, CHUNK, 9]
    assert sent[0].sha256 == Photo("1805082001003", 1, 2 * CHUNK + 9, Trouble.SENT_TWICE).sha256

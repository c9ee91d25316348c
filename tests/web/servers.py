"""A server that listens on this machine, for browsers; it can be stopped in the middle and started again at the same address."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import uvicorn
from sqlalchemy import Engine

from pipeline.engine.executors import SerialExecutor
from pipeline.settings import Settings
from pipeline.store import open_store
from pipeline.store.accounts import Role, Session, add_account, log_in
from pipeline.store.elections import Election, add_election
from pipeline.store.regions import import_regions
from pipeline.web.app import create_app
from pipeline.web.reader import StoreReader
from tests.web.conftest import PASSWORD, REGIONS, STATION

FORM = "c-hasil-ppwp-2024"
VILLAGE, DISTRICT = STATION[:10], STATION[:6]
PEOPLE = {
    "ani": (Role.KPPS, STATION), "budi": (Role.PPS, VILLAGE), "citra": (Role.PPS, VILLAGE), "dewi": (Role.PPK, DISTRICT),
    "eka": (Role.NATIONAL, ""), "fitri": (Role.AUDITOR, ""), "gita": (Role.ADMIN, ""),
}  # fmt: skip


class Running:
    """A server on a store of its own; `reads` says that it reads what is sent to it."""

    def __init__(self, settings: Settings, *, reads: bool) -> None:
        self.settings = settings
        self.store: Engine = open_store(settings.database_url)
        self._reads = reads
        self._port = 0
        self.start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def token(self, name: str) -> str:
        session = log_in(self.store, name, PASSWORD, address="test", now=datetime.now(UTC))
        assert isinstance(session, Session)
        return session.token

    def start(self) -> None:
        """Listen, after `stop` at the same address."""
        app = create_app(self.settings, reader=StoreReader(self.settings, SerialExecutor) if self._reads else None)
        self._server = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=2))
        listening = socket.create_server(("127.0.0.1", self._port))
        self._port = listening.getsockname()[1]
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [listening]}, daemon=True)
        self._thread.start()
        while not self._server.started:
            assert self._thread.is_alive(), "the server did not start"
            time.sleep(0.02)

    def stop(self) -> None:
        """Answer nobody any more."""
        self._server.should_exit = True
        self._thread.join(20)


@contextmanager
def running(settings: Settings, *, reads: bool) -> Iterator[Running]:
    """A server with people, regions and an election."""
    server = Running(settings, reads=reads)
    with server.store.begin() as connection:
        import_regions(connection, REGIONS)
        add_election(connection, Election("2024", "Presiden 2024", "2024-02-14", tuple((FORM, page) for page in "123")))
        for name, (role, region) in PEOPLE.items():
            add_account(connection, name=name, role=role, region=region, password=PASSWORD)
    try:
        yield server
    finally:
        server.stop()
        server.store.dispose()

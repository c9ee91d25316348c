"""A server to visit in tests, and people of every role who are logged in."""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias

import pytest
from argon2 import PasswordHasher
from fastapi import FastAPI
from sqlalchemy import Engine

from pipeline.regions import Region
from pipeline.settings import DATABASE_FILE, Settings
from pipeline.store import accounts, open_store
from pipeline.store.accounts import Role, Session, add_account, log_in
from pipeline.store.regions import import_regions
from pipeline.web.app import create_app
from pipeline.web.visit import SESSION_COOKIE

with warnings.catch_warnings():
    warnings.filterwarnings("ignore", message="Using `httpx`")  # its successor has another name
    from fastapi.testclient import TestClient

PASSWORD = "kata sandi untuk tes"

STATION = "1805082001003"
"""A polling station of the village, district, regency and province that the store of these tests knows."""

ELSEWHERE = "1101012001001"
"""One of another province, which it knows as well."""

REGIONS = [
    Region("11", "ACEH", None), Region("1101", "ACEH SELATAN", None), Region("110101", "BAKONGAN", None),
    Region("1101012001", "KEUDE BAKONGAN", 4), Region("18", "LAMPUNG", None), Region("1805", "TULANG BAWANG", None),
    Region("180508", "BANJAR AGUNG", None), Region("1805082001", "BANJAR AGUNG", 11),
]  # fmt: skip

ClientAs: TypeAlias = Callable[..., TestClient]


@pytest.fixture(autouse=True)
def _quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords of these tests are no secrets."""
    monkeypatch.setattr(accounts, "_HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture(scope="session")
def _migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a database that knows `REGIONS`, made once: migrations take half a second."""
    path = tmp_path_factory.mktemp("migrated") / DATABASE_FILE
    store = open_store(f"sqlite:///{path}")
    with store.begin() as connection:
        import_regions(connection, REGIONS)
    store.dispose()
    return path


@pytest.fixture
def settings(tmp_path: Path, _migrated: Path) -> Settings:
    """Settings of a store that knows `REGIONS`."""
    home = tmp_path / "home"
    home.mkdir()
    shutil.copy(_migrated, home)
    return Settings(home=home)


@pytest.fixture
def app(settings: Settings) -> FastAPI:
    return create_app(settings)


@pytest.fixture
def visitor(app: FastAPI) -> Iterator[TestClient]:
    """Somebody who is not logged in; the server runs as long as this fixture."""
    with TestClient(app, follow_redirects=False) as client:
        yield client


@pytest.fixture
def site_store(visitor: TestClient, app: FastAPI) -> Engine:
    """The store of the server, which knows `REGIONS`."""
    store: Engine = app.state.site.store
    return store


@pytest.fixture
def client_as(app: FastAPI, site_store: Engine) -> ClientAs:
    """A browser of a person of a role and region, logged in; what it posts carries the CSRF token as a header."""

    def logged_in(role: Role, region: str = "", *, name: str = "") -> TestClient:
        session = session_for(site_store, role, region, name=name)
        client = TestClient(app, follow_redirects=False, headers={"X-CSRF-Token": session.csrf})
        client.cookies.set(SESSION_COOKIE, session.token)
        return client

    return logged_in


def session_for(store: Engine, role: Role, region: str = "", *, name: str = "") -> Session:
    """A new account of a role and region (its name follows from them when none is given), and its session."""
    called = name or f"{role}-{region or 'id'}"
    with store.begin() as connection:
        add_account(connection, name=called, role=role, region=region, password=PASSWORD)
    session = log_in(store, called, PASSWORD, address="test", now=datetime.now(UTC))
    assert isinstance(session, Session)
    return session

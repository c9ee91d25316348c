"""Fixtures of stores to test on: SQLite in a file, and PostgreSQL where it is installed."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from pipeline.store import open_store


def postgresql_programs() -> Path | None:
    """Folder of PostgreSQL's own programs, which Debian keeps off the path."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found:
        return found[-1].parent
    program = shutil.which("initdb")
    return Path(program).resolve().parent if program else None


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """URL of a PostgreSQL server of the tests' own, on loopback, its data outside the checkout."""
    programs = postgresql_programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed: apt install postgresql")
    # The server refuses to run as root.
    try:
        owner = pwd.getpwnam("postgres") if os.getuid() == 0 else pwd.getpwuid(os.getuid())
    except KeyError:
        pytest.skip("there is no user postgres to run the server as")
    folder = Path(tempfile.mkdtemp(prefix="sirekap-postgresql-"))
    os.chown(folder, owner.pw_uid, owner.pw_gid)
    port, data = _free_port(), folder / "data"

    def run(program: str, *arguments: str) -> None:
        identity = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []} if os.getuid() == 0 else {}
        subprocess.run([programs / program, *arguments], check=True, capture_output=True, cwd=folder, timeout=120, **identity)

    run("initdb", "--pgdata", str(data), "--username", "sirekap", "--auth", "trust", "--encoding", "UTF8", "--no-sync")
    options = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories='' -c fsync=off"
    run("pg_ctl", "start", "--wait", "--pgdata", str(data), "--log", str(folder / "log"), "--options", options)
    try:
        yield f"postgresql+psycopg://sirekap@127.0.0.1:{port}"
    finally:
        run("pg_ctl", "stop", "--wait", "--mode", "immediate", "--pgdata", str(data))
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty store in a file, to be copied: making one takes longer than most tests."""
    path = tmp_path_factory.mktemp("migrated") / "sirekap.db"
    open_store(f"sqlite:///{path}").dispose()
    return path


@pytest.fixture(scope="session")
def migrated_database(postgresql: str) -> str:
    """The name of an empty store on the server, to be copied."""
    administration = sa.create_engine(f"{postgresql}/postgres", isolation_level="AUTOCOMMIT")
    with administration.connect() as connection:
        connection.exec_driver_sql("CREATE DATABASE migrated")
    administration.dispose()
    open_store(f"{postgresql}/migrated").dispose()
    return "migrated"


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """URL of an empty store, on each database."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("migrated_file"), tmp_path / "sirekap.db")
        yield f"sqlite:///{tmp_path / 'sirekap.db'}"
        return
    server = request.getfixturevalue("postgresql")
    template = request.getfixturevalue("migrated_database")
    name = f"store_{abs(hash(request.node.nodeid)) % 10**12}"
    administration = sa.create_engine(f"{server}/postgres", isolation_level="AUTOCOMMIT")
    with administration.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE {template}")
    yield f"{server}/{name}"
    with administration.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    administration.dispose()


@pytest.fixture
def store(store_url: str) -> Iterator[sa.Engine]:
    """An empty store on each database."""
    engine = open_store(store_url)
    yield engine
    engine.dispose()

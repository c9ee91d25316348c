"""A PostgreSQL server of a measurement's own: on loopback, its data in a temporary folder, gone when the measurement is."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

USER = "postgres"
"""Whom the server runs as where this user is root, which it refuses to be."""


def postgresql_programs() -> Path | None:
    """Folder of PostgreSQL's own programs, which Debian keeps off the path; None when there are none that could be run."""
    if os.getuid() == 0 and USER not in {one.pw_name for one in pwd.getpwall()}:
        return None
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found:
        return found[-1].parent
    program = shutil.which("initdb")
    return Path(program).resolve().parent if program else None


@contextmanager
def own_server(programs: Path) -> Iterator[str]:
    """URL of an empty database of a server with its usual settings."""
    owner = pwd.getpwnam(USER) if os.getuid() == 0 else pwd.getpwuid(os.getuid())
    identity: dict[str, Any] = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []} if os.getuid() == 0 else {}
    folder = Path(tempfile.mkdtemp(prefix="sirekap-bench-"))
    data = str(folder / "data")

    def run(program: str, *arguments: str) -> None:
        subprocess.run([programs / program, *arguments], check=True, capture_output=True, cwd=folder, timeout=120, **identity)

    try:
        os.chown(folder, owner.pw_uid, owner.pw_gid)
        run("initdb", "--pgdata", data, "--username", "sirekap", "--auth", "trust", "--encoding", "UTF8", "--no-sync")
        port = _free_port()
        options = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories=''"
        run("pg_ctl", "start", "--wait", "--pgdata", data, "--log", str(folder / "log"), "--options", options)
        try:
            yield f"postgresql+psycopg://sirekap@127.0.0.1:{port}/postgres"
        finally:
            run("pg_ctl", "stop", "--wait", "--mode", "immediate", "--pgdata", data)
    finally:
        shutil.rmtree(folder)


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])

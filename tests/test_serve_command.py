"""`sirekap serve`, as it is typed: one message when it cannot start, and a clean end."""

from __future__ import annotations

import datetime
import http.cookiejar
import ipaddress
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from typer.testing import CliRunner

from pipeline.cli import app, serve
from pipeline.regions import Region, TpsCode
from pipeline.sheet import Sheet
from pipeline.store import accounts, open_store
from pipeline.store.accounts import Role, all_accounts
from pipeline.store.links import make_link, token_of
from pipeline.store.photos import PhotoStore
from pipeline.store.readings import ReadSheet, pending, record
from pipeline.store.regions import import_regions
from pipeline.store.schema import photos, queue, queue_reasons, results
from pipeline.store.signing import Signer
from pipeline.web import demo
from pipeline.web.demo import PEOPLE, STATIONS, NoSamplesError, NotADemoError, prepare
from tests.serving import START_SECONDS, health, serving


@pytest.mark.parametrize(("number", "workers"), [(signal.SIGINT, "1"), (signal.SIGTERM, "2")])
def test_server_answers_and_ends_cleanly(tmp_path: Path, number: signal.Signals, workers: str) -> None:
    with serving(tmp_path, "--workers", workers) as (process, address):
        assert health(address) == {"database": "ok", "ledger": 0, "waiting": 0}
        process.send_signal(number)
        said, _ = process.communicate(timeout=60)
        assert "Traceback" not in said
        assert process.returncode in (0, -number)
        assert ("Stopped." in said) == (process.returncode == 0)


def test_server_that_is_killed_leaves_no_process_behind(tmp_path: Path) -> None:
    with serving(tmp_path, "--workers", "2") as (process, address):
        health(address)
        left = psutil.Process(process.pid).children(recursive=True)
        assert len(left) >= 2
        process.kill()
        _, alive = psutil.wait_procs(left, timeout=60)
        assert alive == []


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate of this machine that nobody else has signed, and its key."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "sirekap.test")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    cert, private = folder / "cert.pem", folder / "key.pem"
    cert.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    pem = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    private.write_bytes(key.private_bytes(*pem))
    return cert, private


@pytest.mark.parametrize("workers", ["1", "2"])
def test_phone_is_let_in_over_https_with_cookies_that_go_nowhere_else(tmp_path: Path, workers: str) -> None:
    cert, key = certificate(tmp_path)
    home = tmp_path / "home"
    engine, tps = open_store(f"sqlite:///{home / 'sirekap.db'}"), "1805082001003"
    with engine.begin() as connection:
        import_regions(connection, [Region(code, "", 11 if len(code) == 10 else None) for code in ("18", "1805", "180508", tps[:10])])
        link = make_link(connection, TpsCode.parse(tps), made_by="budi", now=datetime.datetime.now(datetime.UTC))
    engine.dispose()
    token = token_of(link, Signer(home / "signing.pem"))
    trusting, cookies = ssl.create_default_context(cafile=str(cert)), http.cookiejar.CookieJar()
    browser = urllib.request.build_opener(urllib.request.HTTPSHandler(context=trusting), urllib.request.HTTPCookieProcessor(cookies))

    def asked(path: str, **sent: str) -> dict[str, Any]:
        body = json.dumps(sent).encode() if sent else None
        with browser.open(urllib.request.Request(f"{address}{path}", body, {"X-CSRF-Token": sent.get("csrf", "")})) as answer:
            assert "max-age" in answer.headers["strict-transport-security"]
            found: dict[str, Any] = json.load(answer)
            return found

    with serving(home, "--tls-cert", str(cert), "--tls-key", str(key), "--workers", workers) as (_, address):
        assert address.startswith("https://127.0.0.1:")
        assert health(address, trusting=trusting)["database"] == "ok"
        asked("/m/api/login", token=token, csrf=asked("/m/api/me")["csrf"])
        assert asked("/m/api/me")["officer"]["tps"] == tps
    assert {cookie.name: cookie.secure for cookie in cookies} == {"sirekap_session": True, "sirekap_visitor": True}


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


def test_demonstration_says_who_can_log_in_and_as_what(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "_HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    monkeypatch.setattr(serve, "_run", lambda _, listening, **__: listening.close())
    for name, value in (("SIREKAP_HOME", str(tmp_path)), ("SIREKAP_LANGUAGE", "en"), ("COLUMNS", "160")):
        monkeypatch.setenv(name, value)
    done = CliRunner().invoke(app, ["serve", "--demo", "--port", "0"], catch_exceptions=False)
    assert done.exit_code == 0
    rows = [[cell.strip() for cell in re.split("[│┃|]", line)[1:-1]] for line in done.output.splitlines()]
    said = {row[0]: row[1:] for row in rows if len(row) == 4}
    engine = open_store(f"sqlite:///{tmp_path / 'sirekap.db'}")
    for name, role, region in PEOPLE:
        password, *about = said[name]
        assert about == [role, region]
        session = accounts.log_in(engine, name, password, address="test", now=datetime.datetime.now(datetime.UTC))
        assert isinstance(session, accounts.Session)
    engine.dispose()
    assert re.search(rf"station {demo.PHONE_STATION}\): http://127.0.0.1:\d+/m#masuk=", done.output)


def test_demonstration_has_sheets_to_type_and_sheets_that_are_counted(store: sa.Engine, tmp_path: Path) -> None:
    prepare(store, PhotoStore(str(tmp_path / "photos")), max_bytes=10**8)
    told = (json.loads(line) for line in (demo.SAMPLES / "expected.jsonl").read_text("utf-8").splitlines())
    read = {sheet.sha256: sheet for sheet in map(Sheet.from_dict, told)}
    with store.begin() as connection:
        for photo in pending(connection, limit=100):
            record(connection, photo, [ReadSheet(read[photo.sha256], None)])
        of_stage = dict(connection.execute(sa.select(queue.c.stage, sa.func.count()).group_by(queue.c.stage)).all())
        reasons = set(connection.scalars(sa.select(queue_reasons.c.reason)))
        evidence = set(connection.scalars(sa.select(results.c.evidence).where(results.c.form != "")))
    assert of_stage["key"] >= 5
    assert {"sources_disagree", "check_failed"} <= reasons
    assert evidence == {"read", "checked"}


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

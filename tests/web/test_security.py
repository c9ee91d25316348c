"""What holds for every answer and every form: headers, the size of what is sent, and that nothing that was typed becomes markup."""

from __future__ import annotations

import hashlib
import re
from collections.abc import MutableMapping
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import anyio
import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from pipeline.regions import Region
from pipeline.sheet import Verdict
from pipeline.store.accounts import Role
from pipeline.store.regions import import_regions
from pipeline.store.schema import accounts, readings
from pipeline.web.language import FOLDER, TEMPLATES
from pipeline.web.security import SMALL_BODY
from tests.stores import add_photo, add_reading, sheet_saying
from tests.web.conftest import STATION, ClientAs, TestClient

VENDOR = FOLDER / "static" / "vendor"


@pytest.mark.parametrize("path", ["/login", "/nothing", "/static/style.css", "/static/../app.py", "/healthz", "/sheets/1"])
def test_every_answer_has_its_headers(visitor: TestClient, path: str) -> None:
    headers = visitor.get(path).headers
    assert headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cache-control"] == ("no-cache" if path == "/static/style.css" else "no-store")


def test_error_nobody_expected_is_a_page_with_headers_too(app: FastAPI, visitor: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("a secret of the inside")

    monkeypatch.setattr("pipeline.web.pages.login.safe_path", broken)
    client = TestClient(app, raise_server_exceptions=False)
    answer = client.get("/login")
    assert answer.status_code == 500
    assert "Terjadi kesalahan" in answer.text
    assert "secret" not in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_database_that_is_gone_is_said(app: FastAPI, visitor: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: object, **__: object) -> None:
        raise OperationalError("SELECT 1", {}, Exception("the server is gone"))

    monkeypatch.setattr(type(app.state.site.store), "connect", gone)
    client = TestClient(app, raise_server_exceptions=False)
    answer = client.get("/login")
    assert answer.status_code == 503
    assert "Untuk sementara tidak dapat dilayani" in answer.text


def test_health_says_what_there_is(visitor: TestClient) -> None:
    assert visitor.get("/healthz").json() == {"database": "ok", "ledger": 0, "waiting": 0}


def test_no_documentation_is_served(visitor: TestClient) -> None:
    for path in ("/docs", "/redoc", "/openapi.json"):
        assert visitor.get(path).status_code == 404


@pytest.mark.parametrize("declared", [True, False])
def test_body_that_is_too_large_is_refused_before_it_is_held(app: FastAPI, client_as: ClientAs, declared: bool) -> None:
    client = client_as(Role.ADMIN)
    request = client.build_request("POST", "/accounts", headers={"Content-Type": "application/x-www-form-urlencoded"})
    headers = [(name.lower(), value) for name, value in request.headers.raw if name.lower() != b"content-length"]
    scope = {
        "type": "http", "method": "POST", "path": "/accounts", "raw_path": b"/accounts", "query_string": b"", "scheme": "http",
        "headers": [*headers, (b"content-length", b"10000000")] if declared else headers, "server": ("testserver", 80), "app": app,
    }  # fmt: skip
    taken, said = 0, []

    async def receive() -> dict[str, object]:
        nonlocal taken
        taken += 10_000
        return {"type": "http.request", "body": b"x" * 10_000, "more_body": taken < 10_000_000}

    async def send(message: MutableMapping[str, Any]) -> None:
        said.append(message)

    anyio.run(app, scope, receive, send)
    assert said[0]["status"] == 413
    assert "Terlalu besar" in b"".join(one.get("body", b"") for one in said).decode()
    assert taken <= (0 if declared else SMALL_BODY + 20_000)


def test_who_is_not_let_in_sends_nothing(visitor: TestClient) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert visitor.post("/upload", content=b"x" * 2 * SMALL_BODY, headers=form).status_code == 401
    assert visitor.post("/login", content=b"x" * 2 * SMALL_BODY, headers=form).status_code == 413


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "{{1234*1234}}", "{% raw %}", "'; DROP TABLE accounts; --", '" onload="x'])
def test_names_of_regions_are_only_text(client_as: ClientAs, site_store: Engine, name: str) -> None:
    table = [Region("18", name, None), Region("1805", "TULANG BAWANG", None), Region("180508", "BANJAR AGUNG", None)]
    with site_store.begin() as connection:
        import_regions(connection, [*table, Region("1805082001", name, 11)])
        photo = add_photo(connection, name, tps=STATION)
        add_reading(connection, photo, replace(sheet_saying("c-hasil-ppwp-2024", "2", paslon_1=1), verdict=Verdict.REVIEW), likeness=None)
        (reading,) = connection.scalars(sa.select(readings.c.position))
    client = client_as(Role.PPK, STATION[:6])
    client.post(f"/review/{reading}/claim")
    shown = ("/", "/upload", f"/stations/{STATION}", f"/sheets/{reading}", "/recap/180508", "/recap/1805082001", "/live")
    for path in (*shown, f"/review/{reading}/key/1", "/review"):
        page = client.get(path)
        assert page.status_code == 200
        assert (name in text_of(page.text)) == (path in shown), path
        assert "1522756" not in page.text
        assert not [one for one in scripts_of(page.text) if not one.startswith("/static/")]
    with site_store.connect() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(accounts)) == 1


@pytest.mark.parametrize("typed", ["<b>budi</b>", "'; DROP TABLE accounts; --", "{{1234*1234}}", "budi\0", "%", "budi' OR '1'='1"])
def test_names_of_accounts_are_only_text(client_as: ClientAs, site_store: Engine, typed: str) -> None:
    client = client_as(Role.ADMIN)
    answer = client.post("/accounts", data={"name": typed, "role": "national", "region": ""})
    assert answer.status_code == 400
    assert "<b>budi" not in answer.text
    assert client.post(f"/accounts/{typed.replace(chr(0), '%00').replace('/', '')}/deactivate").status_code in (400, 404)
    with site_store.connect() as connection:
        assert list(connection.scalars(sa.select(accounts.c.name))) == ["admin-id"]


def test_zero_bytes_are_refused_wherever_they_are(client_as: ClientAs) -> None:
    client = client_as(Role.ADMIN)
    assert client.get("/accounts?after=%00").status_code == 400
    assert client.get("/stations/%00").status_code in (400, 404)
    assert client.post("/accounts", data={"name": "budi\0", "role": "national"}).status_code == 400


@pytest.mark.parametrize("path", ["/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py", "/static//etc/passwd", "/static/"])
def test_static_files_end_at_their_folder(visitor: TestClient, path: str) -> None:
    assert visitor.get(path).status_code == 404


@pytest.mark.parametrize("path", sorted(TEMPLATES.rglob("*.html")), ids=lambda path: path.name)
def test_no_template_needs_what_the_policy_forbids(path: Path) -> None:
    html = path.read_text("utf-8")
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=|javascript:|hx-on|hx-vals=.js:", html)
    assert not re.search(r"""(?:src|href|action)=["'](?:https?:)?//""", html)
    assert "| safe" not in html


@pytest.mark.parametrize("path", sorted(TEMPLATES.rglob("*.html")), ids=lambda path: path.name)
def test_every_form_that_changes_something_has_its_token(path: Path) -> None:
    for form in re.findall(r'<form[^>]*method="post".*?</form>', path.read_text("utf-8"), re.DOTALL):
        assert "visit.csrf_field" in form


def test_code_of_others_is_what_it_says_it_is() -> None:
    named = dict(re.findall(r"\| `([^`]+)` \|.*\| `([0-9a-f]{64})` \|", (VENDOR / "README.md").read_text("utf-8")))
    there = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in VENDOR.glob("*.js*")}
    assert named == there


class _Parsed(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.scripts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "script":
            self.scripts.append(dict(attrs).get("src") or "inline")
        self.texts += [value for name, value in attrs if name in ("label", "title", "value") and value]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def _parsed(html: str) -> _Parsed:
    parser = _Parsed()
    parser.feed(html)
    return parser


def text_of(html: str) -> str:
    return " ".join(" ".join(_parsed(html).texts).split())


def scripts_of(html: str) -> list[str]:
    return _parsed(html).scripts

"""Logging in and out: only who knows the password, not too often, and only from this site's own form."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import Engine

from pipeline.store.accounts import FAILURES_OF_ADDRESS, FAILURES_OF_NAME, Role
from pipeline.web.visit import SESSION_COOKIE, safe_path
from tests.web.conftest import PASSWORD, STATION, ClientAs, TestClient, session_for


def csrf_in(html: str) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', html)
    assert found is not None
    return found[1]


def try_login(visitor: TestClient, name: str, password: str, next: str = "/") -> int:
    form = {"csrf": csrf_in(visitor.get("/login").text), "name": name, "password": password, "next": next}
    return visitor.post("/login", data=form).status_code


def test_login_leads_to_the_page_that_was_asked_for(visitor: TestClient, site_store: Engine) -> None:
    session_for(site_store, Role.PPS, STATION[:10], name="budi")
    asked = visitor.get("/password?x=1")
    assert (asked.status_code, asked.headers["location"]) == (303, "/login?next=/password%3Fx%3D1")
    form = visitor.get(asked.headers["location"])
    assert 'value="/password?x=1"' in form.text
    sent = visitor.post("/login", data={"csrf": csrf_in(form.text), "name": " Budi ", "password": PASSWORD, "next": "/password?x=1"})
    assert (sent.status_code, sent.headers["location"]) == (303, "/password?x=1")
    cookie = sent.headers["set-cookie"]
    assert SESSION_COOKIE in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert visitor.get("/").status_code == 200


def test_session_over_https_is_never_sent_without(visitor: TestClient, site_store: Engine) -> None:
    session_for(site_store, Role.ADMIN, name="admin")
    secure = TestClient(visitor.app, base_url="https://sirekap.test", follow_redirects=False)
    form = secure.get("/login")
    assert form.headers["strict-transport-security"].startswith("max-age=")
    sent = secure.post("/login", data={"csrf": csrf_in(form.text), "name": "admin", "password": PASSWORD})
    assert "Secure" in sent.headers["set-cookie"]


@pytest.mark.parametrize("name", ["budi", "nobody", "' OR 1=1 --", "{{1234*1234}}", "x" * 5000])
def test_wrong_name_and_wrong_password_look_alike(visitor: TestClient, site_store: Engine, name: str) -> None:
    session_for(site_store, Role.ADMIN, name="budi")
    form = {"csrf": csrf_in(visitor.get("/login").text), "name": name, "password": "salah sekali"}
    answer = visitor.post("/login", data=form)
    assert answer.status_code == 403
    assert "Nama atau kata sandi salah" in answer.text
    assert "1522756" not in answer.text


def test_guessing_at_a_name_is_stopped(visitor: TestClient, site_store: Engine) -> None:
    session_for(site_store, Role.ADMIN, name="budi")
    guesses = [try_login(visitor, "budi", "salah") for _ in range(FAILURES_OF_NAME + 1)]
    assert guesses == [403] * FAILURES_OF_NAME + [429]
    assert try_login(visitor, "budi", PASSWORD) == 429


def test_guessing_from_an_address_is_stopped(visitor: TestClient, site_store: Engine) -> None:
    session_for(site_store, Role.ADMIN, name="budi")
    for number in range(FAILURES_OF_ADDRESS):
        assert try_login(visitor, f"name{number}", "salah") == 403
    assert try_login(visitor, "budi", PASSWORD) == 429


def test_login_of_another_site_is_refused(visitor: TestClient, site_store: Engine) -> None:
    session_for(site_store, Role.ADMIN, name="budi")
    token = csrf_in(visitor.get("/login").text)
    form = {"name": "budi", "password": PASSWORD}
    assert visitor.post("/login", data=form).status_code == 403
    assert visitor.post("/login", data={**form, "csrf": token}, headers={"Origin": "https://evil.test"}).status_code == 403
    assert visitor.post("/login", data={**form, "csrf": token}, headers={"Origin": "null"}).status_code == 403
    assert visitor.post("/login", data={**form, "csrf": token}, headers={"Origin": "http://testserver"}).status_code == 303


def test_logout_ends_the_session_on_the_server(client_as: ClientAs) -> None:
    client = client_as(Role.PPK, STATION[:6])
    token = client.cookies[SESSION_COOKIE]
    assert client.post("/logout").headers["location"] == "/login"
    client.cookies.set(SESSION_COOKIE, token)
    assert client.get("/").status_code == 303


def test_own_password_takes_the_present_one_and_ends_other_sessions(client_as: ClientAs, site_store: Engine) -> None:
    client = client_as(Role.NATIONAL, name="ani")
    assert client.post("/password", data={"present": "salah", "new": "yang baru sekali"}).status_code == 403
    assert client.post("/password", data={"present": PASSWORD, "new": "pendek"}).status_code == 400
    assert client.post("/password", data={"present": PASSWORD, "new": "yang baru sekali"}).status_code == 200
    assert client.get("/").status_code == 200


@pytest.mark.parametrize(
    "text", ["https://evil.test/", "//evil.test", "/\\evil.test", "javascript:alert(1)", "/a\r\nSet-Cookie: x", "/\tx", "", "x", "/é"]
)
def test_only_paths_of_this_site_are_gone_on_to(text: str) -> None:
    assert safe_path(text) == "/"


def test_paths_of_this_site_are_kept() -> None:
    assert safe_path("/stations/1805082001003?a=1&b=%2F") == "/stations/1805082001003?a=1&b=%2F"

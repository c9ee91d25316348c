"""Logging in and out, and one's own password."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime

from starlette.responses import Response

from pipeline.store.accounts import Account, AccountError, TooManyFailures, confirm, log_in, log_out, set_password
from pipeline.web.policy import ANYONE, PUBLIC, Policy, Routes
from pipeline.web.visit import SESSION_COOKIE, CurrentVisit, Visit, safe_path

NETWORK_OF_ONE = 64
"""Bits of an IPv6 address that stand for one line: whoever has one has all the addresses behind it."""

routes = Routes()


@routes.get("/login", policy=PUBLIC)
def login_form(visit: CurrentVisit) -> Response:
    there = safe_path(visit.request.query_params.get("next", "/"))
    if visit.session is not None:
        return visit.redirect(there)
    return visit.page("login.html", next=there, name="", failed=None)


@routes.post("/login", policy=PUBLIC)
def login(visit: CurrentVisit) -> Response:
    name, there = visit.field("name").strip().lower(), safe_path(visit.field("next"))
    session = log_in(visit.store, name, visit.field("password"), address=_address(visit), now=datetime.now(UTC))
    if session is None:
        return visit.page("login.html", status=403, next=there, name=name, failed="wrong")
    if isinstance(session, TooManyFailures):
        return _too_many(visit, session, "login.html", next=there, name=name)
    response = visit.redirect(there)
    visit.set_cookie(response, SESSION_COOKIE, session.token)
    return response


@routes.post("/logout", policy=Policy(ANYONE))
def logout(visit: CurrentVisit) -> Response:
    if visit.session is not None:
        with visit.writing() as connection:
            log_out(connection, visit.session)
    response = visit.redirect("/login")
    response.delete_cookie(SESSION_COOKIE, path="/")
    return response


@routes.get("/password", policy=Policy(ANYONE))
def password_form(visit: CurrentVisit) -> Response:
    return visit.page("password.html", failed=None, changed=False)


@routes.post("/password", policy=Policy(ANYONE))
def change_password(visit: CurrentVisit) -> Response:
    """Change one's own password, which takes the present one: a browser left open must not be enough."""
    name = visit.account.name
    confirmed = confirm(visit.store, name, visit.field("present"), address=_address(visit), now=datetime.now(UTC))
    if isinstance(confirmed, TooManyFailures):
        return _too_many(visit, confirmed, "password.html", changed=False)
    if not isinstance(confirmed, Account):
        return visit.page("password.html", status=403, failed="wrong", changed=False)
    try:
        with visit.writing() as connection:
            set_password(connection, name, visit.field("new"), keep=visit.session)
    except AccountError as error:
        return visit.page("password.html", status=400, failed="rule", said=error.said, changed=False)
    return visit.page("password.html", failed=None, changed=True)


def _too_many(visit: Visit, failures: TooManyFailures, template: str, **values: object) -> Response:
    headers = {"Retry-After": str(failures.seconds)}
    minutes = -(-failures.seconds // 60)
    return visit.page(template, status=429, headers=headers, failed="too_many", minutes=minutes, **values)


def _address(visit: Visit) -> str:
    """Where a visitor is, as failed logins are counted."""
    host = visit.request.client.host if visit.request.client else ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host[:64]
    return str(address) if address.version == 4 else str(ipaddress.ip_network((address, NETWORK_OF_ONE), strict=False))

"""Who may do what: every page is declared together with its policy, which is enforced before the page is entered.

A page that was declared without one cannot be: `Routes` demands it, and `check_policies` refuses to start an application with a route that
has none. Whoever may not do a thing at all learns so (403); whoever may, but not there, learns no more than of a thing that does not exist
(404).
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from typing import TYPE_CHECKING, Annotated, Any, Protocol, TypeVar
from urllib.parse import urlsplit

import sqlalchemy as sa
from fastapi import Depends, FastAPI
from fastapi.routing import APIRoute
from pydantic import Field
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from pipeline.regions import CodeError, TpsCode
from pipeline.sheet import Text
from pipeline.store.accounts import Account, Role, Session, session_of, slide, slides
from pipeline.store.database import READING
from pipeline.store.schema import photos, readings, regions
from pipeline.store.stations import station_of
from pipeline.web.security import STATIC, limit_of
from pipeline.web.visit import SESSION_COOKIE, PageError, Visit

if TYPE_CHECKING:
    from pipeline.web.site import Site

NATION = "id"
"""How a path names the whole country."""

FILES_AT_ONCE = 12
"""Files in one form: the pages of several polling stations, and a body that a slow line still gets through."""

FIELDS_AT_ONCE = 500
SAFE_METHODS = frozenset({"GET", "HEAD"})

LONGEST = 18
"""Digits of a number that databases can hold."""

Number = Annotated[int, Field(le=10**LONGEST)]
"""A number in an address that the database is asked for; a longer one names nothing."""

ANYONE = frozenset(Role)
FIELD = frozenset({Role.KPPS, Role.PPS, Role.PPK, Role.REGENCY, Role.PROVINCE, Role.NATIONAL})
"""Those who hold the election; the others watch it or keep the accounts."""
OPERATORS = FIELD - {Role.KPPS}
DECIDERS = OPERATORS - {Role.PPS}
"""Those who decide what two people who typed a sheet could not settle."""

FORM_EXPIRED = Text(
    "Formulir ini sudah kedaluwarsa atau bukan dari halaman ini. Muat ulang halamannya, lalu kirim lagi.",
    "This form has expired, or is not of this page. Load the page again, then send it again.",
)


class Subject(Protocol):
    """What a request is about, by the values in its path."""

    def within(self, account: Account, connection: Connection, values: Mapping[str, Any]) -> bool:
        """Whether it exists and lies in what the person answers for."""
        ...


@dataclass(frozen=True, slots=True)
class Nowhere:
    """A request that is about no region, or only about the person's own."""

    def within(self, account: Account, connection: Connection, values: Mapping[str, Any]) -> bool:
        return True


@dataclass(frozen=True, slots=True)
class Region:
    """A region whose code is in the path; `id` is the whole country."""

    parameter: str

    def within(self, account: Account, connection: Connection, values: Mapping[str, Any]) -> bool:
        code = str(values[self.parameter])
        if code == NATION:
            return account.covers("")
        known = connection.scalar(sa.select(sa.exists().where(regions.c.code == code)))
        return bool(known) and account.covers(code)


@dataclass(frozen=True, slots=True)
class Station:
    """A polling station whose code is in the path, of a village that is known."""

    parameter: str

    def within(self, account: Account, connection: Connection, values: Mapping[str, Any]) -> bool:
        try:
            station = TpsCode.parse(str(values[self.parameter]))
        except CodeError:
            return False
        known = connection.scalar(sa.select(sa.exists().where(regions.c.code == station.village)))
        return bool(known) and account.covers(str(station))


@dataclass(frozen=True, slots=True)
class PhotoOf:
    """A photo whose row in the ledger is in the path: that of the polling station it is of now."""

    parameter: str

    def within(self, account: Account, connection: Connection, values: Mapping[str, Any]) -> bool:
        return _covers_photo(account, connection, photos.c.position == number_of(values[self.parameter]))


@dataclass(frozen=True, slots=True)
class SheetOf:
    """A reading whose row in the ledger is in the path: that of the polling station its photo is of now."""

    parameter: str

    def within(self, account: Account, connection: Connection, values: Mapping[str, Any]) -> bool:
        its_photo = sa.select(readings.c.photo).where(readings.c.position == number_of(values[self.parameter])).scalar_subquery()
        return _covers_photo(account, connection, photos.c.position == its_photo)


NOWHERE = Nowhere()


@dataclass(frozen=True, slots=True)
class Policy:
    """Who may do a thing (None: everybody, also who is not logged in), and what it is about."""

    roles: frozenset[Role] | None
    subject: Subject = NOWHERE

    def admits(self, session: Session | None) -> bool:
        """Whether this is a person who may do it somewhere."""
        return self.roles is None or (session is not None and session.account.role in self.roles)


PUBLIC = Policy(None)


class NoPolicyError(Exception):
    """A route of the application has no policy; the message names it."""


class Guard:
    """Enforces a policy: what a page depends on before anything else, and before what was sent is read."""

    def __init__(self, policy: Policy, *, files: bool = False, body: int = 0) -> None:
        self.policy = policy
        self._files = files
        self._body = body

    async def enforce(self, request: Request) -> AsyncIterator[None]:
        """Let a visitor in, or raise why not; what was sent is closed when the page has been left."""
        site: Site = request.app.state.site
        _check_text(request.path_params.values(), (text for _, text in request.query_params.multi_items()))
        session = await run_in_threadpool(self._let_in, site, request)
        form, body = await self._sent(request, site)
        visit = request.state.visit = Visit(request, site, session, form, body)
        try:
            _check_text(sent for _, sent in form.multi_items())
            if request.method not in SAFE_METHODS and not _is_own_form(visit):
                raise PageError(403, FORM_EXPIRED)
            yield
        finally:
            await form.close()

    def _let_in(self, site: Site, request: Request) -> Session | None:
        now = datetime.now(UTC)
        with site.store.connect().execution_options(**{READING: True}) as connection:
            session = session_of(connection, request.cookies.get(SESSION_COOKIE, ""), now=now)
            request.state.session = session
            if self.policy.roles is not None:
                if session is None:
                    raise HTTPException(401)
                if not self.policy.admits(session):
                    raise HTTPException(403)
                if not self.policy.subject.within(session.account, connection, request.path_params):
                    raise HTTPException(404)
        if session is not None and slides(session, now=now):
            with site.store.begin() as connection:
                slide(connection, session, now=now)
        return session

    async def _sent(self, request: Request, site: Site) -> tuple[FormData, bytes]:
        """The form or the body of a request, as its page takes it."""
        if request.method in SAFE_METHODS:
            return FormData(), b""
        if self._body:
            limit_of(request.scope).bytes = self._body
            return FormData(), await request.body()
        if self._files:
            limit_of(request.scope).bytes += FILES_AT_ONCE * round(site.settings.max_file_megabytes * 1e6)
        return await request.form(max_files=FILES_AT_ONCE if self._files else 0, max_fields=FIELDS_AT_ONCE), b""


PageFunction = TypeVar("PageFunction", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class _Declared:
    method: str
    path: str
    guard: Guard
    function: Callable[..., Any]


class Routes:
    """The pages of one module, each declared with its policy."""

    def __init__(self) -> None:
        self._declared: list[_Declared] = []

    def get(self, path: str, *, policy: Policy) -> Callable[[PageFunction], PageFunction]:
        """Declare what a page shows; it must change nothing."""
        return self._declare("GET", path, Guard(policy))

    def post(self, path: str, *, policy: Policy, files: bool = False, body: int = 0) -> Callable[[PageFunction], PageFunction]:
        """Declare what a form does; `files` says that it may send photos, `body` that no form is sent but so many bytes at most."""
        return self._declare("POST", path, Guard(policy, files=files, body=body))

    def put(self, path: str, *, policy: Policy, body: int) -> Callable[[PageFunction], PageFunction]:
        """Declare what keeps so many bytes at most under a name that the path says."""
        return self._declare("PUT", path, Guard(policy, body=body))

    def add_to(self, app: FastAPI) -> None:
        """Put the pages into an application."""
        for one in self._declared:
            guarded = [Depends(one.guard.enforce)]
            app.add_api_route(one.path, one.function, methods=[one.method], dependencies=guarded, response_model=None)

    def _declare(self, method: str, path: str, guard: Guard) -> Callable[[PageFunction], PageFunction]:
        def declared(function: PageFunction) -> PageFunction:
            self._declared.append(_Declared(method, path, guard, function))
            return function

        return declared


def number_of(text: str) -> int:
    """The row or version that a text names; 0, which is none, when it is no number that a database can hold."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= LONGEST else 0


def check_policies(app: FastAPI) -> dict[tuple[str, str], Policy]:
    """The policy of every route, by method and path.

    Raises
    ------
    NoPolicyError
        A route has none. The static files, which are for everybody, are the only ones that need none.
    """
    policies: dict[tuple[str, str], Policy] = {}
    for route in app.routes:
        if isinstance(route, Mount) and route.path == STATIC and isinstance(route.app, StaticFiles):
            continue
        called = [getattr(one.call, "__self__", None) for one in route.dependant.dependencies] if isinstance(route, APIRoute) else []
        guards = [one for one in called if isinstance(one, Guard)]
        if not isinstance(route, APIRoute) or len(guards) != 1:
            raise NoPolicyError(f"the route {getattr(route, 'path', route)} has no policy; declare it with pipeline.web.policy.Routes")
        policies |= {(method, route.path): guards[0].policy for method in route.methods or ()}
    return policies


def _check_text(*sent: Iterable[object]) -> None:
    """Refuse a text with a zero byte, which no person types and PostgreSQL keeps in no text."""
    if any(isinstance(text, str) and "\0" in text for text in chain(*sent)):
        raise HTTPException(400)


def _is_own_form(visit: Visit) -> bool:
    """Whether what was sent comes from a page of this site that this visitor was given."""
    request = visit.request
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        return False
    token = request.headers.get("x-csrf-token") or visit.field("csrf")
    return secrets.compare_digest(token.encode(), visit.csrf.encode())


def _covers_photo(account: Account, connection: Connection, which: sa.ColumnElement[bool]) -> bool:
    row = connection.execute(sa.select(station_of(photos).label("tps")).where(which)).first()
    return row is not None and account.covers(row.tps)

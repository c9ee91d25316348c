"""One shape for whatever goes wrong: what it is, and what to do, as a page, as a part of one, or as JSON."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DBAPIError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from pipeline.engine.patience import passes
from pipeline.sheet import Text
from pipeline.store import StoreError
from pipeline.store.accounts import Session, session_of
from pipeline.store.database import READING
from pipeline.web.security import secure
from pipeline.web.visit import SESSION_COOKIE, PageError, Visit, safe_path

if TYPE_CHECKING:
    from pipeline.web.site import Site

log = logging.getLogger(__name__)

TITLES: Mapping[int, Text] = {
    400: Text("Permintaan tidak dapat dibaca", "The request cannot be read"),
    401: Text("Anda belum masuk", "You are not logged in"),
    403: Text("Tidak diizinkan", "Not allowed"),
    404: Text("Tidak ditemukan", "Not found"),
    405: Text("Tidak dapat dilakukan di sini", "This cannot be done here"),
    409: Text("Sudah berubah", "It has changed"),
    413: Text("Terlalu besar", "Too large"),
    429: Text("Terlalu sering", "Too often"),
    500: Text("Terjadi kesalahan", "Something went wrong"),
    503: Text("Untuk sementara tidak dapat dilayani", "Not available for the moment"),
}

ADVICE: Mapping[int, Text] = {
    400: Text("Kembali ke halaman sebelumnya, lalu kirim lagi.", "Go back to the page before, then send it again."),
    401: Text("Masuk dengan nama dan kata sandi Anda.", "Log in with your name and password."),
    403: Text("Peran Anda tidak boleh membuka halaman ini.", "Your role may not open this page."),
    404: Text(
        "Halaman ini tidak ada, atau tidak termasuk wilayah Anda. Periksa alamatnya, atau mulai dari beranda.",
        "This page does not exist, or is not of your region. Check the address, or begin at the home page.",
    ),
    405: Text("Kembali ke halaman sebelumnya.", "Go back to the page before."),
    409: Text("Muat ulang halamannya, lalu ulangi.", "Load the page again, then repeat it."),
    413: Text("Kirim lebih sedikit foto sekaligus, atau foto yang lebih kecil.", "Send fewer photos at once, or smaller ones."),
    429: Text("Tunggu sebentar, lalu coba lagi.", "Wait a while, then try again."),
    500: Text(
        "Yang sudah tersimpan aman. Coba lagi; bila terulang, laporkan jam dan halamannya.",
        "What was saved is safe. Try again; if it happens again, report the time and the page.",
    ),
    503: Text("Yang sudah tersimpan aman. Coba lagi sebentar lagi.", "What was saved is safe. Try again in a moment."),
}


def install(app: FastAPI) -> None:
    """Let an application answer errors in this shape."""
    app.add_exception_handler(HTTPException, _of_http)
    app.add_exception_handler(RequestValidationError, _of_path)
    app.add_exception_handler(ClientDisconnect, _of_nobody)
    app.add_exception_handler(Exception, _of_bug)


async def _of_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 401:
        return _to_login(request) or await _answer(request, 401, None)
    return await _answer(request, error.status_code, error.said if isinstance(error, PageError) else None, headers=error.headers)


async def _of_path(request: Request, error: Exception) -> Response:
    """A value in a path that is not of its type names nothing."""
    return await _answer(request, 404, None)


async def _of_nobody(request: Request, error: Exception) -> Response:
    """Whoever asked was gone before all of it was here: a phone without a signal is nothing to complain of, and nobody hears the answer."""
    return Response(status_code=400)


async def _of_bug(request: Request, error: Exception) -> Response:
    """Whatever nobody expected; a database that is gone or locked comes back by itself."""
    passing = isinstance(error, StoreError) or (isinstance(error, DBAPIError) and passes(error))
    response = await _answer(request, 503 if passing else 500, None)
    # Starlette answers this one outside of all middleware.
    secure(MutableHeaders(raw=response.raw_headers), request.scope)
    return response


def _to_login(request: Request) -> Response | None:
    """To the login and back, for a page that is looked at; None for what cannot be repeated after it."""
    if "hx-request" in request.headers:
        here = urlsplit(request.headers.get("hx-current-url", "/"))
        there = _login_for(safe_path(f"{here.path}?{here.query}" if here.query else here.path))
        return Response(status_code=401, headers={"HX-Redirect": there})
    if request.method != "GET":
        return None
    path, query = request.url.path, request.url.query
    return RedirectResponse(_login_for(safe_path(f"{path}?{query}" if query else path)), status_code=303)


def _login_for(path: str) -> str:
    return "/login" if path == "/" else f"/login?next={quote(path, safe='/')}"


async def _answer(request: Request, status: int, said: Text | None, *, headers: Mapping[str, str] | None = None) -> Response:
    title, advice = TITLES.get(status, TITLES[400]), said or ADVICE.get(status, ADVICE[400])
    if "application/json" in request.headers.get("accept", ""):
        body = {"error": {"status": status, "title": title.to_dict(), "advice": advice.to_dict()}}
        return JSONResponse(body, status_code=status, headers=headers)
    site: Site = request.app.state.site
    session = await run_in_threadpool(_session, site, request)
    visit = Visit(request, site, session)
    template = "error_part.html" if visit.is_fragment else "error.html"
    return visit.page(template, status=status, headers=headers, code=status, title=title, advice=advice)


def _session(site: Site, request: Request) -> Session | None:
    """Who is logged in, also on a path that no page has; nobody when the database does not say."""
    if hasattr(request.state, "session"):
        session: Session | None = request.state.session
        return session
    try:
        with site.store.connect().execution_options(**{READING: True}) as connection:
            return session_of(connection, request.cookies.get(SESSION_COOKIE, ""), now=datetime.now(UTC))
    except DBAPIError:
        log.warning("the session of a visitor cannot be looked up", exc_info=True)
        return None

"""One visit: who asks, in which language, and what a page needs to answer.

A page is a function of a `Visit`. It asks the store in `visit.reading()`, changes it in `visit.writing()`, and answers with
`visit.page("name.html", ...)`.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Depends
from markupsafe import Markup
from sqlalchemy import Connection, Engine
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from pipeline.settings import Language, Settings
from pipeline.sheet import Text
from pipeline.store.accounts import Account, Session
from pipeline.store.database import READING
from pipeline.store.photos import PhotoStore
from pipeline.web.language import speech, templates

if TYPE_CHECKING:
    from pipeline.web.site import Site

SESSION_COOKIE = "sirekap_session"
LANGUAGE_COOKIE = "sirekap_language"
VISITOR_COOKIE = "sirekap_visitor"
"""Holds the CSRF token of somebody who is not logged in."""


@dataclass(frozen=True)
class Visit:
    """A request that was let in.

    Attributes
    ----------
    session
        Who is logged in; None on pages for everybody.
    form
        The fields and files that were sent with it.
    body
        What was sent to a page that takes no form.
    """

    request: Request
    site: Site
    session: Session | None
    form: FormData = field(default_factory=FormData)
    body: bytes = b""

    @property
    def account(self) -> Account:
        """The person who is logged in; a LookupError on pages for everybody, which ask `session`."""
        if self.session is None:
            raise LookupError("nobody is logged in")
        return self.session.account

    @property
    def settings(self) -> Settings:
        return self.site.settings

    @property
    def store(self) -> Engine:
        return self.site.store

    @property
    def photos(self) -> PhotoStore:
        return self.site.photos

    @cached_property
    def language(self) -> Language:
        chosen = self.request.cookies.get(LANGUAGE_COOKIE, "")
        return Language(chosen) if chosen in set(Language) else self.settings.language

    @cached_property
    def csrf(self) -> str:
        """What unsafe requests of this visitor must carry."""
        if self.session is not None:
            return self.session.csrf
        return self.request.cookies.get(VISITOR_COOKIE) or secrets.token_urlsafe(32)

    @property
    def csrf_field(self) -> Markup:
        """The hidden field that every form must have."""
        return Markup('<input type="hidden" name="csrf" value="{}">').format(self.csrf)

    @property
    def here(self) -> str:
        """The path to come back to, with its query: that of this page, `/` after a form that has none of its own."""
        url, route = self.request.url, self.request.scope.get("route")
        if self.request.method != "GET" and ("GET", getattr(route, "path", "")) not in self.site.policies:
            return "/"
        return f"{url.path}?{url.query}" if url.query else url.path

    @property
    def is_fragment(self) -> bool:
        """Whether a script asks for a part of a page."""
        return "hx-request" in self.request.headers

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that sees one moment of the store."""
        with self.store.connect().execution_options(**{READING: True}) as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that changes the store."""
        with self.store.begin() as connection:
            yield connection

    def field(self, name: str) -> str:
        """A text of the form that was sent, empty when it is not there."""
        value = self.form.get(name, "")
        return value if isinstance(value, str) else ""

    def sent_json(self) -> dict[str, Any]:
        """The JSON object that was sent; 400 when it is none."""
        try:
            sent = json.loads(self.body)
        except ValueError:
            sent = None
        if not isinstance(sent, dict):
            raise HTTPException(400)
        return sent

    def gettext(self, sentence: str, **values: object) -> str:
        """A sentence of this page, given in Indonesian, in the language of the visitor."""
        return speech(self.language).gettext(sentence, **values)

    def say(self, text: Text) -> str:
        """What another part of the program says, in the language of the visitor."""
        return speech(self.language).say(text)

    def part(self, template: str, **values: Any) -> str:
        """What a template says."""
        return templates(self.language).get_template(template).render(visit=self, **values)

    def json(self, said: Mapping[str, Any], *, status: int = 200) -> Response:
        """An answer for a script."""
        return self._answer(JSONResponse(said, status_code=status))

    def page(self, template: str, *, status: int = 200, headers: Mapping[str, str] | None = None, **values: Any) -> Response:
        """An answer made of a template: a whole page, or a part of one when the template extends none."""
        html = self.part(template, **values)
        return self._answer(HTMLResponse(html, status_code=status, headers=headers))

    def _answer(self, response: Response) -> Response:
        """An answer, with the token that forms of somebody who is not logged in must carry."""
        if self.session is None and VISITOR_COOKIE not in self.request.cookies:
            self.set_cookie(response, VISITOR_COOKIE, self.csrf)
        return response

    def redirect(self, path: str) -> Response:
        """An answer that sends the browser to another page of this site."""
        if self.is_fragment:
            return Response(status_code=204, headers={"HX-Redirect": path})
        return RedirectResponse(path, status_code=303)

    def set_cookie(self, response: Response, name: str, value: str, *, seconds: int | None = None) -> None:
        """Give the browser a cookie that no script and no other site can use."""
        secure = self.request.url.scheme == "https"
        response.set_cookie(name, value, max_age=seconds, path="/", secure=secure, httponly=True, samesite="lax")

    def links(self) -> list[tuple[str, Text, bool]]:
        """Path and name of each place this visitor may go to, and whether it is where the visitor is."""
        return self.site.links(self.session, self.request.url.path)


class PageError(HTTPException):
    """What was asked cannot be done; `said` tells the visitor why, and what to do."""

    def __init__(self, status: int, said: Text) -> None:
        super().__init__(status, said.en)
        self.said = said


async def of_request(request: Request) -> Visit:
    """The visit that a guard has let in."""
    visit: Visit = request.state.visit
    return visit


CurrentVisit = Annotated[Visit, Depends(of_request)]
"""The type of the parameter of a page."""


def safe_path(text: str) -> str:
    """A path of this site to go on to, `/` for anything else: no other host, no script, no line end."""
    is_path = text.startswith("/") and not text.startswith(("//", "/\\")) and text.isascii() and text.isprintable()
    return text if is_path and "\\" not in text else "/"

"""What holds for every answer and every request, whatever page it is: headers that keep browsers safe, and how much may be sent.

Scripts, styles and pictures come from this server alone, nothing may frame its pages, and nothing but static files is kept by a browser. A
body is counted while it comes; how long it may be is raised by the page that has let its sender in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

STATIC = "/static"

SMALL_BODY = 200_000
"""Bytes that a form without files may have, and that anybody may send before being let in."""

HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; manifest-src 'self'; worker-src 'self'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(self), geolocation=(), microphone=()",
}
YEAR = "max-age=31536000"


@dataclass(slots=True)
class BodyLimit:
    """How many bytes the body of a request may still have."""

    bytes: int


def limit_of(scope: Scope) -> BodyLimit:
    """The limit of a request, which its page may raise before the body is read."""
    limit: BodyLimit = scope["body_limit"]
    return limit


def secure(headers: MutableHeaders, scope: Scope) -> None:
    """Add the headers of every answer, where the page has not said otherwise."""
    for name, value in HEADERS.items():
        headers.setdefault(name, value)
    # Static files are asked for again each time and sent again when they have changed.
    headers.setdefault("cache-control", "no-cache" if scope["path"].startswith(f"{STATIC}/") else "no-store")
    if scope["scheme"] == "https":
        headers.setdefault("strict-transport-security", YEAR)


class Security:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = scope["body_limit"] = BodyLimit(SMALL_BODY)
        declared = Headers(scope=scope).get("content-length", "0")
        received = 0

        async def counted() -> Message:
            nonlocal received
            if declared.isdecimal() and int(declared) > limit.bytes:
                raise HTTPException(413)
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit.bytes:
                raise HTTPException(413)
            return message

        async def sent(message: Any) -> None:
            if message["type"] == "http.response.start":
                secure(MutableHeaders(scope=message), scope)
            await send(message)

        await self._app(scope, counted, sent)

"""A phone, as the server knows it: it logs in by its link and sends its photos in pieces, as the app does.

It asks what the app asks, in the same order, and tries again as the app does when there is no answer. Some photos meet trouble on purpose.
What comes out are the receipts that it was given, and how long every request took.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from http.cookies import SimpleCookie
from typing import Any, TypeVar

from pipeline.store.uploads import CHUNK

PATIENCE = 60.0
"""Seconds that a phone waits for an answer; the app waits longer for one to a piece, which on loopback nothing makes it need."""

SHORTEST_PAUSE, LONGEST_PAUSE = 2.0, 60.0
FIRST_ASKED, ASKED_LATER, LAST_ASKED = 2.5, 1.5, 30.0
"""Seconds before the app tries again, and before it asks what became of a photo: first, how many times as
long each time after, and at most."""

ATTEMPTS = 7
"""Times that a phone tries before it counts as one that cannot send; the app never gives up."""

NOISE = random.Random(0).randbytes(CHUNK)
"""What photos are filled with: a file like JPEG, which nothing can make smaller."""


class Asked(StrEnum):
    """What a phone asks of the server."""

    ME = "me"
    LOGIN = "login"
    BEGIN = "begin"
    PIECE = "piece"
    FINISH = "finish"
    STATE = "state"


class Trouble(StrEnum):
    """What may happen to a photo on its way."""

    BROKEN_OFF = "broken off inside a piece"
    SENT_TWICE = "sent twice"
    PIECE_TWICE = "a piece sent twice"
    ANSWER_LOST = "answer of finish lost"
    FINISHED_TWICE = "finished twice at once"


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo of a polling station, of so many bytes, which are made when they are asked for."""

    tps: str
    page: int
    size: int
    trouble: Trouble | None

    @property
    def pieces(self) -> int:
        return -(-self.size // CHUNK)

    @property
    def middle(self) -> int:
        """The piece that trouble meets."""
        return self.pieces // 2

    def piece(self, number: int) -> bytes:
        """A piece, counted from 0; the first one says of which station and page the photo is."""
        length = min(CHUNK, self.size - number * CHUNK)
        return (b"\xff\xd8\xff" + f"{self.tps} {self.page} {number} ".encode() + NOISE)[:length]

    @property
    def sha256(self) -> str:
        hashed = hashlib.sha256()
        for number in range(self.pieces):
            hashed.update(self.piece(number))
        return hashed.hexdigest()


@dataclass(frozen=True, slots=True)
class Sent:
    """A photo that came, the receipt that its phone was given, and the seconds from its beginning to that."""

    photo: Photo
    sha256: str
    receipt: Mapping[str, Any]
    seconds: float


@dataclass(slots=True)
class Browser:
    """What a phone keeps between two requests, and the requests that it has made: kind, ms, and status."""

    csrf: str = ""
    cookies: dict[str, str] = field(default_factory=dict)
    requests: list[tuple[Asked, float, int]] = field(default_factory=list)


Result = TypeVar("Result")


class Phone:
    """A phone that logs in and sends its photos, one after the other."""

    def __init__(self, port: int, token: str, planned: Sequence[Photo], ended: threading.Event) -> None:
        self.photos = planned
        self.browser = Browser()
        self.sent: list[Sent] = []
        self.problems: list[str] = []
        self.retries = 0
        self._token = token
        self._ended = ended
        self._asks_every = FIRST_ASKED
        self._asks_at = 0.0
        self._line, self._second_line = (_Line(port, self.browser) for _ in range(2))

    def run(self, together: threading.Barrier, came: Callable[[], None]) -> None:
        """Send everything as soon as all phones are there; `came` is called after each photo."""
        together.wait()
        try:
            self._persist(self._log_in)
        except _FailedError as error:
            self.problems.append(f"station {self.photos[0].tps} cannot log in: {error}")
            return
        for photo in self.photos:
            started, sha256 = time.perf_counter(), photo.sha256
            try:
                receipt = self._persist(partial(self._send, photo, f"/m/api/uploads/{sha256}/{photo.size}"))
                self.sent.append(Sent(photo, sha256, receipt, time.perf_counter() - started))
                self._follow()
                self._asks_every = FIRST_ASKED
            except _FailedError as error:
                self.problems.append(f"station {photo.tps} cannot send page {photo.page}: {error}")
            came()
        self._line.close()

    def _persist(self, what: Callable[[], Result]) -> Result:
        """Try until it is done, as the app does: after a pause that doubles each time, and after a refusal it asks who is logged in."""
        pause = SHORTEST_PAUSE
        for _ in range(ATTEMPTS - 1):
            try:
                return what()
            except _FailedError as error:
                self.retries += 1
                self._line.close()
                if self._ended.wait(pause):
                    raise
                pause = min(2 * pause, LONGEST_PAUSE)
                if error.refused:
                    self._me()
        return what()

    def _follow(self) -> None:
        """Ask what became of the first photo that waits to be read, which here all of them do."""
        position = self.sent[0].receipt["position"]
        with suppress(_FailedError):
            self._line.ask(_Request(Asked.STATE, "GET", f"/m/api/photos/{position}"))
        self._asks_at = time.perf_counter() + self._asks_every

    def _follow_when_due(self) -> None:
        if self.sent and time.perf_counter() >= self._asks_at:
            self._asks_every = min(ASKED_LATER * self._asks_every, LAST_ASKED)
            self._follow()

    def _log_in(self) -> None:
        self._me()
        self._line.ask(_Request(Asked.LOGIN, "POST", "/m/api/login", _json(token=self._token)))
        self._me()

    def _me(self) -> None:
        self.browser.csrf = str(self._line.ask(_Request(Asked.ME, "GET", "/m/api/me"))["csrf"])

    def _send(self, photo: Photo, path: str) -> Mapping[str, Any]:
        """Send a photo through its trouble; gives the receipt."""
        if photo.trouble is Trouble.BROKEN_OFF:
            self._break_off(photo, path)
        receipt = self._send_whole(photo, path)
        match photo.trouble:
            case Trouble.SENT_TWICE:  # as from a phone that began before another one was done
                with suppress(_FailedError):
                    self._line.ask(_put(photo, path, photo.middle))
                self._same(photo, receipt, self._send_whole(photo, path))
            case Trouble.ANSWER_LOST:
                self._line.close()
                self._same(photo, receipt, self._send_whole(photo, path))
            case _:
                pass
        return receipt

    def _send_whole(self, photo: Photo, path: str) -> Mapping[str, Any]:
        begun = self._begin(photo, path)
        if "receipt" in begun:
            return _receipt(begun)
        return self._send_pieces(photo, path, [number for number in range(photo.pieces) if number not in begun["received"]])

    def _begin(self, photo: Photo, path: str) -> dict[str, Any]:
        return self._line.ask(_Request(Asked.BEGIN, "POST", path, _json(), photo.tps))

    def _send_pieces(self, photo: Photo, path: str, numbers: Sequence[int]) -> Mapping[str, Any]:
        for number in numbers:
            twice = photo.trouble is Trouble.PIECE_TWICE and number == photo.middle
            for _ in range(2 if twice else 1):
                self._line.ask(_put(photo, path, number))
            self._follow_when_due()
        finish = _Request(Asked.FINISH, "POST", f"{path}/finish", _json(name=f"page-{photo.page}.jpg", page=str(photo.page)), photo.tps)
        return self._finish_twice(photo, finish) if photo.trouble is Trouble.FINISHED_TWICE else _receipt(self._line.ask(finish))

    def _finish_twice(self, photo: Photo, finish: _Request) -> Mapping[str, Any]:
        """Ask again before there is an answer, as after one that took too long. Both may be refused, and are asked for anew then."""
        others = []
        self._second_line.send(finish)
        try:
            receipt = _receipt(self._line.ask(finish))
        finally:
            with suppress(_FailedError):
                others.append(_receipt(self._second_line.answer(finish)))
            self._second_line.close()
            self._line.close()  # was left alone meanwhile, longer perhaps than the server keeps a line on which nothing is asked
        for other in others:
            self._same(photo, receipt, other)
        return receipt

    def _break_off(self, photo: Photo, path: str) -> None:
        """Begin, and lose the line inside a piece halfway through the photo."""
        if "receipt" not in self._begin(photo, path):
            for number in range(photo.middle):
                self._line.ask(_put(photo, path, number))
            broken = _put(photo, path, photo.middle)
            self._line.send(broken, only=len(broken.body) // 2)
        self._line.close()

    def _same(self, photo: Photo, one: Mapping[str, Any], other: Mapping[str, Any]) -> None:
        if one != other:
            self.problems.append(f"station {photo.tps} was given two receipts of one photo: {one} and {other}")


class _FailedError(Exception):
    """A request that was not answered, or `refused`; the message says which and how."""

    def __init__(self, message: str, *, refused: bool = False) -> None:
        super().__init__(message)
        self.refused = refused


@dataclass(frozen=True, slots=True)
class _Request:
    asked: Asked
    method: str
    path: str
    body: bytes = b""
    tps: str = ""
    sha256: str = ""


class _Line:
    """A connection, which is made anew whenever it is needed; the cookies and the token of a phone are the same on all of its lines."""

    def __init__(self, port: int, browser: Browser) -> None:
        self._browser = browser
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        self._started = 0.0
        self._broken: OSError | None = None

    def ask(self, request: _Request) -> dict[str, Any]:
        self.send(request)
        return self.answer(request)

    def send(self, request: _Request, *, only: int | None = None) -> None:
        """Send a request, or only the first bytes of its body; whether that went well is seen when an answer is waited for."""
        self._started = time.perf_counter()
        headers = {
            "Accept": "application/json", "X-CSRF-Token": self._browser.csrf, "Content-Length": str(len(request.body)),
            "Cookie": "; ".join(f"{name}={value}" for name, value in self._browser.cookies.items()), "X-TPS": request.tps,
            "X-Chunk-SHA256": request.sha256,
        }  # fmt: skip
        self._broken = None
        try:
            self._connection.request(request.method, request.path, request.body[:only], headers)
        except OSError as error:
            self._broken = error

    def answer(self, request: _Request) -> dict[str, Any]:
        """What the server says to the request that was sent last; notes how long it took."""
        status, body = 0, b""
        try:
            if self._broken is not None:
                raise self._broken
            answer = self._connection.getresponse()
            status, body = answer.status, answer.read()
            for cookie in answer.headers.get_all("Set-Cookie", []):
                self._browser.cookies |= {name: morsel.value for name, morsel in SimpleCookie(cookie).items()}
            said: dict[str, Any] = json.loads(body)
        except (OSError, http.client.HTTPException, ValueError) as error:
            self.close()
            raise _FailedError(f"{request.asked} was not answered ({type(error).__name__} {error})") from error
        finally:
            self._browser.requests.append((request.asked, 1_000 * (time.perf_counter() - self._started), status))
        if status != 200:
            advice = said.get("error", {}).get("advice", {}).get("en")
            raise _FailedError(f"{request.asked} was answered with {status}: {advice}", refused=status < 500)
        return said

    def close(self) -> None:
        self._connection.close()


def _put(photo: Photo, path: str, number: int) -> _Request:
    piece = photo.piece(number)
    return _Request(Asked.PIECE, "PUT", f"{path}/{number}", piece, photo.tps, hashlib.sha256(piece).hexdigest())


def _receipt(said: Mapping[str, Any]) -> Mapping[str, Any]:
    receipt: Mapping[str, Any] = said["receipt"]
    return receipt


def _json(**said: str) -> bytes:
    return json.dumps(said).encode()

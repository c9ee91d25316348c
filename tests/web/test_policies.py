"""Who gets in where: every route for every role, in the person's region and outside of it. A route that is not in the table fails.

The pages themselves are left out: what is tested here is whether they are entered.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from fastapi import APIRouter, FastAPI
from starlette.responses import PlainTextResponse, Response

from pipeline.settings import Settings
from pipeline.store import accounts
from pipeline.store.accounts import Role
from pipeline.web import pages
from pipeline.web.app import create_app
from pipeline.web.policy import NoPolicyError, Routes, check_policies
from pipeline.web.site import NAVIGATION
from pipeline.web.visit import SESSION_COOKIE
from tests.sheets import make_sheet
from tests.stores import add_photo, add_reading
from tests.web.conftest import ELSEWHERE, STATION, TestClient, session_for

EVERYBODY = None
WATCH = frozenset(["admin", "auditor"])
DECIDE = frozenset(["ppk", "regency", "province", "national"])
OPERATE = DECIDE | {"pps"}
SEND = OPERATE | {"kpps"}
OFFICER = frozenset(["kpps"])
LOGGED_IN = SEND | WATCH

TABLE: dict[str, frozenset[str] | None] = {
    "GET /login": EVERYBODY,
    "POST /login": EVERYBODY,
    "GET /healthz": EVERYBODY,
    "GET /language/{language}": EVERYBODY,
    "POST /logout": LOGGED_IN,
    "GET /password": LOGGED_IN,
    "POST /password": LOGGED_IN,
    "GET /": LOGGED_IN,
    "GET /upload": SEND,
    "POST /upload": SEND,
    "GET /stations/{tps}": LOGGED_IN,
    "GET /sheets/{reading}": LOGGED_IN,
    "GET /sheets/{reading}/page.jpg": LOGGED_IN,
    "GET /sheets/{reading}/photo.jpg": LOGGED_IN,
    "GET /sheets/{reading}/overlay.jpg": LOGGED_IN,
    "GET /sheets/{reading}/crop/{field}/{source}.jpg": LOGGED_IN,
    "GET /sheets/{reading}/box/{field}/{place}.jpg": LOGGED_IN,
    "GET /photos/{photo}/original": WATCH,
    "GET /accounts": frozenset({"admin"}),
    "POST /accounts": frozenset({"admin"}),
    "POST /accounts/{name}/deactivate": frozenset({"admin"}),
    "GET /review": OPERATE | WATCH,
    "POST /review/next": OPERATE,
    "POST /review/next-decision": DECIDE,
    "POST /review/{reading}/claim": OPERATE,
    "GET /review/{reading}/key/{version}": OPERATE,
    "POST /review/{reading}/key": OPERATE,
    "POST /review/{reading}/renew": OPERATE,
    "POST /review/{reading}/release": OPERATE,
    "GET /review/{reading}/resolve/{version}": DECIDE,
    "POST /review/{reading}/sums": DECIDE,
    "POST /review/{reading}/resolve": DECIDE,
    "POST /review/{reading}/undo": DECIDE,
    "POST /review/{reading}/doubt": DECIDE,
    "GET /review/contact/{sign}": DECIDE,
    "GET /review/people": DECIDE | WATCH,
    "GET /recap": OPERATE | WATCH,
    "GET /recap/{code}": OPERATE | WATCH,
    "GET /recap/{code}/d-hasil.pdf": DECIDE | WATCH,
    "GET /recap/{code}/d-hasil.xlsx": DECIDE | WATCH,
    "GET /live": OPERATE | WATCH,
    "GET /live/events": OPERATE | WATCH,
    "GET /stations/{tps}/links": OPERATE,
    "POST /stations/{tps}/links": OPERATE,
    "POST /stations/{tps}/links/{number}/revoke": OPERATE,
    "GET /m": EVERYBODY,
    "GET /m/sw.js": EVERYBODY,
    "GET /m/check-worker.js": EVERYBODY,
    "GET /m/manifest.webmanifest": EVERYBODY,
    "GET /m/api/me": EVERYBODY,
    "POST /m/api/login": EVERYBODY,
    "POST /m/api/logout": OFFICER,
    "POST /m/api/uploads/{sha256}/{size}": OFFICER,
    "PUT /m/api/uploads/{sha256}/{size}/{number}": OFFICER,
    "POST /m/api/uploads/{sha256}/{size}/finish": OFFICER,
    "GET /m/api/photos/{photo}": OFFICER,
    "POST /m/api/sheets/{reading}/confirm": OFFICER,
    "POST /m/api/notes": OFFICER,
    "GET /cek": EVERYBODY,
    "GET /cek/kunci.pem": EVERYBODY,
    "GET /cek/{token}": EVERYBODY,
    "GET /cek/{token}/foto.jpg": EVERYBODY,
}
"""Every route, and the roles that may enter it."""

REGIONS = {
    "kpps": 13, "pps": 10, "ppk": 6, "regency": 4, "province": 2, "national": 0, "auditor": 0, "admin": 0,
}  # fmt: skip
"""How many signs of a station's code are the region of each role."""

OTHERS = {
    "language": "id", "name": "budi", "field": "paslon_1", "source": "boxes", "place": "0", "sign": "1", "version": "1", "number": "1",
    "sha256": "a", "size": "1", "token": "a",
}  # fmt: skip
"""What other parameters of a path are filled with."""

ABOUT_A_PLACE = ("{tps}", "{reading}", "{photo}", "{code}")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is logged in, or nobody."""

    role: str
    region: str
    browser: TestClient


@dataclass(frozen=True, slots=True)
class Place:
    """What the parameters of a path are filled with: `tps` is the station that all of it is of, None for one that is not known."""

    tps: str | None
    values: dict[str, str]


def entered() -> Response:
    """Stands in for every page."""
    return PlainTextResponse("entered")


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory, _migrated: Path) -> Iterator[FastAPI]:
    """The application with all its routes and policies, and none of its pages."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(accounts, "_HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        stubs = []
        for routes in pages.ALL:
            stub = Routes()
            stub._declared = [replace(one, function=entered) for one in routes._declared]
            stubs.append(stub)
        patch.setattr(pages, "ALL", stubs)
        home = tmp_path_factory.mktemp("home")
        shutil.copy(_migrated, home)
        made = create_app(Settings(home=home))
        with TestClient(made):
            yield made


@pytest.fixture(scope="module")
def people(app: FastAPI) -> list[Person]:
    """One person of each role here and elsewhere, an auditor of this regency alone, and one who is not logged in."""
    store = app.state.site.store
    regions = {(role, tps[:length]) for role, length in REGIONS.items() for tps in (STATION, ELSEWHERE)} | {("auditor", STATION[:4])}
    found = [Person("", "", TestClient(app, follow_redirects=False))]
    for role, region in sorted(regions):
        session = session_for(store, Role(role), region)
        browser = TestClient(app, follow_redirects=False, headers={"X-CSRF-Token": session.csrf})
        browser.cookies.set(SESSION_COOKIE, session.token)
        found.append(Person(role, region, browser))
    return found


@pytest.fixture(scope="module")
def places(app: FastAPI) -> list[Place]:
    """A sheet here, one elsewhere, one of no known station, and things that are not there at all."""
    found = []
    with app.state.site.store.begin() as connection:
        for tps in (STATION, ELSEWHERE, None):
            photo = add_photo(connection, f"{tps}.jpg", tps=tps)
            add_reading(connection, photo, make_sheet(tps=None))
            reading = photo.position + 1
            values = {"tps": tps or "x", "reading": str(reading), "photo": str(photo.position), "code": tps[:10] if tps else "id"}
            found.append(Place(tps, values))
    unknown = {"tps": "1805082099001", "reading": "999999999999999999", "photo": "0", "code": "1805082099"}
    wrong = {"tps": "1805082001000", "reading": "9" * 30, "photo": "-1", "code": "18 05"}
    return [*found, Place("nowhere", unknown), Place("nowhere", wrong), Place("nowhere", dict.fromkeys(values, "' OR 1=1"))]


def expected(route: str, person: Person, place: Place) -> int:
    """The status of an answer, by the table and the code of the place."""
    roles, method = TABLE[route], route.split()[0]
    if roles is EVERYBODY:
        return 200
    if not person.role:
        return 303 if method == "GET" else 401
    if person.role not in roles:
        return 403
    if not any(one in route for one in ABOUT_A_PLACE):
        return 200
    if "{tps}" in route and place.tps is None:
        return 404
    return 200 if (place.tps or "").startswith(person.region) and place.tps != "nowhere" else 404


def test_every_route_is_in_the_table(app: FastAPI) -> None:
    assert {f"{method} {path}" for method, path in app.state.site.policies} == set(TABLE)


@pytest.mark.parametrize("route", TABLE)
def test_only_who_may_gets_in(route: str, people: list[Person], places: list[Place]) -> None:
    method, path = route.split()
    answers: set[str] = set()
    for person in people:
        turned_away = TABLE[route] is not EVERYBODY and person.role not in TABLE[route]
        for place in places if any(one in route for one in ABOUT_A_PLACE) and not turned_away else places[:1]:
            headers = {"X-CSRF-Token": csrf_of(person)} if not person.role else {}
            answer = person.browser.request(method, path.format(**place.values, **OTHERS), headers=headers)
            assert answer.status_code == expected(route, person, place), (person.role, person.region, place)
            if answer.status_code == 404:
                answers.add(main_of(answer.text))
    assert len(answers) <= 1, "what is elsewhere and what does not exist must look the same"


@pytest.mark.parametrize("route", [route for route in TABLE if not route.startswith("GET")])
def test_no_form_is_taken_without_its_token(route: str, people: list[Person], places: list[Place]) -> None:
    method, path = route.split()
    path = path.format(**places[0].values, **OTHERS)
    for person in people:
        if TABLE[route] is EVERYBODY or person.role in (TABLE[route] or ()):
            for token in ("", "x", "é"):
                answer = person.browser.request(method, path, headers={"X-CSRF-Token": token.encode()})
                assert answer.status_code in ((403,) if person.region == "" or STATION.startswith(person.region) else (403, 404))


def test_route_without_a_policy_stops_the_start() -> None:
    app = FastAPI(openapi_url=None)
    app.get("/open")(entered)
    with pytest.raises(NoPolicyError, match="/open has no policy"):
        check_policies(app)


def test_mounted_application_without_a_policy_stops_the_start() -> None:
    app = FastAPI(openapi_url=None)
    app.mount("/inside", FastAPI())
    with pytest.raises(NoPolicyError, match="/inside"):
        check_policies(app)


def test_router_of_others_stops_the_start() -> None:
    app, router = FastAPI(openapi_url=None), APIRouter()
    router.get("/hidden")(entered)
    app.include_router(router)
    with pytest.raises(NoPolicyError):
        check_policies(app)


def test_navigation_leads_only_where_one_gets_in(people: list[Person]) -> None:
    for person in people:
        page = person.browser.get("/nothing").text
        shown = re.findall(r'<li><a href="([^"]+)"', page)
        assert shown == [place for place, _ in NAVIGATION if TABLE[f"GET {place}"] is EVERYBODY or person.role in TABLE[f"GET {place}"]]


def csrf_of(person: Person) -> str:
    """The token of somebody who is not logged in."""
    return person.browser.cookies.get("sirekap_visitor") or _visited(person)


def _visited(person: Person) -> str:
    person.browser.get("/nothing")
    token = person.browser.cookies.get("sirekap_visitor")
    assert token is not None
    return token


def main_of(html: str) -> str:
    """What an error page says, without who the visitor is and the address that was typed."""
    return html.split("<main", 1)[1].split('<p class="quiet">', 1)[0]

"""Review: the queue, blind keying, decisions, contact sheets, and how well people type.

What a person may claim, and what comes of it, is decided in `pipeline.review`; here are only its pages. Nothing that the machine read is in
any answer about a sheet that its reader may still type.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import Connection
from starlette.responses import JSONResponse, Response

from pipeline.forms import Catalogue, FieldLayout
from pipeline.forms.number_words import number_to_words
from pipeline.regions import CodeError, TpsCode
from pipeline.review.claims import (
    KEYING,
    RESOLVING,
    Claim,
    Filters,
    StaleError,
    Waiting,
    claim_next,
    claim_one,
    counted,
    held,
    listed,
    release,
    renew,
)
from pipeline.review.contact import contact_sheet
from pipeline.review.history import history
from pipeline.review.keying import SIGNS, Task, TypingError, in_paper_order, parse, submit, task
from pipeline.review.resolution import ResolutionError, case_of, doubt, resolve, send_elsewhere, undo
from pipeline.review.reviewers import reviewers
from pipeline.sheet import BOX_CLASSES, Sheet, SourceKind, Text
from pipeline.store.accounts import Role
from pipeline.store.decisions import Outcome, Typed
from pipeline.store.queue import Stage, waiting_of
from pipeline.store.regions import region
from pipeline.store.times import text_of
from pipeline.web import review_wording as wording
from pipeline.web.blind import findings_shown
from pipeline.web.outlines import outlines_of
from pipeline.web.policy import DECIDERS, NOWHERE, OPERATORS, Number, Policy, Routes, SheetOf, number_of
from pipeline.web.visit import CurrentVisit, PageError, Visit
from pipeline.web.wording import SOURCES

routes = Routes()

WATCHERS = OPERATORS | {Role.AUDITOR, Role.ADMIN}

ROWS = 50
"""Sheets on one page of the queue."""


@dataclass(frozen=True, slots=True)
class FieldShown:
    """A field as it is asked for: what it is called, which writings it has, and where it lies on the small page (in its unit square)."""

    id: str
    label: Text
    sources: tuple[SourceKind, ...]
    outline: str


@dataclass(frozen=True, slots=True)
class SumShown:
    """A rule with the numbers as they are typed now."""

    holds: bool | None
    text: Text
    numbers: str

    @property
    def mark(self) -> str:
        return {True: "✓", False: "✗", None: "…"}[self.holds]


@routes.get("/review", policy=Policy(WATCHERS, NOWHERE))
def queue_page(visit: CurrentVisit, start: Number = 0) -> Response:
    filters = _filters(visit.request.query_params)
    first = max(start, 0)
    with visit.reading() as connection:
        rows = listed(connection, visit.account, filters, now=_now(), limit=ROWS + 1, offset=first)
        counts = counted(connection, visit.account, filters)
    following = urlencode({**asdict(filters), "start": first + ROWS})
    return visit.page(
        "queue.html", rows=rows[:ROWS], counts=counts, chosen=asdict(filters), reasons=wording.REASONS,
        forms=list(visit.site.catalogue.forms), stages=wording.STAGES, named=wording.reason,
        may_key=visit.account.role in OPERATORS, may_resolve=visit.account.role in DECIDERS,
        may_claim=lambda row: _may_claim(visit, row),
        shows_weight=lambda row: row.stage is Stage.RESOLVE or visit.account.role not in OPERATORS,
        more=f"/review?{following}" if len(rows) > ROWS else None,
    )  # fmt: skip


@routes.post("/review/next", policy=Policy(OPERATORS, NOWHERE))
def next_sheet(visit: CurrentVisit) -> Response:
    """Claim the sheet that matters most, to type it."""
    return _next(visit, _filters(visit.form))


@routes.post("/review/next-decision", policy=Policy(DECIDERS, NOWHERE))
def next_decision(visit: CurrentVisit) -> Response:
    """Claim the sheet that matters most, to decide it."""
    filters = _filters(visit.form)
    with visit.writing() as connection:
        claim = claim_next(connection, visit.account, RESOLVING, filters, now=_now(), known_draw=1.0, known_share=0.0)
    return visit.redirect(_queue(filters) if claim is None else _address(claim, "resolve"))


@routes.post("/review/{reading}/claim", policy=Policy(OPERATORS, SheetOf("reading")))
def claim_sheet(visit: CurrentVisit, reading: int) -> Response:
    """Claim one sheet, for whatever it waits for."""
    with visit.writing() as connection:
        deciding = waiting_of(connection, reading) is Stage.RESOLVE
        if deciding and visit.account.role not in DECIDERS:
            raise PageError(409, wording.STALE)
        try:
            claim = claim_one(connection, visit.account, RESOLVING if deciding else KEYING, reading, now=_now())
        except StaleError as error:
            raise PageError(409, wording.STALE) from error
    return visit.redirect(_address(claim, "resolve" if deciding else "key"))


@routes.get("/review/{reading}/key/{version}", policy=Policy(OPERATORS, SheetOf("reading")))
def key_page(visit: CurrentVisit, reading: int, version: Number) -> Response:
    with visit.reading() as connection:
        try:
            claim = held(connection, visit.account, KEYING, reading, version, now=_now())
        except StaleError as error:
            raise PageError(409, wording.STALE) from error
        return _key_page(visit, task(connection, claim, visit.site.catalogue), _filters(visit.request.query_params))


@routes.post("/review/{reading}/key", policy=Policy(OPERATORS, SheetOf("reading")))
def save_typed(visit: CurrentVisit, reading: int) -> Response:
    texts = _texts(visit)
    with visit.writing() as connection:
        try:
            claim = held(connection, visit.account, KEYING, reading, _version(visit), now=_now())
            submit(
                connection, visit.account, claim, texts, visit.site.catalogue, now=_now(), escalate=visit.field("action") == "escalate"
            )
        except StaleError as error:
            raise PageError(409, wording.STALE) from error
        except TypingError as error:
            asked = task(connection, claim, visit.site.catalogue)
            return _key_page(visit, asked, _filters(visit.form), texts=texts, wrong=error.fields, status=422)
    return _next(visit, _filters(visit.form))


@routes.post("/review/{reading}/renew", policy=Policy(OPERATORS, SheetOf("reading")))
def keep_claim(visit: CurrentVisit, reading: int) -> Response:
    with visit.writing() as connection:
        try:
            until = renew(connection, visit.account, reading, _version(visit), now=_now())
        except StaleError:
            return JSONResponse({"error": "stale"}, status_code=409)
    return JSONResponse({"until": text_of(until)})


@routes.post("/review/{reading}/release", policy=Policy(OPERATORS, SheetOf("reading")))
def give_back(visit: CurrentVisit, reading: int) -> Response:
    with visit.writing() as connection:
        release(connection, visit.account, reading)
    return visit.redirect(_queue(_filters(visit.form)))


@routes.get("/review/{reading}/resolve/{version}", policy=Policy(DECIDERS, SheetOf("reading")))
def resolve_page(visit: CurrentVisit, reading: int, version: Number) -> Response:
    with visit.reading() as connection:
        try:
            claim = held(connection, visit.account, RESOLVING, reading, version, now=_now())
        except StaleError as error:
            raise PageError(409, wording.STALE) from error
        return _resolve_page(connection, visit, claim)


@routes.post("/review/{reading}/sums", policy=Policy(DECIDERS, SheetOf("reading")))
def sums(visit: CurrentVisit, reading: int) -> Response:
    """The rules with the numbers as they are typed now, and the numbers in words."""
    with visit.reading() as connection:
        try:
            held(connection, visit.account, RESOLVING, reading, _version(visit), now=_now())
        except StaleError as error:
            raise PageError(409, wording.STALE) from error
        case = case_of(connection, reading, visit.site.catalogue)
    layouts = _layouts(visit.site.catalogue, case.stored.sheet)
    typed = _valid(_texts(visit), tuple(case.stored.sheet.fields))
    values = {name: one.value for name, one in typed.items()}
    shown = [
        SumShown(check.constraint.holds(values), check.text, ", ".join(f"{name} = {_shown(typed.get(name))}" for name in check.fields))
        for check in case.checks
    ]
    in_words = [(_label(layouts, name), number_to_words(one.value)) for name, one in typed.items() if one.value is not None]
    return visit.page("sums.html", sums=shown, in_words=in_words)


@routes.post("/review/{reading}/resolve", policy=Policy(DECIDERS, SheetOf("reading")))
def save_decision(visit: CurrentVisit, reading: int) -> Response:
    with visit.writing() as connection:
        try:
            claim = held(connection, visit.account, RESOLVING, reading, _version(visit), now=_now())
        except StaleError as error:
            raise PageError(409, wording.STALE) from error
        problem, about = _decide(connection, visit, claim)
        if problem is not None:
            return _resolve_page(connection, visit, claim, problem=problem, about=about)
    return visit.redirect("/review")


@routes.post("/review/{reading}/undo", policy=Policy(DECIDERS, SheetOf("reading")))
def undo_decision(visit: CurrentVisit, reading: int) -> Response:
    with visit.writing() as connection:
        try:
            undo(connection, visit.account, reading, visit.field("reason"))
        except ResolutionError as error:
            raise PageError(409, wording.PROBLEMS[error.problem]) from error
    return visit.redirect(f"/sheets/{reading}")


@routes.get("/review/contact/{sign}", policy=Policy(DECIDERS, NOWHERE))
def contact_page(visit: CurrentVisit, sign: str, before: Number | None = None) -> Response:
    if sign not in set(BOX_CLASSES):
        raise PageError(404, wording.NO_SUCH_SIGN)
    with visit.reading() as connection:
        sheet = contact_sheet(connection, visit.account, sign, before=before)
    return visit.page("contact.html", sign=sign, signs=list(BOX_CLASSES), sheet=sheet)


@routes.post("/review/{reading}/doubt", policy=Policy(DECIDERS, SheetOf("reading")))
def mark_odd(visit: CurrentVisit, reading: int) -> Response:
    sign, field, place = visit.field("sign"), visit.field("field"), visit.field("place")
    with visit.writing() as connection:
        try:
            doubt(connection, visit.account, reading, f"{field}[{place}] not like other {sign}")
        except ResolutionError as error:
            raise PageError(409, wording.PROBLEMS[error.problem]) from error
    return visit.redirect(f"/review/contact/{sign}" if sign in set(BOX_CLASSES) else "/review")


@routes.get("/review/people", policy=Policy(DECIDERS | {Role.AUDITOR, Role.ADMIN}, NOWHERE))
def people_page(visit: CurrentVisit) -> Response:
    with visit.reading() as connection:
        people = reviewers(connection, visit.account)
    return visit.page("people.html", people=people)


def _next(visit: Visit, filters: Filters) -> Response:
    draw = secrets.randbelow(1_000_000) / 1_000_000
    share = visit.settings.known_share
    with visit.writing() as connection:
        claim = claim_next(connection, visit.account, KEYING, filters, now=_now(), known_draw=draw, known_share=share)
    return visit.redirect(_queue(filters) if claim is None else f"{_address(claim, 'key')}{_query(filters)}")


def _key_page(
    visit: Visit, asked: Task, filters: Filters, *, texts: Mapping[str, str] | None = None, wrong: tuple[str, ...] = (), status: int = 200
) -> Response:
    sheet = asked.stored.sheet
    layouts = _layouts(visit.site.catalogue, sheet)
    outlines = outlines_of(sheet)
    fields = [
        FieldShown(
            name, _label(layouts, name), tuple(layouts[name].sources) if name in layouts else (SourceKind.BOXES,), outlines.get(name, "")
        )
        for name in asked.fields
    ]
    return visit.page(
        "key.html", status=status, task=asked, fields=fields, title=_title(visit, sheet), page=sheet.page, typed=texts or {}, wrong=wrong,
        views=wording.VIEWS, chosen=asdict(filters),
    )  # fmt: skip


def _resolve_page(
    connection: Connection, visit: Visit, claim: Claim, *, problem: Text | None = None, about: tuple[str, ...] = ()
) -> Response:
    case = case_of(connection, claim.reading, visit.site.catalogue)
    sheet = case.stored.sheet
    layouts = _layouts(visit.site.catalogue, sheet)
    rows = [
        {
            "id": name, "label": _label(layouts, name), "choices": field.alternatives,
            "sources": field.sources, "typed": [_shown(entry.numbers.get(name)) for entry in case.entries],
            "disputed": len({field.value, *(entry.numbers[name].value for entry in case.entries if name in entry.numbers)}) > 1,
        }
        for name, field in ((name, sheet.fields[name]) for name in in_paper_order(sheet, visit.site.catalogue))
    ]  # fmt: skip
    return visit.page(
        "resolve.html", status=200 if problem is None else 422, case=case, version=claim.version, rows=rows, problem=problem, about=about,
        title=_title(visit, sheet), findings=findings_shown(connection, visit.account, case.stored), texts=_texts(visit),
        sources=SOURCES, outcome=visit.field("outcome"), tps=visit.field("tps"), reason=visit.field("reason"),
        history=history(connection, claim.reading), happenings=wording.HAPPENINGS, outcomes=wording.OUTCOMES, show_numbers=True,
    )  # fmt: skip


def _decide(connection: Connection, visit: Visit, claim: Claim) -> tuple[Text | None, tuple[str, ...]]:
    """Record the decision that was sent; what is wrong with it, and the numbers that this is about."""
    now, reason, catalogue = _now(), visit.field("reason"), visit.site.catalogue
    chosen = visit.field("outcome")
    if chosen not in set(Outcome):
        return wording.CHOOSE_OUTCOME, ()
    try:
        if Outcome(chosen) is Outcome.WRONG_TPS:
            code = visit.field("tps").strip()
            tps = TpsCode.parse(code) if code else None
            if tps is not None and region(connection, tps.village) is None:
                return wording.NO_SUCH_STATION, (code,)
            send_elsewhere(connection, visit.account, claim, tps, reason, catalogue, now=now)
        else:
            resolve(connection, visit.account, claim, Outcome(chosen), _texts(visit), reason, catalogue, now=now)
    except CodeError:
        return wording.NO_SUCH_STATION, ()
    except TypingError as error:
        return wording.TYPE_EVERY_NUMBER, error.fields
    except ResolutionError as error:
        return wording.PROBLEMS[error.problem], error.fields
    return None, ()


def _layouts(catalogue: Catalogue, sheet: Sheet) -> Mapping[str, FieldLayout]:
    """The layouts of the numbers of a sheet; none when its form is no longer known."""
    form = catalogue.forms.get(sheet.form or "")
    page = form.pages.get(sheet.page or "") if form is not None else None
    return page.fields if page is not None else {}


def _label(layouts: Mapping[str, FieldLayout], name: str) -> Text:
    return layouts[name].label if name in layouts else Text(name, name)


def _title(visit: Visit, sheet: Sheet) -> Text:
    form = visit.site.catalogue.forms.get(sheet.form or "")
    return form.title if form is not None else Text(sheet.form or "", sheet.form or "")


def _may_claim(visit: Visit, row: Waiting) -> bool:
    allowed = DECIDERS if row.stage is Stage.RESOLVE else OPERATORS
    return visit.account.role in allowed and row.claimed_by in (None, visit.account.name)


def _address(claim: Claim, what: str) -> str:
    return f"/review/{claim.reading}/{what}/{claim.version}"


def _queue(filters: Filters) -> str:
    return f"/review{_query(filters)}"


def _query(filters: Filters) -> str:
    """The filters that are set, as the end of an address."""
    chosen = urlencode({name: text for name, text in asdict(filters).items() if text})
    return f"?{chosen}" if chosen else ""


def _filters(sent: Mapping[str, Any]) -> Filters:
    """The filters in what was sent with a form or in the address; what is no text is none."""
    return Filters(**{one.name: str(sent.get(one.name, "")).strip() for one in fields(Filters)})


def _texts(visit: Visit) -> dict[str, str]:
    return {name: value for name, value in visit.form.items() if isinstance(value, str)}


def _valid(texts: Mapping[str, str], fields: tuple[str, ...]) -> dict[str, Typed]:
    """What is typed so far and can be understood."""
    try:
        return parse(texts, fields)
    except TypingError as error:
        return parse(texts, tuple(name for name in fields if name not in error.fields))


def _version(visit: Visit) -> int:
    return number_of(visit.field("version"))


def _shown(typed: Typed | None) -> str:
    """A number as people type it."""
    if typed is None:
        return "…"
    signs = {sign.state: text for text, sign in SIGNS.items()}
    return signs.get(typed.state) or str(typed.value)


def _now() -> datetime:
    return datetime.now(UTC)

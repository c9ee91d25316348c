"""What phones ask of the server: who they are, sending photos in pieces, what was read, and what the officer says of it.

Answers are JSON, with sentences in both languages: a phone keeps them and may be asked to show the other one when it has no line.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection
from starlette.exceptions import HTTPException
from starlette.responses import Response

from pipeline.forms import Catalogue
from pipeline.imaging import Limits
from pipeline.imaging.files import Item
from pipeline.imaging.headers import format_of
from pipeline.recap.wording import VERDICTS
from pipeline.regions import Level, TpsCode
from pipeline.sheet import REFUSAL_ADVICE, STATES, FieldState, RefusalCode, Severity, Text
from pipeline.store import confirmations, links, receipts
from pipeline.store.accounts import Role, log_out
from pipeline.store.decisions import Typed
from pipeline.store.elections import all_elections
from pipeline.store.intake import Arrival, take_in
from pipeline.store.ledger import become_writer
from pipeline.store.receipts import Receipt, receipt_at, receipt_of
from pipeline.store.schema import photos, regions, waiting
from pipeline.store.sheets import StoredSheet, sheet_at, sheets_of
from pipeline.store.standing import settle
from pipeline.store.stations import photos_of
from pipeline.store.times import text_of
from pipeline.store.uploads import CHUNK, SHA256, AlteredError, Announced, TooManyError, UnfinishedError
from pipeline.web.blind import findings_for
from pipeline.web.pages.sheets import numbers_shown
from pipeline.web.policy import PUBLIC, PhotoOf, Policy, Routes, SheetOf
from pipeline.web.visit import SESSION_COOKIE, CurrentVisit, PageError, Visit

OFFICERS = Policy(frozenset({Role.KPPS}))
OF_A_SHEET = Policy(frozenset({Role.KPPS}), SheetOf("reading"))
OF_A_PHOTO = Policy(frozenset({Role.KPPS}), PhotoOf("photo"))

SMALL_BODY = 20_000
LONGEST_NOTE = 2_000
LONGEST_NAME = 100
MOST_VOTES = 99_999
"""More than any box row of a form can hold."""

LINK_ENDED = Text(
    "Tautan ini tidak berlaku: salah, sudah berakhir, atau dicabut. Foto di HP ini tetap aman. Minta tautan baru kepada PPS.",
    "This link is not valid: it is wrong, has ended, or was revoked. The photos on this phone are safe. Ask the PPS for a new link.",
)
ALTERED = Text(
    "Foto berubah di jalan. Foto aslinya aman di HP ini dan akan dikirim ulang.",
    "The photo was altered on its way. The original is safe on this phone and will be sent again.",
)
TOO_MANY = Text(
    "Terlalu banyak foto yang belum selesai dikirim untuk TPS ini. Tunggu sampai sebagian selesai.",
    "Too many photos of this station are still under way. Wait until some have arrived.",
)
TOO_LARGE = Text(
    "Foto ini terlalu besar. Foto ulang dengan ukuran lebih kecil.", "This photo is too large. Take it again at a smaller size."
)
OF_ANOTHER = Text(
    "Foto yang sama sudah dikirim untuk TPS lain. Periksa apakah ini lembar TPS Anda; bila ya, laporkan kepada PPS.",
    "The same photo was sent for another station before. Check that this sheet is of your station; if it is, report it to the PPS.",
)
REPLACED = Text(
    "Bacaan ini sudah digantikan foto yang lebih baru. Buka halamannya lagi.",
    "This reading was replaced by a newer photo. Open the page again.",
)
SAID_MEANWHILE = Text(
    "HP lain sudah menyatakan sesuatu tentang bacaan ini. Yang Anda isi tersimpan di HP ini; lihat dulu, lalu kirim lagi bila tetap benar.",
    "Another phone has said something of this reading meanwhile. What you said is kept here; look, then send it again if it still holds.",
)
OF_ANOTHER_LINK = Text(
    "Di HP ini sekarang dibuka tautan TPS lain. Foto dan catatan TPS ini aman di HP; buka lagi tautan TPS ini untuk mengirimnya.",
    "The link of another station is open on this phone now. What is of this station is safe here; open its link again to send it.",
)
NOT_NUMBERS = Text(
    "Isi setiap angka dengan 0 sampai 99999, atau pilih kosong atau tak terbaca.",
    "Give every number as 0 to 99999, or choose blank or illegible.",
)
NOTE_TOO_LONG = Text(f"Catatan paling panjang {LONGEST_NOTE} huruf.", f"A note has at most {LONGEST_NOTE} letters.")
UNFINISHED = Text("Belum semua bagian foto sampai; sisanya akan dikirim.", "Not all of the photo has come yet; the rest will be sent.")

routes = Routes()


@routes.get("/m/api/me", policy=PUBLIC)
def me(visit: CurrentVisit) -> Response:
    """Who is logged in, what is to be photographed, and what has come of it; the token that changes must carry."""
    return visit.json(_me(visit))


@routes.post("/m/api/login", policy=PUBLIC, body=SMALL_BODY)
def login(visit: CurrentVisit) -> Response:
    """Begin a session by a link."""
    token = str(visit.sent_json().get("token", ""))
    with visit.writing() as connection:
        become_writer(connection)
        session = links.enter(connection, token, visit.site.signer, now=datetime.now(UTC))
    if session is None:
        raise PageError(403, LINK_ENDED)
    response = visit.json({})
    left = round((session.expires - datetime.now(UTC)).total_seconds())
    visit.set_cookie(response, SESSION_COOKIE, session.token, seconds=left)
    return response


@routes.post("/m/api/logout", policy=OFFICERS, body=SMALL_BODY)
def logout(visit: CurrentVisit) -> Response:
    if visit.session is not None:
        with visit.writing() as connection:
            log_out(connection, visit.session)
    response = visit.json({})
    response.delete_cookie(SESSION_COOKIE, path="/")
    return response


@routes.post("/m/api/uploads/{sha256}/{size}", policy=OFFICERS, body=SMALL_BODY)
def begin(visit: CurrentVisit, sha256: str, size: int) -> Response:
    """Announce a photo: which pieces of it are here already, or its receipt when all of it is."""
    photo, receipt = _announced(visit, sha256, size), _receipt_here(visit, sha256)
    if receipt is not None:
        visit.site.uploads.forget(photo)
        return visit.json({"receipt": _receipt(visit, receipt)})
    try:
        visit.site.uploads.begin(photo)
    except TooManyError as error:
        raise PageError(429, TOO_MANY) from error
    return visit.json({"chunk": CHUNK, "received": visit.site.uploads.received(photo)})


@routes.put("/m/api/uploads/{sha256}/{size}/{number}", policy=OFFICERS, body=CHUNK)
def put_piece(visit: CurrentVisit, sha256: str, size: int, number: int) -> Response:
    """Keep a piece of a photo, when it is what was sent."""
    photo = _announced(visit, sha256, size)
    if not 0 <= number < photo.chunks:
        raise HTTPException(404)
    try:
        visit.site.uploads.put(photo, number, visit.body, sha256=visit.request.headers.get("x-chunk-sha256", ""))
    except AlteredError as error:
        raise PageError(409, ALTERED) from error
    except UnfinishedError as error:
        raise PageError(409, UNFINISHED) from error
    return visit.json({})


@routes.post("/m/api/uploads/{sha256}/{size}/finish", policy=OFFICERS, body=SMALL_BODY)
def finish(visit: CurrentVisit, sha256: str, size: int) -> Response:
    """Take a photo in whose pieces are all here; the same photo sent twice is one photo.

    Answered with 409 is what goes well when it is sent again, with 413 and 422 what never will.
    """
    photo, sent = _announced(visit, sha256, size), visit.sent_json()
    receipt = _receipt_here(visit, sha256)  # it may have been finished before, and the answer lost on its way
    if receipt is None:
        try:
            _take_in(visit, photo, name=str(sent.get("name", "")), page=sent.get("page"))
        except UnfinishedError as error:
            receipt = _receipt_here(visit, sha256)  # another request may have been quicker
            if receipt is None:
                raise PageError(409, UNFINISHED) from error
        else:
            receipt = _receipt_here(visit, sha256)
            if receipt is None:
                raise PageError(422, OF_ANOTHER)
            visit.site.photos_came()
    visit.site.uploads.forget(photo)
    return visit.json({"receipt": _receipt(visit, receipt)})


@routes.get("/m/api/photos/{photo}", policy=OF_A_PHOTO)
def photo_state(visit: CurrentVisit, photo: int) -> Response:
    """What has become of a photo: what was read, what speaks against it, and what was said of it."""
    with visit.reading() as connection:
        return visit.json(_photo(visit, connection, photo))


@routes.post("/m/api/sheets/{reading}/confirm", policy=OF_A_SHEET, body=SMALL_BODY)
def confirm(visit: CurrentVisit, reading: int) -> Response:
    """Keep what the officer says of a reading: every number is as it was read, or these are others.

    It says what it comes `after`, so that nobody takes back what another phone said without having seen it, and carries a `key`, by which
    it is known when it comes again.
    """
    sent = visit.sent_json()
    with visit.reading() as connection:
        stored = sheet_at(connection, reading)
    others, after = _others(stored, sent.get("others")), sent.get("after")
    if stored.superseded is not None:
        raise PageError(409, REPLACED)
    if not (after is None or isinstance(after, int)):
        raise HTTPException(400)
    try:
        with visit.writing() as connection:
            become_writer(connection)
            account = visit.account.name
            position = confirmations.confirm(connection, reading, account=account, others=others, after=after, key=_key(sent))
            settle(connection, stored.photo)
    except confirmations.SaidMeanwhileError as error:
        raise PageError(409, SAID_MEANWHILE) from error
    with visit.reading() as connection:
        return visit.json({"position": position, "photo": _photo(visit, connection, stored.photo)})


@routes.post("/m/api/notes", policy=OFFICERS, body=SMALL_BODY)
def write_note(visit: CurrentVisit) -> Response:
    """Keep what the officer writes down of special incidents; gives all that was written of the station."""
    _check_station(visit)
    sent = visit.sent_json()
    text = _writable(str(sent.get("text", ""))).strip()
    if not 0 < len(text) <= LONGEST_NOTE:
        raise PageError(400, NOTE_TOO_LONG)
    with visit.writing() as connection:
        confirmations.note(connection, visit.account.region, account=visit.account.name, text=text, key=_key(sent))
        return visit.json({"notes": _notes(connection, visit.account.region)})


def _me(visit: Visit) -> dict[str, Any]:
    said: dict[str, Any] = {"csrf": visit.csrf, "now": text_of(datetime.now(UTC)), "officer": None}
    if visit.session is None or visit.account.role is not Role.KPPS:
        return said
    tps = visit.account.region
    with visit.reading() as connection:
        names = {row.code: row.name for row in connection.execute(_regions_of(tps))}
        said |= {
            "officer": {"tps": tps, "number": TpsCode.parse(tps).number, "until": text_of(visit.session.expires)},
            "regions": [names.get(tps[:level], tps[:level]) for level in Level],
            "elections": [
                {"id": one.id, "name": one.name, "day": one.day, "pages": [_page(form, page, visit) for form, page in one.sheets]}
                for one in all_elections(connection)
            ],
            "tags": tags_of(visit.site.catalogue),
            "most_bytes": Limits.of(visit.settings).max_bytes,
            "photos": [_photo(visit, connection, position) for position in photos_of(connection, tps)],
            "notes": _notes(connection, tps),
        }  # fmt: skip
    return said


def tags_of(catalogue: Catalogue) -> list[dict[str, Any]]:
    """The printed tags of all pages: where they are on the paper, in mm, and how they are turned."""
    return [
        {
            "family": page.tag.family, "id": page.tag.id, "form": form.id, "page": number, "paper": list(page.paper_mm),
            "centre": list(page.tag.centre_mm), "side": page.tag.side_mm, "rotation": page.tag.rotation,
        }
        for form in catalogue.forms.values() for number, page in form.pages.items() if page.tag is not None
    ]  # fmt: skip


def _regions_of(tps: str) -> sa.Select[Any]:
    return sa.select(regions.c.code, regions.c.name).where(regions.c.code.in_([tps[:level] for level in Level]))


def _page(form: str, page: str, visit: Visit) -> dict[str, Any]:
    known = visit.site.catalogue.forms.get(form)
    title = Text(form, form) if known is None else known.title
    return {"form": form, "page": page, "title": title.to_dict()}


def _photo(visit: Visit, connection: Connection, position: int) -> dict[str, Any]:
    row = connection.execute(sa.select(photos.c.name, photos.c.page).where(photos.c.position == position)).one()
    receipt = receipt_at(connection, position)
    if receipt is None:
        raise HTTPException(404)
    waits = connection.scalar(sa.select(sa.exists().where(waiting.c.photo == position)))
    found = sheets_of(connection, position)
    told = confirmations.confirmations_of(connection, [stored.position for stored in found])
    return {
        "position": position, "name": row.name, "page": row.page, "waits": bool(waits), "receipt": _receipt(visit, receipt),
        "sheets": [_sheet(visit, stored, told.get(stored.position)) for stored in found],
    }  # fmt: skip


def _receipt(visit: Visit, receipt: Receipt) -> dict[str, Any]:
    token = receipts.token_of(receipt, visit.site.signer)
    return {**receipt.said(), "link": str(visit.request.base_url.replace(path=f"/cek/{token}", query="", fragment=""))}


def _sheet(visit: Visit, stored: StoredSheet, told: confirmations.Confirmation | None) -> dict[str, Any]:
    sheet = stored.sheet
    found = [one for one in findings_for(visit, stored) if one.severity is not Severity.INFO]
    return {
        "reading": stored.position, "form": sheet.form, "page": sheet.page, "superseded": stored.superseded is not None,
        "verdict": {"code": stored.verdict.value, "text": VERDICTS[stored.verdict].to_dict()},
        "refusal": sheet.refusal and {"code": sheet.refusal.code.value, "advice": sheet.refusal.advice.to_dict()},
        "numbers": [
            {
                "id": one.id, "label": one.label.to_dict(), "value": one.field.value, "state": one.field.state.value,
                "state_text": None if one.field.state is FieldState.NUMBER else STATES[one.field.state].to_dict(),
                "doubted": any(one.id in finding.fields for finding in found),
            }
            for one in numbers_shown(stored, visit.site.catalogue)
        ],
        "findings": [one.to_dict() for one in found],
        "broken": [check.text.to_dict() for check in sheet.checks if check.holds is False],
        "said": told and {
            "position": told.position, "at": told.at, "others": {name: typed.to_dict() for name, typed in told.others.items()},
        },
    }  # fmt: skip


def _receipt_here(visit: Visit, sha256: str) -> Receipt | None:
    """The receipt of a photo that is one of the officer's station now."""
    with visit.reading() as connection:
        receipt = receipt_of(connection, sha256)
        here = receipt is not None and receipt.position in photos_of(connection, visit.account.region)
    return receipt if here else None


def _notes(connection: Connection, tps: str) -> list[dict[str, str]]:
    """Everything that was written of a station, in the order in which it was."""
    return [{"at": one.at, "text": one.text} for one in reversed(confirmations.notes_of(connection, tps))]


def _check_station(visit: Visit) -> None:
    """409 unless the phone sends this for the station whose link it has open now: another may have been opened since it began."""
    if visit.request.headers.get("x-tps") != visit.account.region:
        raise PageError(409, OF_ANOTHER_LINK)


def _key(sent: Mapping[str, Any]) -> str:
    """The name by which what is sent is known when it comes again."""
    key = sent.get("key")
    if not (isinstance(key, str) and re.fullmatch(r"[\w-]{8,64}", key, re.ASCII)):
        raise HTTPException(400)
    return key


def _writable(text: str) -> str:
    """A text as databases keep it: without zeros, and with a question mark for halves of signs."""
    return text.replace("\0", "").encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _announced(visit: Visit, sha256: str, size: int) -> Announced:
    """The photo that a path names; 404 for what is no hash, 413 for one that is too large."""
    _check_station(visit)
    if not SHA256.fullmatch(sha256) or size < 1:
        raise HTTPException(404)
    if size > Limits.of(visit.settings).max_bytes:
        raise PageError(413, TOO_LARGE)
    return Announced(TpsCode.parse(visit.account.region), sha256, size)


def _take_in(visit: Visit, photo: Announced, *, name: str, page: object) -> None:
    """Take a photo in whose pieces are all here; 409 when it is none that was announced, 422 when it is no photo at all."""
    try:
        with visit.site.uploads.joined(photo) as whole:
            with whole.open("rb") as file:
                is_photo = format_of(file.read(2048)) is not None
            if not is_photo:
                visit.site.uploads.forget(photo)
                raise PageError(422, REFUSAL_ADVICE[RefusalCode.UNSUPPORTED_FORMAT])
            arrival = _arrival(photo, whole, name=name, page=page)
            (taken,) = take_in(visit.store, visit.photos, [arrival], max_bytes=Limits.of(visit.settings).max_bytes)
    except AlteredError as error:
        raise PageError(409, ALTERED) from error
    if taken.refusal is not None:  # the file was whole a moment ago
        raise PageError(409, ALTERED)


def _arrival(photo: Announced, whole: Path, *, name: str, page: object) -> Arrival:
    shown = "".join(sign for sign in name if sign.isprintable() and sign not in "/\\")[-LONGEST_NAME:] or "foto.jpg"
    said_page = page if isinstance(page, str) and re.fullmatch(r"[\w.-]{1,10}", page) else None
    return Arrival(Item(f"{photo.tps}-{shown}", whole), tps=photo.tps, page=said_page, sha256=photo.sha256)


def _others(stored: StoredSheet, sent: object) -> dict[str, Typed]:
    """The numbers that the officer says are others than what was read; one that is the same is none."""
    if not isinstance(sent, Mapping) or not set(sent) <= set(stored.sheet.fields):
        raise PageError(400, NOT_NUMBERS)
    read = confirmations.read_by_machine(stored.sheet)
    typed = {str(name): _typed(value) for name, value in sent.items()}
    return {name: one for name, one in typed.items() if not _same(one, read[name])}


def _same(one: Typed, other: Typed) -> bool:
    """Whether two numbers mean the same: crossed out is zero."""
    return one.value == other.value and (one.value is not None or one.state is other.state)


def _typed(value: object) -> Typed:
    for state in (FieldState.BLANK, FieldState.ILLEGIBLE):
        if value == state:
            return Typed(state, None)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MOST_VOTES:
        raise PageError(400, NOT_NUMBERS)
    return Typed(FieldState.NUMBER, value)

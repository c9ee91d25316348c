"""The public pages where anybody can hold a receipt against the ledger, and see the sheet that it is of.

By its hash alone one learns that a photo is in the ledger. Who has the link of its receipt, which only its sender was given, also sees the
photo, what was read and what the officer said: the copy for witnesses and supervisors.
"""

from __future__ import annotations

import sqlalchemy as sa
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import Response

from pipeline.recap.wording import VERDICTS
from pipeline.sheet import STATES, Text
from pipeline.store.confirmations import confirmations_of, notes_of
from pipeline.store.ledger import head
from pipeline.store.receipts import Receipt, receipt_by, receipt_of
from pipeline.store.schema import photos
from pipeline.store.sheets import StoredSheet, sheets_of
from pipeline.store.stations import station_of
from pipeline.store.uploads import SHA256
from pipeline.web.blind import sheets_hidden_from
from pipeline.web.cuts import WholePhoto
from pipeline.web.pages.sheets import numbers_shown
from pipeline.web.policy import PUBLIC, Routes
from pipeline.web.visit import CurrentVisit, PageError, Visit
from pipeline.web.wording import PHOTO_LOST, SEVERITIES, named

NOT_A_RECEIPT = Text(
    "Tanda terima ini bukan dari server ini, berubah, atau tidak lagi cocok dengan buku besarnya. Laporkan bila diberikan petugas.",
    "This receipt is not of this server, was changed, or no longer agrees with its ledger. Report it if an officer gave it to you.",
)

routes = Routes()


@routes.get("/cek", policy=PUBLIC)
def check_form(visit: CurrentVisit) -> Response:
    """Whether a photo is in the ledger, by the SHA-256 of its bytes."""
    asked = visit.request.query_params.get("hash", "").strip().lower()
    valid = bool(SHA256.fullmatch(asked))
    with visit.reading() as connection:
        receipt = receipt_of(connection, asked) if valid else None
        last = head(connection)
        where = named(connection, receipt.tps) if receipt is not None and receipt.tps else ""
    status = 200 if receipt or not asked else 404
    return visit.page("check.html", status=status, asked=asked, valid=valid, receipt=receipt, head=last, where=where)


@routes.get("/cek/kunci.pem", policy=PUBLIC)
def public_key(visit: CurrentVisit) -> Response:
    """The key that receipts are signed with, for whoever wants to hold one against it without this server."""
    return Response(visit.site.signer.public_pem(), media_type="application/x-pem-file")


@routes.get("/cek/{token}", policy=PUBLIC)
def copy_page(visit: CurrentVisit, token: str) -> Response:
    """What the sender of a photo has, for whom the sender gave the link."""
    receipt = _receipt(visit, token)
    with visit.reading() as connection:
        stored = sheets_of(connection, receipt.position)
        told = confirmations_of(connection, [one.position for one in stored])
        tps = connection.scalar(sa.select(station_of(photos)).where(photos.c.position == receipt.position))
        where = named(connection, tps) if tps else ""
        last = head(connection)
        written = list(reversed(notes_of(connection, tps))) if tps else []
    hidden = {one.position for one in stored if _hidden(visit, one)}
    return visit.page(
        "copy.html", token=token, receipt=receipt, where=where, tps=tps, head=last, notes=written,
        sheets=[one for one in stored if one.position not in hidden], hidden=bool(hidden), told=told,
        numbers={one.position: numbers_shown(one, visit.site.catalogue) for one in stored},
        forms=visit.site.catalogue.forms, verdicts=VERDICTS, states=STATES, severities=SEVERITIES,
    )  # fmt: skip


@routes.get("/cek/{token}/foto.jpg", policy=PUBLIC)
async def copy_photo(visit: CurrentVisit, token: str) -> Response:
    """The photo of a receipt, upright."""
    stored = await run_in_threadpool(_first_sheet, visit, token)
    drawn = await visit.site.pictures.draw(stored, WholePhoto())
    if drawn is None:
        raise PageError(404, PHOTO_LOST)
    return Response(drawn, media_type="image/jpeg")


def _receipt(visit: Visit, token: str) -> Receipt:
    with visit.reading() as connection:
        receipt = receipt_by(connection, token, visit.site.signer)
    if receipt is None:
        raise PageError(404, NOT_A_RECEIPT)
    return receipt


def _first_sheet(visit: Visit, token: str) -> StoredSheet:
    receipt = _receipt(visit, token)
    with visit.reading() as connection:
        stored = sheets_of(connection, receipt.position)
    if not stored:
        raise HTTPException(404)
    return stored[0]


def _hidden(visit: Visit, stored: StoredSheet) -> bool:
    """Whether the visitor is logged in as one who may still be asked to type this sheet."""
    return visit.session is not None and sheets_hidden_from(visit, stored.position)

"""The pictures of a sheet. Nothing but the overlay shows what was read."""

from __future__ import annotations

import sqlalchemy as sa
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import Response

from pipeline.imaging.headers import format_of
from pipeline.sheet import SourceKind
from pipeline.store.accounts import Role
from pipeline.store.photos import PhotoLostError
from pipeline.store.schema import photos
from pipeline.store.sheets import StoredSheet, sheet_at
from pipeline.web.blind import sheets_hidden_from
from pipeline.web.cuts import Cut, FlatPage, OneBox, Overlay, WholePhoto, Writing, exists
from pipeline.web.policy import ANYONE, PhotoOf, Policy, Routes, SheetOf
from pipeline.web.visit import CurrentVisit, PageError, Visit
from pipeline.web.wording import PHOTO_LOST

OF_A_SHEET = Policy(ANYONE, SheetOf("reading"))

routes = Routes()


@routes.get("/sheets/{reading}/page.jpg", policy=OF_A_SHEET)
async def page(visit: CurrentVisit, reading: int) -> Response:
    """The page laid flat."""
    return await _picture(visit, reading, FlatPage())


@routes.get("/sheets/{reading}/photo.jpg", policy=OF_A_SHEET)
async def whole_photo(visit: CurrentVisit, reading: int) -> Response:
    """The whole photo, upright."""
    return await _picture(visit, reading, WholePhoto())


@routes.get("/sheets/{reading}/overlay.jpg", policy=OF_A_SHEET)
async def overlay(visit: CurrentVisit, reading: int) -> Response:
    """The photo with what was read, for whom that may be shown."""
    if await run_in_threadpool(sheets_hidden_from, visit, reading):
        raise HTTPException(404)
    return await _picture(visit, reading, Overlay())


@routes.get("/sheets/{reading}/crop/{field}/{source}.jpg", policy=OF_A_SHEET)
async def crop(visit: CurrentVisit, reading: int, field: str, source: SourceKind) -> Response:
    """One writing of a number."""
    return await _picture(visit, reading, Writing(field, source))


@routes.get("/sheets/{reading}/box/{field}/{place}.jpg", policy=OF_A_SHEET)
async def box(visit: CurrentVisit, reading: int, field: str, place: int) -> Response:
    """One digit box of a number, from 0."""
    return await _picture(visit, reading, OneBox(field, place))


@routes.get("/photos/{photo}/original", policy=Policy(frozenset({Role.AUDITOR, Role.ADMIN}), PhotoOf("photo")))
def original(visit: CurrentVisit, photo: int) -> Response:
    """The file as it was sent, with all that it says of its owner: for those who must be able to prove what was sent."""
    with visit.reading() as connection:
        sha256 = connection.execute(sa.select(photos.c.sha256).where(photos.c.position == photo)).scalar_one()
    try:
        data = visit.photos.get(sha256)
    except PhotoLostError as error:
        raise PageError(404, PHOTO_LOST) from error
    kind = format_of(data)
    name = f"{sha256}.{kind}" if kind is not None else sha256
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(data, media_type="application/octet-stream", headers=headers)


async def _picture(visit: Visit, reading: int, cut: Cut) -> Response:
    stored = await run_in_threadpool(_stored, visit, reading)
    if not exists(cut, stored.sheet, visit.site.catalogue):
        raise HTTPException(404)
    drawn = await visit.site.pictures.draw(stored, cut)
    if drawn is None:
        raise PageError(404, PHOTO_LOST)
    return Response(drawn, media_type="image/jpeg")


def _stored(visit: Visit, reading: int) -> StoredSheet:
    with visit.reading() as connection:
        return sheet_at(connection, reading)

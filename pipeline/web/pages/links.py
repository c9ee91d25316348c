"""The links that let the officers of a polling station in on their phones: making them, showing them as QR, revoking them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import zxingcpp
from markupsafe import Markup
from starlette.exceptions import HTTPException
from starlette.responses import Response

from pipeline.regions import Level, TpsCode
from pipeline.store import links
from pipeline.store.accounts import AccountError
from pipeline.store.links import Link, links_of, make_link, revoke
from pipeline.store.times import time_of
from pipeline.web.policy import OPERATORS, Policy, Routes, Station
from pipeline.web.visit import CurrentVisit, PageError, Visit
from pipeline.web.wording import named

DOTS = 4
"""Pixels of a square of a QR code."""

OF_A_STATION = Policy(OPERATORS, Station("tps"))

routes = Routes()


@dataclass(frozen=True, slots=True)
class LinkShown:
    """A link as those see it who give it out; `address` and `qr` are empty when it lets nobody in any more."""

    link: Link
    address: str
    qr: Markup


@routes.get("/stations/{tps}/links", policy=OF_A_STATION)
def links_page(visit: CurrentVisit, tps: str) -> Response:
    with visit.reading() as connection:
        found, where = links_of(connection, tps), named(connection, tps[: Level.VILLAGE])
    number = TpsCode.parse(tps).number
    return visit.page("links.html", tps=tps, number=number, where=where, station_links=[_shown(visit, one) for one in found])


@routes.post("/stations/{tps}/links", policy=OF_A_STATION)
def make(visit: CurrentVisit, tps: str) -> Response:
    try:
        with visit.writing() as connection:
            make_link(connection, TpsCode.parse(tps), made_by=visit.account.name, now=datetime.now(UTC))
    except AccountError as error:
        raise PageError(409, error.said) from error
    return visit.redirect(f"/stations/{tps}/links")


@routes.post("/stations/{tps}/links/{number}/revoke", policy=OF_A_STATION)
def revoke_link(visit: CurrentVisit, tps: str, number: int) -> Response:
    with visit.writing() as connection:
        if number not in {one.id for one in links_of(connection, tps)}:
            raise HTTPException(404)
        revoke(connection, number, now=datetime.now(UTC))
    return visit.redirect(f"/stations/{tps}/links")


def qr_svg(text: str) -> Markup:
    """A QR code as an SVG picture."""
    code = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level="M")
    svg = code.to_svg(scale=DOTS, add_quiet_zones=True)
    return Markup(svg[svg.index("<svg") :])


def address_of(base: str, token: str) -> str:
    """The link that a phone opens. What stands behind # is not sent to the server, and so in none of its logs."""
    return f"{base.rstrip('/')}/m#masuk={token}"


def _shown(visit: Visit, link: Link) -> LinkShown:
    if link.revoked is not None or time_of(link.expires) <= datetime.now(UTC):
        return LinkShown(link, "", Markup(""))
    address = address_of(str(visit.request.base_url), links.token_of(link, visit.site.signer))
    return LinkShown(link, address, qr_svg(address))

"""Links that let the officers of a polling station in on their phones, without a password.

A link is signed and names a row of the store; so it cannot be made up, ends with the election, and can be revoked, together with every
session that began with it.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import Connection

from pipeline.regions import TpsCode
from pipeline.sheet import Text
from pipeline.store import accounts
from pipeline.store.accounts import Account, AccountError, Role, Session, add_account, begin_session
from pipeline.store.ledger import become_writer
from pipeline.store.schema import accounts as accounts_table
from pipeline.store.schema import elections, links, sessions
from pipeline.store.signing import Purpose, Signer
from pipeline.store.times import text_of, time_of

RECAPITULATION = timedelta(days=35)
"""How long after the vote results may be recapitulated (Law 7/2017, article 413); a link lives until then."""


@dataclass(frozen=True, slots=True)
class Link:
    """A link of a polling station; `revoked` is when it was, None when it was not."""

    id: int
    tps: str
    made_by: str
    made_at: str
    expires: str
    revoked: str | None


def make_link(connection: Connection, tps: TpsCode, *, made_by: str, now: datetime, until: datetime | None = None) -> Link:
    """Make a link for the officers of a polling station, who get an account when there is none.

    Parameters
    ----------
    until
        When it ends; when the recapitulation of the last election ends, or of one that is held today, when None.

    Raises
    ------
    AccountError
        The village of the station is not in the table of regions, or its account was deactivated.
    """
    become_writer(connection)
    account = _account_of(connection, tps)
    made = {
        "account": account.id, "made_by": made_by, "made_at": text_of(now),
        "expires": text_of(until or _end_of_election(connection, now)), "revoked": None,
    }  # fmt: skip
    (number,) = connection.execute(links.insert().values(made)).inserted_primary_key or (0,)
    return Link(number, str(tps), made_by, str(made["made_at"]), str(made["expires"]), None)


def links_of(connection: Connection, region: str) -> list[Link]:
    """The links of the polling stations of a region (of one, or of the whole country when empty), the last one first."""
    inside = accounts_table.c.region.startswith(region, autoescape=True)
    return [_link(row) for row in connection.execute(_links().where(inside).order_by(links.c.id.desc()))]


def link_at(connection: Connection, number: int) -> Link | None:
    """The link with a number, None when there is none."""
    row = connection.execute(_links().where(links.c.id == number)).first()
    return None if row is None else _link(row)


def revoke(connection: Connection, number: int, *, now: datetime) -> None:
    """Let nobody in by a link any more, and end the sessions that began with it."""
    become_writer(connection)
    connection.execute(links.update().where(links.c.id == number, links.c.revoked.is_(None)).values(revoked=text_of(now)))
    connection.execute(sessions.delete().where(sessions.c.link == number))


def token_of(link: Link, signer: Signer) -> str:
    """What a link carries: its number, and the signature."""
    return f"{link.id}.{signer.sign(Purpose.LINK, _said(link))}"


def enter(connection: Connection, token: str, signer: Signer, *, now: datetime) -> Session | None:
    """Begin a session by a link, which lives as long as it does; None when the link was never made, has ended, or was revoked."""
    number, _, signature = token.partition(".")
    link = link_at(connection, int(number)) if number.isascii() and number.isdecimal() and len(number) < 10 else None
    if link is None or not signer.has_signed(Purpose.LINK, _said(link), signature):
        return None
    if link.revoked is not None or time_of(link.expires) <= now:
        return None
    account = accounts.account_named(connection, _name_of(link.tps))
    if account is None or not account.active:
        return None
    return begin_session(connection, account, expires=time_of(link.expires), link=link.id)


def _said(link: Link) -> dict[str, object]:
    return {"expires": link.expires, "link": link.id, "tps": link.tps}


def _name_of(tps: str) -> str:
    return f"kpps-{tps}"


def _account_of(connection: Connection, tps: TpsCode) -> Account:
    """The account of the officers of a station; nobody knows its password, which another can be given."""
    name = _name_of(str(tps))
    known = accounts.account_named(connection, name)
    if known is None:
        return add_account(connection, name=name, role=Role.KPPS, region=str(tps), password=secrets.token_urlsafe(32))
    if not known.active:
        raise AccountError(Text(f"Akun {name} dinonaktifkan.", f"The account {name} was deactivated."))
    return known


def _end_of_election(connection: Connection, now: datetime) -> datetime:
    last = connection.scalar(sa.select(sa.func.max(elections.c.day)))
    day = max(date.fromisoformat(last), now.date()) if last else now.date()
    return now + (day + RECAPITULATION - now.date())


def _links() -> sa.Select[tuple[object, ...]]:
    return sa.select(links, accounts_table.c.region).join_from(links, accounts_table, accounts_table.c.id == links.c.account)


def _link(row: sa.Row[tuple[object, ...]]) -> Link:
    return Link(row.id, row.region, row.made_by, row.made_at, row.expires, row.revoked)

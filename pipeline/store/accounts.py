"""People and what they answer for: accounts, who is logged in, and how often a login may fail.

Of a password the store has an argon2id hash, of a session the SHA-256 of the token that the browser holds: a copy of the database opens
nothing. A login is counted as failed before the password is looked at and the count is taken back after, so that a thousand guesses at
once get no further than five.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache

import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Connection, Engine

from pipeline.regions import CodeError, Level, TpsCode, region_code
from pipeline.regions.codes import TPS_LENGTH
from pipeline.sheet import Text
from pipeline.store.ledger import become_writer
from pipeline.store.schema import accounts, login_failures, regions, sessions
from pipeline.store.times import text_of, time_of

SESSION = timedelta(hours=12)
"""How long a session lives after it was last used."""

SLIDES_AFTER = timedelta(hours=1)
"""A use moves the end of a session when it was last moved so long ago: not every page that is looked at writes."""

FAILURES_WITHIN = timedelta(minutes=15)
FAILURES_OF_NAME = 5
FAILURES_OF_ADDRESS = 20
"""Logins that may fail in that time; more people than one may share an address."""

PASSWORD_AT_LEAST = 10
PASSWORD_AT_MOST = 200
"""Signs of a password."""

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,63}")

_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
"""Signs of a generated password, without those that are taken for others."""

_HASHER = PasswordHasher()
_VERIFYING = threading.BoundedSemaphore(2)
"""Every verification takes 64 MiB; a crowd at the login must not take all the memory."""


class Role(StrEnum):
    """What a person is, as in the real system; `AUDITOR` reads everything and decides nothing, `ADMIN` keeps the accounts."""

    KPPS = "kpps"
    PPS = "pps"
    PPK = "ppk"
    REGENCY = "regency"
    PROVINCE = "province"
    NATIONAL = "national"
    AUDITOR = "auditor"
    ADMIN = "admin"


REGION_LENGTHS: Mapping[Role, tuple[int, ...]] = {
    Role.KPPS: (TPS_LENGTH,),
    Role.PPS: (Level.VILLAGE,),
    Role.PPK: (Level.DISTRICT,),
    Role.REGENCY: (Level.REGENCY,),
    Role.PROVINCE: (Level.PROVINCE,),
    Role.NATIONAL: (0,),
    Role.AUDITOR: (0, *Level, TPS_LENGTH),
    Role.ADMIN: (0,),
}
"""Signs that the code of each role's region has; 0 is the whole country."""


@dataclass(frozen=True, slots=True)
class Account:
    """A person: `region` is the code of the region or polling station the person answers for, empty for the whole country."""

    id: int
    name: str
    role: Role
    region: str
    active: bool = True

    def covers(self, code: str | None) -> bool:
        """Whether a region or polling station lies in this person's; one that is not known (None) lies in the whole country only."""
        return (code or "").startswith(self.region)


@dataclass(frozen=True, slots=True)
class Session:
    """A person who is logged in; `token` is what only the browser keeps, `csrf` what its forms must carry.

    `link` is the link that let the person in, with which the session ends; None where a password did.
    """

    account: Account
    token: str
    csrf: str
    expires: datetime
    link: int | None = None


@dataclass(frozen=True, slots=True)
class TooManyFailures:
    """A login that is not looked at, since too many have failed; the next one is after so many seconds."""

    seconds: int


class AccountError(ValueError):
    """What was asked of an account cannot be; `said` says why and what to do."""

    def __init__(self, said: Text) -> None:
        super().__init__(said.en)
        self.said = said


def add_account(connection: Connection, *, name: str, role: Role, region: str, password: str) -> Account:
    """Add a person.

    Raises
    ------
    AccountError
        The name is taken or none, the region is not one of this role, or the password is too weak.
    """
    become_writer(connection)
    if not NAME.fullmatch(name):
        raise AccountError(_NAME_RULE)
    if connection.scalar(sa.select(sa.exists().where(accounts.c.name == name))):
        raise AccountError(Text(f"Nama {name} sudah dipakai; pilih nama lain.", f"The name {name} is taken; choose another one."))
    _check_region(connection, role, region)
    values = {"name": name, "role": role.value, "region": region, "password": _hashed(name, password), "active": True}
    added = connection.execute(accounts.insert().values(values))
    (number,) = added.inserted_primary_key or (0,)
    return Account(number, name, role, region)


def all_accounts(connection: Connection, *, after: str = "", limit: int | None = None) -> list[Account]:
    """The people by name."""
    query = sa.select(accounts).where(accounts.c.name > after).order_by(accounts.c.name).limit(limit)
    return [_account(row) for row in connection.execute(query)]


def account_named(connection: Connection, name: str) -> Account | None:
    """The person of a name, None when there is none."""
    row = connection.execute(sa.select(accounts).where(accounts.c.name == name)).first()
    return None if row is None else _account(row)


def set_password(connection: Connection, name: str, password: str, *, keep: Session | None = None) -> None:
    """Give a person a new password, and end all sessions of the person but the one to keep; AccountError as of `add_account`."""
    account = _named(connection, name)
    connection.execute(accounts.update().where(accounts.c.id == account.id).values(password=_hashed(name, password)))
    others = sessions.delete().where(sessions.c.account == account.id)
    connection.execute(others if keep is None else others.where(sessions.c.token != _kept(keep.token)))


def deactivate(connection: Connection, name: str) -> None:
    """Let a person in no more, from now on; an AccountError when there is none of this name. What the person did stays."""
    account = _named(connection, name)
    connection.execute(accounts.update().where(accounts.c.id == account.id).values(active=False))
    connection.execute(sessions.delete().where(sessions.c.account == account.id))


def log_in(store: Engine, name: str, password: str, *, address: str, now: datetime) -> Session | TooManyFailures | None:
    """Log a person in; None when there is no such person with this password.

    Parameters
    ----------
    address
        Where the person is, as failures are counted.
    """
    account = confirm(store, name, password, address=address, now=now)
    if not isinstance(account, Account):
        return account
    with store.begin() as connection:
        connection.execute(sessions.delete().where(sessions.c.expires <= text_of(now)))
        return begin_session(connection, account, expires=now + SESSION)


def begin_session(connection: Connection, account: Account, *, expires: datetime, link: int | None = None) -> Session:
    """Let a person in who has shown who it is; `link` is as of a session."""
    session = Session(account, secrets.token_urlsafe(32), secrets.token_urlsafe(32), expires, link)
    values = {"token": _kept(session.token), "account": account.id, "csrf": session.csrf, "expires": text_of(expires), "link": link}
    connection.execute(sessions.insert().values(values))
    return session


def confirm(store: Engine, name: str, password: str, *, address: str, now: datetime) -> Account | TooManyFailures | None:
    """The person whose name and password these are; parameters and results as of `log_in`.

    A name that nobody has takes as long as one that somebody has.
    """
    known_name = name if NAME.fullmatch(name) else ""
    with store.begin() as connection:
        become_writer(connection)
        connection.execute(login_failures.delete().where(login_failures.c.at <= text_of(now - FAILURES_WITHIN)))
        wait = max(
            _seconds_to_wait(connection, login_failures.c.name == known_name, FAILURES_OF_NAME, now),
            _seconds_to_wait(connection, login_failures.c.address == address, FAILURES_OF_ADDRESS, now),
        )
        if wait:
            return TooManyFailures(wait)
        connection.execute(login_failures.insert().values(name=known_name, address=address, at=text_of(now)))
        row = connection.execute(sa.select(accounts).where(accounts.c.name == known_name, accounts.c.active)).first()
    if not _is_password(_nobodys_hash() if row is None else row.password, password) or row is None:
        return None
    with store.begin() as connection:
        forgiven = (login_failures.c.name == known_name) & (login_failures.c.address == address)
        connection.execute(login_failures.delete().where(forgiven))
        if _HASHER.check_needs_rehash(row.password):
            same = (accounts.c.id == row.id) & (accounts.c.password == row.password)
            connection.execute(accounts.update().where(same).values(password=_HASHER.hash(password)))
    return _account(row)


def session_of(connection: Connection, token: str, *, now: datetime) -> Session | None:
    """Who holds a token; None when its session has ended or never was."""
    row = connection.execute(
        sa.select(accounts, sessions.c.csrf, sessions.c.expires, sessions.c.link)
        .join_from(sessions, accounts, accounts.c.id == sessions.c.account)
        .where(sessions.c.token == _kept(token), sessions.c.expires > text_of(now), accounts.c.active)
    ).first()
    return None if row is None else Session(_account(row), token, row.csrf, time_of(row.expires), row.link)


def slides(session: Session, *, now: datetime) -> bool:
    """Whether the end of a session that is used now is to be moved."""
    return session.link is None and session.expires < now + SESSION - SLIDES_AFTER


def slide(connection: Connection, session: Session, *, now: datetime) -> None:
    """Move the end of a session."""
    connection.execute(sessions.update().where(sessions.c.token == _kept(session.token)).values(expires=text_of(now + SESSION)))


def log_out(connection: Connection, session: Session) -> None:
    """End a session."""
    connection.execute(sessions.delete().where(sessions.c.token == _kept(session.token)))


def generated_password() -> str:
    """A password of 79 bits that can be read out."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(4))


_NAME_RULE = Text(
    "Nama memakai 2 sampai 64 huruf kecil, angka, titik, garis, atau garis bawah, dan diawali huruf atau angka.",
    "A name has 2 to 64 small letters, digits, dots, dashes or underscores, and begins with a letter or digit.",
)


def _check_region(connection: Connection, role: Role, region: str) -> None:
    lengths = REGION_LENGTHS[role]
    if len(region) not in lengths:
        allowed = ", ".join(str(int(length)) for length in lengths)
        raise AccountError(
            Text(
                f"Wilayah untuk peran {role} adalah kode {allowed} tanda (0: seluruh negeri), bukan {len(region)}.",
                f"The region of the role {role} is a code of {allowed} signs (0: the whole country), not {len(region)}.",
            )
        )
    if not region:
        return
    try:
        code = TpsCode.parse(region).village if len(region) == TPS_LENGTH else region_code(region)
    except CodeError as error:
        raise AccountError(Text(f"Kode wilayah {region} tidak sah.", str(error))) from error
    if not connection.scalar(sa.select(sa.exists().where(regions.c.code == code))):
        raise AccountError(
            Text(
                f"Tidak ada wilayah {code} dalam tabel; lihat `sirekap regions show`.",
                f"There is no region {code} in the table; see `sirekap regions show`.",
            )
        )


def _hashed(name: str, password: str) -> str:
    if not PASSWORD_AT_LEAST <= len(password) <= PASSWORD_AT_MOST or password.lower() == name:
        raise AccountError(
            Text(
                f"Kata sandi memakai {PASSWORD_AT_LEAST} sampai {PASSWORD_AT_MOST} tanda dan bukan namanya.",
                f"A password has {PASSWORD_AT_LEAST} to {PASSWORD_AT_MOST} signs and is not the name.",
            )
        )
    return _HASHER.hash(password)


def _is_password(kept: str, password: str) -> bool:
    try:
        with _VERIFYING:
            return _HASHER.verify(kept, password[:PASSWORD_AT_MOST]) and len(password) <= PASSWORD_AT_MOST
    except (VerificationError, InvalidHashError):
        return False


@cache
def _nobodys_hash() -> str:
    """A hash that names nobody has are verified against, so that they cannot be told by the time it takes."""
    return _HASHER.hash(secrets.token_urlsafe(32))


def _seconds_to_wait(connection: Connection, whose: sa.ColumnElement[bool], at_most: int, now: datetime) -> int:
    """Until there are fewer failures than allowed; 0 when there are."""
    recent = sa.select(login_failures.c.at).where(whose).order_by(login_failures.c.at.desc()).offset(at_most - 1).limit(1)
    at = connection.scalar(recent)
    return 0 if at is None else max(1, round((time_of(at) + FAILURES_WITHIN - now).total_seconds()))


def _named(connection: Connection, name: str) -> Account:
    become_writer(connection)
    account = account_named(connection, name)
    if account is None:
        raise AccountError(Text(f"Tidak ada akun {name}.", f"There is no account {name}."))
    return account


def _account(row: sa.Row[tuple[object, ...]]) -> Account:
    return Account(row.id, row.name, Role(row.role), row.region, row.active)


def _kept(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()

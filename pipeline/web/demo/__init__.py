"""A store to try things on: a regency with its villages, an election, the sample forms as photos, and a person of every role.

The passwords are made anew at every start and stand nowhere; a store that was made for something else is left alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import Connection, Engine

from pipeline.forms import load_catalogue
from pipeline.imaging.files import Item
from pipeline.regions import TpsCode, read_regions
from pipeline.store.accounts import Role, add_account, all_accounts, generated_password, set_password
from pipeline.store.elections import Election, add_election, all_elections
from pipeline.store.intake import Arrival, take_in
from pipeline.store.links import links_of, make_link, token_of
from pipeline.store.photos import PhotoStore
from pipeline.store.regions import import_regions
from pipeline.store.schema import accounts, photos, regions
from pipeline.store.signing import Signer
from pipeline.store.times import time_of

REGIONS = Path(__file__).with_name("regions.csv")
"""Lampung with the regency Tulang Bawang as in 2024: kode, nama, tingkat, tps."""

SAMPLES = Path(__file__).resolve().parents[3] / "sample_forms"
"""Photos that the project made itself; they are in the checkout and not in an installed package."""

FORM = "c-hasil-ppwp-2024"
ELECTION = "demo-2024"

STATIONS: Mapping[str, tuple[str, ...]] = {
    "1805082001001": ("page1-photo", "page2-scan", "page3-scan"),
    "1805082001002": ("page2-boxes-against-bubbles",),
    "1805082001003": ("page2-overwritten", "page3-broken-sum"),
    "1805082024001": ("page2-fluid", "page2-cut-off"),
    "1805021008001": ("page2-photo",),
    "1805021008002": ("page3-photo",),
    "1805022001001": ("page1-scan", "page2-shadow"),
    "1805021010004": ("page2-upside-down", "page2-blank-form", "not-a-form"),
}
"""Which of the samples are sent as photos of which polling station."""

PEOPLE: tuple[tuple[str, Role, str], ...] = (
    ("kpps", Role.KPPS, "1805082001001"),
    ("pps", Role.PPS, "1805082001"),
    ("ppk", Role.PPK, "180508"),
    ("kabupaten", Role.REGENCY, "1805"),
    ("provinsi", Role.PROVINCE, "18"),
    ("nasional", Role.NATIONAL, ""),
    ("pemeriksa", Role.AUDITOR, ""),
    ("pengelola", Role.ADMIN, ""),
)


PHONE_STATION = "1805082001005"
"""A polling station that has sent nothing yet, to be photographed with a phone."""


class NotADemoError(Exception):
    """The store was made for something else, and a demonstration would be mixed with it."""


class NoSamplesError(Exception):
    """The sample forms are not there; the message says where they should be."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody one can log in as."""

    name: str
    role: Role
    region: str
    password: str


def prepare(store: Engine, kept: PhotoStore, *, max_bytes: int) -> list[Person]:
    """Make a store a demonstration, or begin one anew: what was done in it before stays, the passwords are new.

    Raises
    ------
    NotADemoError
        There is something else in the store.
    NoSamplesError
        There are no photos to send.
    """
    if not SAMPLES.is_dir():
        raise NoSamplesError(str(SAMPLES))
    with store.begin() as connection:
        _check(connection)
        table, _ = read_regions(REGIONS)
        import_regions(connection, table)
        sheets = tuple((FORM, page) for page in load_catalogue()[FORM].pages)
        add_election(connection, Election(ELECTION, "Pemilu 2024 (contoh)", "2024-02-14", sheets))
        people = [_person(connection, *one) for one in PEOPLE]
    arrivals = [
        Arrival(Item(f"{tps}-{name}.jpg", SAMPLES / f"{name}.jpg"), tps=TpsCode.parse(tps))
        for tps, names in STATIONS.items() for name in names
    ]  # fmt: skip
    for _ in take_in(store, kept, arrivals, max_bytes=max_bytes):
        pass  # what was taken in before is known by its content
    return people


def link_for_phone(store: Engine, signer: Signer) -> str:
    """What the link of the officers of `PHONE_STATION` carries; the same one as long as it lives."""
    now = datetime.now(UTC)
    with store.begin() as connection:
        found = [one for one in links_of(connection, PHONE_STATION) if one.revoked is None and time_of(one.expires) > now]
        return token_of(found[0] if found else make_link(connection, TpsCode.parse(PHONE_STATION), made_by=ELECTION, now=now), signer)


def _check(connection: Connection) -> None:
    if any(election.id == ELECTION for election in all_elections(connection)):
        return
    if any(connection.scalar(sa.select(sa.exists().select_from(table))) for table in (photos, accounts, regions)):
        raise NotADemoError


def _person(connection: Connection, name: str, role: Role, region: str) -> Person:
    password = generated_password()
    if any(account.name == name for account in all_accounts(connection)):
        set_password(connection, name, password)
    else:
        add_account(connection, name=name, role=role, region=region, password=password)
    return Person(name, role, region, password)

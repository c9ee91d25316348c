"""Sending photos of a polling station, and what became of those that were sent."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import Connection
from starlette.datastructures import UploadFile
from starlette.responses import Response

from pipeline.imaging import Limits
from pipeline.imaging.files import Item
from pipeline.imaging.headers import format_of
from pipeline.recap.wording import VERDICTS
from pipeline.regions import CodeError, Level, Region, TpsCode
from pipeline.sheet import Finding, Refusal, RefusalCode, Text
from pipeline.store.accounts import Account, Role
from pipeline.store.confirmations import notes_of
from pipeline.store.intake import Arrival, Outcome, TakenIn, take_in
from pipeline.store.regions import region
from pipeline.store.schema import photos, regions, waiting
from pipeline.store.sheets import StoredSheet, sheets_of
from pipeline.store.stations import photos_of
from pipeline.web.blind import findings_shown, is_hidden
from pipeline.web.policy import ANYONE, FIELD, FILES_AT_ONCE, OPERATORS, Policy, Routes, Station
from pipeline.web.visit import CurrentVisit, Visit
from pipeline.web.wording import SEVERITIES, named

LONGEST_NAME = 100
"""Signs that are kept of the name a file had on somebody's phone."""

LOOKED_AT = 2048
"""Bytes of a file that say which format it is."""

OUTCOMES = {
    Outcome.ADDED: Text("diterima, menunggu dibaca", "received, waits to be read"),
    Outcome.KNOWN: Text("sudah ada sebelumnya", "was there already"),
    Outcome.MOVED: Text("sudah ada, kini untuk TPS ini", "was there already, now of this station"),
    Outcome.REFUSED: Text("ditolak", "refused"),
}

NO_STATION = Text(
    "Pilih desa/kelurahan dan nomor TPS, atau isi kode TPS: 13 tanda.",
    "Choose the village and the number of the station, or give its code: 13 signs.",
)
NOT_YOURS = Text(
    "TPS ini tidak ada dalam tabel wilayah, atau bukan wilayah Anda. Periksa kodenya.",
    "This station is not in the table of regions, or not of your region. Check the code.",
)
NO_FILES = Text("Pilih paling sedikit satu foto.", "Choose at least one photo.")

routes = Routes()


@dataclass(frozen=True, slots=True)
class PhotoShown:
    """A photo of a station: `sheets` is what was read on it, empty as long as it waits."""

    position: int
    name: str
    waits: bool
    sheets: tuple[SheetShown, ...]


@dataclass(frozen=True, slots=True)
class SheetShown:
    """A sheet of a photo, and what speaks against it; `hidden` when that, and its numbers, may not be shown to this visitor."""

    stored: StoredSheet
    hidden: bool
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class VillagesShown:
    """The villages of a district, to choose one of."""

    district: str
    villages: tuple[Region, ...]


@routes.get("/upload", policy=Policy(FIELD))
def upload_form(visit: CurrentVisit) -> Response:
    return _form(visit, tps=visit.request.query_params.get("tps", ""))


@routes.post("/upload", policy=Policy(FIELD), files=True)
def upload(visit: CurrentVisit) -> Response:
    """Take photos in. The station is one of the sender's region; the same photo sent twice is kept once."""
    typed = _typed(visit)
    files = [one for one in visit.form.getlist("photos") if isinstance(one, UploadFile) and one.filename]
    with visit.reading() as connection:
        station = _station(connection, visit.account, typed)
    if isinstance(station, Text):
        return _form(visit, status=400, tps=typed, said=station)
    if not files:
        return _form(visit, status=400, tps=typed, said=NO_FILES)
    taken = _taken_in(visit, station, files)
    if any(one.outcome is Outcome.ADDED for one in taken):
        visit.site.photos_came()
    refused = all(one.outcome is Outcome.REFUSED for one in taken)
    return visit.page("uploaded.html", status=422 if refused else 200, tps=str(station), taken=taken, outcomes=OUTCOMES)


@routes.get("/stations/{tps}", policy=Policy(ANYONE, Station("tps")))
def station_page(visit: CurrentVisit, tps: str) -> Response:
    with visit.reading() as connection:
        shown, where = _photos(visit, connection, tps), named(connection, tps[: Level.VILLAGE])
        notes = list(reversed(notes_of(connection, tps)))
    template = "station_photos.html" if visit.is_fragment else "station.html"
    may_send = visit.account.role in FIELD
    waits = any(one.waits for one in shown)
    number = TpsCode.parse(tps).number
    return visit.page(
        template, tps=tps, number=number, where=where, photos=shown, may_send=may_send, waits=waits,
        may_link=visit.account.role in OPERATORS, notes=notes, verdicts=VERDICTS, severities=SEVERITIES,
    )  # fmt: skip


def _form(visit: Visit, *, status: int = 200, tps: str = "", said: Text | None = None) -> Response:
    own = visit.account.region if visit.account.role is Role.KPPS else ""
    with visit.reading() as connection:
        where = named(connection, own) if own else ""
        districts = [] if own else _districts(connection, visit.account.region)
    return visit.page(
        "upload.html", status=status, tps=tps or visit.account.region, own=own, where=where, districts=districts, said=said,
        most_files=FILES_AT_ONCE, most_bytes=Limits.of(visit.settings).max_bytes, most_megabytes=visit.settings.max_file_megabytes,
    )  # fmt: skip


def _typed(visit: Visit) -> str:
    """The code of the station of a form: one's own, one typed as a whole, or a village with a number."""
    if visit.account.role is Role.KPPS:
        return visit.account.region
    number = visit.field("number").strip()
    return visit.field("village") + number.zfill(3) if number else visit.field("tps").strip()


def _districts(connection: Connection, code: str) -> list[VillagesShown]:
    """The villages of a regency or less; more than that are too many to choose from."""
    if len(code) < Level.REGENCY:
        return []
    query = sa.select(regions).where(regions.c.code.startswith(code, autoescape=True), sa.func.length(regions.c.code) == Level.VILLAGE)
    villages = [Region(row.code, row.name, row.stations) for row in connection.execute(query.order_by(regions.c.code))]
    names = {row.code: row.name for row in connection.execute(sa.select(regions).where(sa.func.length(regions.c.code) == Level.DISTRICT))}
    grouped = groupby(villages, key=lambda village: village.parent or "")
    return [VillagesShown(names.get(district, district), tuple(inside)) for district, inside in grouped]


def _station(connection: Connection, account: Account, code: str) -> TpsCode | Text:
    """The station of a code, if this person may send photos of it."""
    try:
        station = TpsCode.parse(code)
    except CodeError:
        return NO_STATION
    if not account.covers(str(station)) or region(connection, station.village) is None:
        return NOT_YOURS
    return station


def _taken_in(visit: Visit, station: TpsCode, files: Sequence[UploadFile]) -> list[TakenIn]:
    """Take files in. Each lies under a number in a folder of its own; the name it had is only ever shown."""
    taken: list[TakenIn] = []
    with tempfile.TemporaryDirectory(prefix="sirekap-upload-") as folder:
        arrivals = []
        for number, file in enumerate(files):
            # A name that begins with another station's code, as the clock of a phone may make one, would contradict the sender.
            name = f"{station}-{_shown_name(file.filename or '')}"
            beginning = file.file.read(LOOKED_AT)
            file.file.seek(0)
            if beginning and format_of(beginning) is None:
                taken.append(TakenIn(name, Outcome.REFUSED, Refusal(RefusalCode.UNSUPPORTED_FORMAT, "not a format that is read")))
                continue
            path = Path(folder, str(number))
            with path.open("xb") as copy:
                shutil.copyfileobj(file.file, copy)
            arrivals.append(Arrival(Item(name, path), tps=station))
        return [*taken, *take_in(visit.store, visit.photos, arrivals, max_bytes=Limits.of(visit.settings).max_bytes)]


def _shown_name(name: str) -> str:
    """The last part of the name of a file, without signs that cannot be printed."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(sign for sign in last if sign.isprintable())[-LONGEST_NAME:] or "foto"


def _photos(visit: Visit, connection: Connection, tps: str) -> list[PhotoShown]:
    positions = photos_of(connection, tps)
    named_photos = connection.execute(
        sa.select(photos.c.position, photos.c.name, waiting.c.photo.is_not(None).label("waits"))
        .outerjoin_from(photos, waiting, waiting.c.photo == photos.c.position)
        .where(photos.c.position.in_(positions))
        .order_by(photos.c.position.desc())
    ).all()
    return [
        PhotoShown(
            row.position, row.name, row.waits,
            tuple(_sheet(connection, visit.account, stored) for stored in sheets_of(connection, row.position)),
        )
        for row in named_photos
    ]  # fmt: skip


def _sheet(connection: Connection, account: Account, stored: StoredSheet) -> SheetShown:
    hidden = is_hidden(connection, account, stored.position)
    return SheetShown(stored, hidden, () if hidden else findings_shown(connection, account, stored))

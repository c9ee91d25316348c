"""What a D.Hasil says: the confirmed results of a region beside those of its parts, with how many polling stations each number is of.

The region's roll-up comes in, and a document goes out that knows nothing of paper: its rows are the numbers of the form in the order of
the paper, its columns the parts of the region. The idea: every number says whether it is of all polling stations of its column or of how
many, and a number in doubt is counted and never printed. D.Hasil is an official form in Indonesian, so the document is, too; its layout is
made anew from what is published, and it says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection

from pipeline.forms import Form
from pipeline.recap.rollup import Figure, Part, RegionCheck, Rollup, StationPart, rollup
from pipeline.regions import Level
from pipeline.store.ledger import Head, head
from pipeline.store.results import Evidence
from pipeline.store.times import WIB

RECONSTRUCTED = "Rekonstruksi tata letak; bukan dokumen resmi"
UNOFFICIAL = "Bukan hasil resmi"
STATUS = "status: reconstructed"
NONE = "–"
"""Stands for a number that no confirmed sheet has."""

LEVELS = {
    Level.PROVINCE: "Provinsi", Level.REGENCY: "Kabupaten/Kota", Level.DISTRICT: "Kecamatan", Level.VILLAGE: "Desa/Kelurahan",
}  # fmt: skip

STATION = "TPS"

SIGNS = {"l": "LK", "p": "PR", "j": "JML"}
"""How the form marks men, women and their sum, by the end of the number's id."""

CONTEST = re.compile(r"(ppwp|pwp|dprd|dpr|dpd|kwk)")
"""What an id of a form says of the contest."""


class Kind(StrEnum):
    """The levels of which there is a D.Hasil, as its name has them."""

    KECAMATAN = "KECAMATAN"
    KABKO = "KABKO"
    PROVINCE = "PROV"


KINDS = {Level.DISTRICT: Kind.KECAMATAN, Level.REGENCY: Kind.KABKO, Level.PROVINCE: Kind.PROVINCE}
COLUMNS = {Kind.KECAMATAN: LEVELS[Level.VILLAGE], Kind.KABKO: LEVELS[Level.DISTRICT], Kind.PROVINCE: LEVELS[Level.REGENCY]}


@dataclass(frozen=True, slots=True)
class Place:
    """A region: what it is ("Kecamatan"), its code, and its name on one line."""

    level: str
    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Cell:
    """A number of a column: the confirmed sum, the sheets it is of, and the polling stations there are."""

    value: int
    sheets: int
    stations: int

    @property
    def is_whole(self) -> bool:
        """Whether it is of all polling stations."""
        return self.sheets > 0 and self.sheets == self.stations


@dataclass(frozen=True, slots=True)
class Count:
    """Something that is counted in each column: what every number has to be seen beside."""

    label: str
    counts: tuple[int, ...]
    total: int


@dataclass(frozen=True, slots=True)
class Row:
    """A number of the form in each column.

    Attributes
    ----------
    group
        What is counted; rows that follow each other with the same one are its men, women and sum.
    sign
        LK, PR or JML in such a group, else empty.
    page
        The page of the form that it stands on.
    """

    group: str
    sign: str
    page: str
    cells: tuple[Cell, ...]
    total: Cell


@dataclass(frozen=True, slots=True)
class CheckLine:
    """A sum of the form over the whole region, and what became of it."""

    id: str
    text: str
    holds: bool | None
    result: str


@dataclass(frozen=True, slots=True)
class Document:
    """A D.Hasil.

    Attributes
    ----------
    path
        The regions that contain it, from the province down, and last the region itself.
    columns_are
        What the parts of the region are.
    ledger
        The last row of the ledger when it was made: what was recorded later is not in it.
    annexes
        Of a district: its villages of which a photo came, each with its polling stations as columns.
    """

    kind: Kind
    model: str
    title: str
    form: str
    form_version: str
    path: tuple[Place, ...]
    columns_are: str
    columns: tuple[Place, ...]
    counts: tuple[Count, ...]
    rows: tuple[Row, ...]
    checks: tuple[CheckLine, ...]
    ledger: Head
    at: datetime
    annexes: tuple[Document, ...] = ()

    @property
    def region(self) -> Place:
        return self.path[-1]

    @property
    def made(self) -> str:
        """When it was made, in the time of Jakarta."""
        return f"{self.at.astimezone(WIB):%Y-%m-%d %H.%M} WIB"

    def file_name(self, suffix: str) -> str:
        """Its name as a file, which has only signs that every system takes."""
        return f"D.Hasil-{self.region.code}-{self.form}.{suffix}"


def kind_of(code: str) -> Kind | None:
    """Which D.Hasil a region has: none for the nation, a village, and what is no code."""
    return KINDS[Level(len(code))] if len(code) in KINDS and code[:2].isdecimal() else None


def d_hasil(connection: Connection, code: str, form: Form, *, at: datetime, as_new: int | None = None) -> Document:
    """The D.Hasil of a region; the connection must see one moment of the store, and `as_new` is as of `rollup`.

    Raises
    ------
    LookupError
        There is no such region, or it has no D.Hasil.
    """
    kind = kind_of(code)
    if kind is None:
        raise LookupError(f"there is no D.Hasil of region {code!r}: only of districts, regencies and provinces")
    shown = rollup(connection, code, form, as_new=as_new)
    of_villages = [part.code for part in shown.parts if part.received] if kind is Kind.KECAMATAN else []
    annexes = tuple(_annex(rollup(connection, village, form, as_new=as_new), head(connection), at) for village in of_villages)
    return replace(_document(shown, kind, COLUMNS[kind], head(connection), at), annexes=annexes)


def grouped(number: int) -> str:
    """A number as Indonesian writes it."""
    return f"{number:,}".replace(",", ".")


def _annex(village: Rollup, ledger: Head, at: datetime) -> Document:
    """A village of a district, with its polling stations as columns."""
    stations = tuple(_station(station, village.form) for station in village.stations)
    return _document(replace(village, parts=stations), Kind.KECAMATAN, STATION, ledger, at)


def _station(station: StationPart, form: Form) -> Part:
    """A polling station as a part of its village."""
    figures = {name: Figure(0, 0, 0, 0) for name in form.fields}
    for sheet in station.sheets.values():
        for name, value in sheet.result.numbers.items():
            if name in figures and value is not None and sheet.result.evidence != Evidence.READ:
                figures[name] = Figure(value, 1, 0, 0)
    sheets = {page: {Evidence(one.result.evidence): 1} for page, one in station.sheets.items()}
    return Part(station.tps, f"{STATION} {int(station.tps[Level.VILLAGE :])}", 1, int(station.received), 0, sheets, figures)


def _document(shown: Rollup, kind: Kind, columns_are: str, ledger: Head, at: datetime) -> Document:
    code, form = shown.total.code, shown.form
    return Document(
        kind=kind,
        model=f"MODEL D.HASIL {kind}-{_contest(form)}",
        title=form.title.id,
        form=form.id,
        form_version=form.version,
        path=(*(_place(above, name) for above, name in shown.path if above), _place(code, shown.total.name)),
        columns_are=columns_are,
        columns=tuple(_place(part.code, part.name) for part in shown.parts),
        counts=tuple(_counts(shown)),
        rows=tuple(_rows(shown)),
        # A bound that holds says little, and a document would be two pages longer.
        checks=tuple(_line(one) for one in shown.checks if one.check.is_sum or one.holds is False),
        ledger=ledger,
        at=at,
    )


def _contest(form: Form) -> str:
    found = CONTEST.search(form.id)
    contest = found.group() if found else form.id
    return {"pwp": "PPWP"}.get(contest, contest.upper())


def _place(code: str, name: str) -> Place:
    level = LEVELS[Level(len(code))] if len(code) in LEVELS else STATION
    return Place(level, code, " ".join("".join(sign if sign.isprintable() else " " for sign in name).split()))


def _counts(shown: Rollup) -> Iterator[Count]:
    parts, total = shown.parts, shown.total
    yield Count("TPS menurut daftar", tuple(part.stations for part in parts), total.stations)
    yield Count("TPS yang fotonya diterima", tuple(part.received for part in parts), total.received)
    for page in _pages(shown.form):
        yield Count(f"Lembar halaman {page} terkonfirmasi", tuple(part.confirmed(page) for part in parts), total.confirmed(page))
        yield Count(f"Lembar halaman {page} masih ragu", tuple(_doubtful(part, page) for part in parts), _doubtful(total, page))


def _doubtful(part: Part, page: str) -> int:
    return part.sheets.get(page, {}).get(Evidence.READ, 0)


def _pages(form: Form) -> list[str]:
    """The pages that have numbers."""
    return [number for number, page in form.pages.items() if page.fields]


def _rows(shown: Rollup) -> Iterator[Row]:
    form = shown.form
    for name, sign in _order(list(form.fields)):
        label = form.fields[name].label.id
        cells = tuple(_cell(part, name) for part in shown.parts)
        yield Row(label.rpartition(", ")[0] if sign else label, sign, form.page_of(name), cells, _cell(shown.total, name))


def _order(names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The numbers in the order of the paper with their signs: men, women and their sum together, where the first of them stands."""
    done: set[str] = set()
    for name in names:
        stem = name[:-1]
        three = {f"{stem}{end}": sign for end, sign in SIGNS.items()}
        some = three if three.keys() <= set(names) and name in three else {name: ""}
        yield from ((one, sign) for one, sign in some.items() if one not in done)
        done.update(some)


def _cell(part: Part, name: str) -> Cell:
    figure = part.figures[name]
    return Cell(figure.confirmed, figure.confirmed_sheets, part.expected)


def _line(checked: RegionCheck) -> CheckLine:
    sheets = f"dari {grouped(checked.sheets)} lembar"
    if checked.holds is None:
        result = "belum dapat dibandingkan: angkanya belum dari lembar yang sama"
    else:
        result = f"cocok, {sheets}" if checked.holds else f"tidak cocok, {sheets}"
    return CheckLine(checked.check.id, checked.check.text.id, checked.holds, result)

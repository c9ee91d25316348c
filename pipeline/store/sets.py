"""What the documents of a polling station say of each other, and a photo of those of other stations.

A photo comes in; the findings of its whole set (all photos of its station) are made anew, and those of the photos elsewhere that show the
same picture. A reading by itself may be sound and still be a copy sent twice, the wrong page, or at odds with another page or document.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import chain, combinations

import sqlalchemy as sa
from sqlalchemy import Connection

from pipeline.forms import known_forms
from pipeline.imaging.likeness import COPY, difference
from pipeline.sheet import STATES, FieldState, Finding, FindingCode, Severity, Sheet, Text
from pipeline.store.confirmations import confirmations_of, read_by_machine
from pipeline.store.decisions import Typed, standing_decisions
from pipeline.store.ledger import canonical
from pipeline.store.schema import expected_sheets, ledger, likenesses, photos, readings, set_findings, supersessions
from pipeline.store.stations import photos_of, replaced, station_of

SURE = 0.9
"""Numbers below this probability do not contradict: whoever looks at the doubtful one will see the other."""

CANDIDATES = 200
"""Readings with the same numbers that are compared as pictures: of blank forms there may be many."""


@dataclass(frozen=True, slots=True)
class _Document:
    """A photo's reading: `superseded` when another stands in its place, `recount` when that is because the votes were counted again.

    `sure` are its numbers that people decided, or that were read without doubt where nobody did.
    """

    position: int
    photo: int
    name: str
    superseded: bool
    recount: bool
    sheet: Sheet
    sure: Mapping[str, int | None]


_Found = Iterator[tuple[int, int | None, Finding]]
"""Findings, each with the photo and the reading that it is about, None where it is about all of the photo."""


def sheet_in(body: str, *, seconds: float = 0.0) -> Sheet:
    """The sheet in the event of a reading, which does not tell how long it took."""
    return Sheet.from_dict({**json.loads(body)["reading"], "seconds": seconds})


def numbers_key(form: str | None, page: str | None, values: Mapping[str, int | None]) -> str | None:
    """What two readings of the same picture have in common: a hash of form, page and numbers; None where no number was read."""
    if all(value is None for value in values.values()):
        return None
    return sha256(canonical([form, page, values]).encode()).hexdigest()


def examine(connection: Connection, photo: int) -> list[int]:
    """Make the findings of a photo's set anew, and those of the sets that hold the same picture; gives the photos of all these sets."""
    own = _set_of(connection, photo)
    copies = _copies(connection, own)
    elsewhere = {copy.photo for others in copies.values() for copy in others}
    _write(connection, own, copies)
    examined = list(own)
    for other in sorted(elsewhere - set(own)):
        its_set = _set_of(connection, other)
        _write(connection, its_set, _copies(connection, its_set))
        examined += its_set
    return list(dict.fromkeys(examined))


def _set_of(connection: Connection, photo: int) -> list[int]:
    """The photos of the station of a photo, or the photo alone where its station is not known."""
    tps = connection.scalar(sa.select(station_of(photos)).where(photos.c.position == photo))
    return [photo] if tps is None else photos_of(connection, tps)


@dataclass(frozen=True, slots=True)
class _Copy:
    """A photo elsewhere that shows the same picture."""

    photo: int
    name: str
    tps: str | None


def _copies(connection: Connection, of: Sequence[int]) -> dict[int, list[_Copy]]:
    """For each of some photos those of other stations, or of none that is known, that show the same numbers in the same picture."""
    mine, its_reading, its_photo = likenesses.alias(), readings.alias(), photos.alias()
    other, other_reading, other_photo = likenesses.alias(), readings.alias(), photos.alias()
    station, other_station = station_of(its_photo), station_of(other_photo)
    query = (
        sa.select(
            its_reading.c.photo, mine.c.likeness, other_photo.c.position, other_photo.c.name, other_station.label("tps"),
            other.c.likeness.label("other_likeness"),
        )
        .join_from(mine, its_reading, its_reading.c.position == mine.c.reading)
        .join(its_photo, its_photo.c.position == its_reading.c.photo)
        .join(other, other.c.numbers == mine.c.numbers)
        .join(other_reading, other_reading.c.position == other.c.reading)
        .join(other_photo, other_photo.c.position == other_reading.c.photo)
        .where(its_reading.c.photo.in_(of), other_photo.c.position != its_photo.c.position)
        .where(station.is_(None) | other_station.is_(None) | (station != other_station))
        .order_by(other_photo.c.position)
        .limit(CANDIDATES)
    )  # fmt: skip
    copies: dict[int, list[_Copy]] = defaultdict(list)
    for photo, likeness, position, name, tps, other_likeness in connection.execute(query):
        if difference(likeness, other_likeness) <= COPY:
            copies[photo].append(_Copy(position, name, tps))
    return copies


def _write(connection: Connection, of: Sequence[int], copies: dict[int, list[_Copy]]) -> None:
    """Put the findings of a set in the place of those that it had."""
    found: dict[int, list[tuple[int | None, Finding]]] = defaultdict(list)
    documents = _documents(connection, of)
    of_documents = (
        _said(connection, of, documents), _differing(connection, documents), _contradicting(documents), _corrected(connection, documents),
    )  # fmt: skip
    for photo, reading, finding in chain(*of_documents, _missing(connection, documents)):
        found[photo].append((reading, finding))
    for photo, others in copies.items():
        found[photo] += [(None, _copied(other)) for other in others]
    connection.execute(set_findings.delete().where(set_findings.c.photo.in_(of)))
    rows = [
        {
            "photo": photo, "number": number, "reading": reading, "code": finding.code.value, "severity": finding.severity.value,
            "fields": ",".join(finding.fields), "message_id": finding.message.id, "message_en": finding.message.en,
        }
        for photo, findings in found.items() for number, (reading, finding) in enumerate(findings, start=1)
    ]  # fmt: skip
    if rows:
        connection.execute(set_findings.insert(), rows)


def _documents(connection: Connection, of: Sequence[int]) -> list[_Document]:
    """What was read on some photos, without what was refused."""
    why = (
        sa.select(supersessions.c.reason)
        .where(supersessions.c.reading == readings.c.position)
        .order_by(supersessions.c.position.desc())
        .limit(1)
        .scalar_subquery()
    )
    query = (
        sa.select(
            readings.c.position, readings.c.photo, photos.c.name, ledger.c.body, replaced(readings, photos).label("replaced"),
            why.label("reason"),
        )
        .join_from(readings, photos, photos.c.position == readings.c.photo)
        .join(ledger, ledger.c.position == readings.c.position)
        .where(readings.c.photo.in_(of), readings.c.form.is_not(None))
        .order_by(readings.c.position)
    )  # fmt: skip
    rows = connection.execute(query).all()
    decided = standing_decisions(connection, [row.position for row in rows])
    found = []
    for row in rows:
        sheet = sheet_in(row.body)
        if row.position in decided:
            numbers = decided[row.position].numbers.items()
            sure = {name: typed.value for name, typed in numbers if typed.state is not FieldState.ILLEGIBLE}
        else:
            sure = {name: field.value for name, field in sheet.fields.items() if field.probability >= SURE}
        found.append(_Document(row.position, row.photo, row.name, row.replaced, row.reason == "recount", sheet, sure))
    return found


def _said(connection: Connection, of: Sequence[int], documents: Sequence[_Document]) -> _Found:
    """Where what was said of a photo when it came contradicts itself, or what was read."""
    query = sa.select(photos.c.position, photos.c.page, photos.c.contradiction, station_of(photos).label("tps"))
    for photo in connection.execute(query.where(photos.c.position.in_(of)).order_by(photos.c.position)):
        sheets = [document.sheet for document in documents if document.photo == photo.position]
        if photo.contradiction is not None and photo.tps is None:
            why = photo.contradiction
            message = Text(f"Asal foto ini tidak pasti: {why}.", f"Where this photo is from is not certain: {why}.")
            yield photo.position, None, Finding(FindingCode.TPS_CONTRADICTED, Severity.WARNING, (), message)
        for named in {sheet.tps.code for sheet in sheets if sheet.tps is not None and photo.tps not in (None, sheet.tps.code)}:
            message = Text(
                f"Kode QR pada formulir menyebut TPS {named}, padahal foto ini dikirim sebagai {photo.tps}.",
                f"The QR code on the form names station {named}, but this photo was sent as one of {photo.tps}.",
            )
            yield photo.position, None, Finding(FindingCode.TPS_CONTRADICTED, Severity.WARNING, (), message)
        pages = sorted({sheet.page for sheet in sheets if sheet.page is not None})
        if photo.page is not None and pages and photo.page not in pages:
            said, shown = photo.page, ", ".join(pages)
            message = Text(f"Seharusnya halaman {said}, ternyata halaman {shown}.", f"It should be page {said}, but is page {shown}.")
            yield photo.position, None, Finding(FindingCode.PAGE_MIXED_UP, Severity.WARNING, (), message)


def _differing(connection: Connection, documents: Sequence[_Document]) -> _Found:
    """Documents that say different numbers: another form of the same election, or the photo that this one replaced."""
    election = {(row.form, row.page): row.election for row in connection.execute(sa.select(expected_sheets))}
    for one, other in combinations(documents, 2):
        page, other_page = (one.sheet.form, one.sheet.page), (other.sheet.form, other.sheet.page)
        if page == other_page:
            comparable = one.superseded != other.superseded and not (one.recount or other.recount)
        else:
            same_election = page in election and election[page] == election.get(other_page)
            comparable = same_election and not (one.superseded or other.superseded)
        fields = tuple(name for name in one.sure if one.sure[name] != other.sure.get(name, one.sure[name])) if comparable else ()
        if fields:
            for here, there in ((one, other), (other, one)):
                if not here.superseded:
                    yield here.photo, here.position, _difference(here, there, fields)


def _difference(here: _Document, there: _Document, fields: tuple[str, ...]) -> Finding:
    said = ", ".join(f"{name} {here.sure[name]}/{there.sure[name]}" for name in fields)
    where = f"{there.name} ({there.sheet.form}, hal. {there.sheet.page})", f"{there.name} ({there.sheet.form}, page {there.sheet.page})"
    message = Text(f"Berbeda dengan {where[0]}, di sini/di sana: {said}.", f"Differs from {where[1]}, here/there: {said}.")
    return Finding(FindingCode.DOCUMENTS_DIFFER, Severity.ERROR, fields, message)


def _contradicting(documents: Sequence[_Document]) -> _Found:
    """Pages of one form that together break a rule of it; a rule whose numbers all stand on one page is that sheet's own."""
    for form in known_forms():
        pages = {document.sheet.page: document for document in documents if document.sheet.form == form.id and not document.superseded}
        if len(pages) < 2:
            continue
        on = {name: pages[page] for name in form.fields if (page := form.page_of(name)) in pages}
        sure = {name: document.sure[name] for name, document in on.items() if name in document.sure}
        for check in form.checks:
            if check.severity is Severity.INFO or check.constraint.holds(sure) is not False:
                continue
            about = [document for document in pages.values() if any(on[name] is document for name in check.fields)]
            said = ", ".join(f"{name} {sure[name]}" for name in check.fields)
            message = Text(f"{check.text.id} Halaman-halaman TPS ini: {said}.", f"{check.text.en} The pages of this station: {said}.")
            for document in about if len(about) > 1 else ():
                here = tuple(name for name in check.fields if on[name] is document)
                yield document.photo, document.position, Finding(FindingCode.DOCUMENTS_DIFFER, check.severity, here, message)


def _corrected(connection: Connection, documents: Sequence[_Document]) -> _Found:
    """Readings that the officers of the station say are not what stands on the paper."""
    told = confirmations_of(connection, [document.position for document in documents if not document.superseded])
    for document in documents:
        others = told[document.position].others if document.position in told else {}
        if others:
            read = read_by_machine(document.sheet)
            pairs = [(name, _in_words(read[name]), _in_words(other)) for name, other in others.items()]
            said = Text(
                ", ".join(f"{name} {one.id}/{other.id}" for name, one, other in pairs),
                ", ".join(f"{name} {one.en}/{other.en}" for name, one, other in pairs),
            )
            message = Text(
                f"Menurut petugas TPS, terbaca/tertulis: {said.id}.", f"The officers of the station say, read/written: {said.en}."
            )
            yield document.photo, document.position, Finding(FindingCode.OFFICER_DIFFERS, Severity.ERROR, tuple(others), message)


def _in_words(said: Typed) -> Text:
    """A number, or what stands in its boxes when there is none."""
    return Text(str(said.value), str(said.value)) if said.value is not None else STATES[said.state]


def _missing(connection: Connection, documents: Sequence[_Document]) -> _Found:
    """The sheets of the elections of a set that are not in it, told of its first photo."""
    if not documents:
        return
    present = {(document.sheet.form, document.sheet.page) for document in documents}
    here = sa.select(expected_sheets.c.election).where(sa.tuple_(expected_sheets.c.form, expected_sheets.c.page).in_(list(present)))
    query = sa.select(expected_sheets).where(expected_sheets.c.election.in_(here))
    expected = connection.execute(query.order_by(expected_sheets.c.form, expected_sheets.c.page))
    missing = [row for row in expected if (row.form, row.page) not in present]
    if missing:
        message = Text(
            "Belum ada: " + ", ".join(f"{row.form} hal. {row.page}" for row in missing) + ".",
            "Not here yet: " + ", ".join(f"{row.form} page {row.page}" for row in missing) + ".",
        )
        yield documents[0].photo, None, Finding(FindingCode.PAGE_MISSING, Severity.INFO, (), message)


def _copied(copy: _Copy) -> Finding:
    message = Text(
        f"Gambar yang sama dengan {copy.name}, yang dikirim untuk TPS {copy.tps or 'yang tidak diketahui'}.",
        f"The same picture as {copy.name}, which was sent for {'station ' + copy.tps if copy.tps else 'no station that is known'}.",
    )
    return Finding(FindingCode.NEAR_DUPLICATE, Severity.WARNING, (), message)

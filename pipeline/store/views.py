"""Whether the tables that are searched say what the ledger says.

Photos, readings and findings repeat parts of ledger rows. Whoever owns the database can add or change rows there and leave the chain
sound, so every one of them is held against the event it is a view of, and every event against its view.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from pipeline.store.ledger import Fault, FaultCode, Kind
from pipeline.store.schema import findings, ledger, photos, readings

ROWS_AT_ONCE = 5_000

_PHOTO = ("sha256", "name", "bytes", "tps")
_READING = ("photo", "sheet", "form", "page", "verdict", "refusal", "probability")


def check_views(connection: Connection) -> Fault | None:
    """The first row of the ledger whose view is missing or says something else, or the view of no event."""
    seen = {photos: 0, readings: 0, findings: 0}
    for position, kind, body, row, found in _joined(connection):
        expected = _expected(Kind(kind), json.loads(body))
        if row != expected["row"] or found != expected["findings"]:
            return Fault(FaultCode.VIEW_DIFFERS, position, f"what is searched of row {position} ({kind}) is not what the row says")
        if kind == Kind.PHOTO:
            seen[photos] += 1
        elif kind == Kind.READING:
            seen[readings] += 1
            seen[findings] += len(found)
    for table, count in seen.items():
        there = connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0
        if there != count:
            return Fault(FaultCode.VIEW_DIFFERS, 0, f"the table {table.name} has {there} rows, the ledger tells of {count}")
    return None


def _joined(connection: Connection) -> Iterator[tuple[int, str, str, dict[str, Any], list[tuple[str, str]]]]:
    """Position, kind and body of every row of the ledger, with its views."""
    columns = [photos.c[name].label(f"photo_{name}") for name in _PHOTO] + [readings.c[name].label(f"reading_{name}") for name in _READING]
    query = (
        sa.select(ledger.c.position, ledger.c.kind, ledger.c.body, *columns)
        .outerjoin(photos, photos.c.position == ledger.c.position)
        .outerjoin(readings, readings.c.position == ledger.c.position)
        .order_by(ledger.c.position)
        .limit(ROWS_AT_ONCE)
    )
    last = 0
    while rows := connection.execute(query.where(ledger.c.position > last)).mappings().all():
        first, last = rows[0]["position"], rows[-1]["position"]
        said: dict[int, list[tuple[str, str]]] = defaultdict(list)
        within = findings.c.reading.between(first, last)
        for one in connection.execute(sa.select(findings).where(within).order_by(findings.c.reading, findings.c.number)):
            said[one.reading].append((one.code, one.severity))
        for row in rows:
            yield row["position"], row["kind"], row["body"], _present(row), said.get(row["position"], [])


def _present(row: sa.RowMapping) -> dict[str, Any]:
    """The columns of the views of a row of the ledger that are there."""
    return {str(name): value for name, value in row.items() if str(name).startswith(("photo_", "reading_")) and value is not None}


def _expected(kind: Kind, body: Mapping[str, Any]) -> dict[str, Any]:
    """What the views of an event must say."""
    if kind is Kind.PHOTO:
        row, said = {f"photo_{name}": body.get(name) for name in _PHOTO}, []
    elif kind is Kind.READING:
        sheet = body["reading"]
        refusal = sheet["refusal"]
        values = {**sheet, "photo": body["photo"], "sheet": body["sheet"], "refusal": refusal and refusal["code"]}
        row = {f"reading_{name}": values[name] for name in _READING}
        said = [(finding["code"], finding["severity"]) for finding in sheet["findings"]]
    else:
        row, said = {}, []
    return {"row": {name: value for name, value in row.items() if value is not None}, "findings": said}

"""Whether the tables that are searched say what the ledger says.

Photos, readings, what people typed and decided, and what hangs on them repeat parts of ledger rows. Whoever owns the database can add or
change rows there and leave the chain sound, so every one of them is held against the event it is a view of, and every event against its
view.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from pipeline.store.decisions import DecisionKind
from pipeline.store.ledger import Fault, FaultCode, Kind
from pipeline.store.schema import (
    confirmations,
    decisions,
    entries,
    findings,
    ledger,
    likenesses,
    notes,
    photos,
    readings,
    reassignments,
    supersessions,
    waiting,
)
from pipeline.store.sets import numbers_key

ROWS_AT_ONCE = 5_000

_VIEWS = {
    "photo": (photos.c.position, ("sha256", "name", "bytes", "tps", "page", "reason", "contradiction")),
    "reading": (readings.c.position, ("photo", "sheet", "form", "page", "verdict", "refusal", "probability")),
    "likeness": (likenesses.c.reading, ("numbers", "likeness")),
    "supersession": (supersessions.c.position, ("reading", "by", "reason")),
    "reassignment": (reassignments.c.position, ("photo", "tps")),
    "entry": (entries.c.position, ("reading", "account", "known", "leads_to", "numbers", "wrong", "seconds")),
    "decision": (decisions.c.position, ("reading", "decision", "account", "undoes")),
    "confirmation": (confirmations.c.position, ("reading", "account", "differs")),
    "note": (notes.c.position, ("tps", "account")),
}
"""Each view: its column with the position of the event, and its columns that say what the event says."""


def check_views(connection: Connection) -> Fault | None:
    """The first row of the ledger whose view is missing or says something else, or the view of no event."""
    seen = {**{column.table: 0 for column, _ in _VIEWS.values()}, findings: 0}
    for position, kind, body, present, found in _joined(connection):
        expected, said = _expected(Kind(kind), json.loads(body))
        if present != expected or found != said:
            return Fault(FaultCode.VIEW_DIFFERS, position, f"what is searched of row {position} ({kind}) is not what the row says")
        for name in expected:
            seen[_VIEWS[name][0].table] += 1
        seen[findings] += len(found)
    for table, count in seen.items():
        there = connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0
        if there != count:
            return Fault(FaultCode.VIEW_DIFFERS, 0, f"the table {table.name} has {there} rows, the ledger tells of {count}")
    read = sa.exists().where(readings.c.photo == photos.c.position)
    listed = sa.exists().where(waiting.c.photo == photos.c.position)
    wrong = connection.scalar(sa.select(sa.func.min(photos.c.position)).where(read == listed))
    if wrong is not None:
        return Fault(FaultCode.VIEW_DIFFERS, wrong, f"photo {wrong} waits and has a reading, or has none and does not wait")
    return None


def _joined(connection: Connection) -> Iterator[tuple[int, str, str, dict[str, dict[str, Any]], list[tuple[str, str]]]]:
    """Position, kind and body of every row of the ledger, with its views and its findings."""
    columns = [column.label(f"{name}_at") for name, (column, _) in _VIEWS.items()]
    columns += [column.table.c[one].label(f"{name}_{one}") for name, (column, others) in _VIEWS.items() for one in others]
    query = sa.select(ledger.c.position, ledger.c.kind, ledger.c.body, *columns).order_by(ledger.c.position).limit(ROWS_AT_ONCE)
    for column, _ in _VIEWS.values():
        query = query.outerjoin(column.table, column == ledger.c.position)
    last = 0
    while rows := connection.execute(query.where(ledger.c.position > last)).mappings().all():
        first, last = rows[0]["position"], rows[-1]["position"]
        said: dict[int, list[tuple[str, str]]] = defaultdict(list)
        within = findings.c.reading.between(first, last)
        for one in connection.execute(sa.select(findings).where(within).order_by(findings.c.reading, findings.c.number)):
            said[one.reading].append((one.code, one.severity))
        for row in rows:
            yield row["position"], row["kind"], row["body"], _present(row), said.get(row["position"], [])


def _present(row: sa.RowMapping) -> dict[str, dict[str, Any]]:
    """The views of a row of the ledger that are there."""
    return {
        name: {one: row[f"{name}_{one}"] for one in others}
        for name, (_, others) in _VIEWS.items() if row[f"{name}_at"] is not None
    }  # fmt: skip


def _expected(kind: Kind, body: Mapping[str, Any]) -> tuple[dict[str, dict[str, Any]], list[tuple[str, str]]]:
    """What the views of an event must say, and the findings of a reading."""
    said: dict[str, Mapping[str, Any]] = {}
    told: list[tuple[str, str]] = []
    if kind is Kind.PHOTO:
        said["photo"] = body
    elif kind is Kind.READING:
        sheet, refusal = body["reading"], body["reading"]["refusal"]
        said["reading"] = {**sheet, "photo": body["photo"], "sheet": body["sheet"], "refusal": refusal and refusal["code"]}
        if body.get("likeness") is not None:
            values = {name: field["value"] for name, field in sheet["fields"].items()}
            said["likeness"] = {"numbers": numbers_key(sheet["form"], sheet["page"], values), "likeness": body["likeness"]}
        told = [(finding["code"], finding["severity"]) for finding in sheet["findings"]]
    elif kind is Kind.SUPERSESSION:
        said["supersession"] = body
    elif kind is Kind.ENTRY:
        said["entry"] = {**body, "numbers": len(body["numbers"])}
    elif kind is Kind.CONFIRMATION:
        said["confirmation"] = body
    elif kind is Kind.NOTE:
        said["note"] = body
    elif kind is Kind.DECISION and body.get("decision") == "station":
        said["reassignment"] = body
    elif kind is Kind.DECISION and body.get("decision") in set(DecisionKind):
        said["decision"] = body
    return {name: {one: content.get(one) for one in _VIEWS[name][1]} for name, content in said.items()}, told

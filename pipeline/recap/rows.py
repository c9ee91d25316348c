"""A reading as rows of an export: one a number, one for the sheet, one a doubt. The columns are those of `columns.py`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from pipeline.recap.columns import ALTERNATIVES, UNKNOWN
from pipeline.sheet import Finding, SourceKind, rounded
from pipeline.store.decisions import Decision
from pipeline.store.sheets import StoredSheet

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Exported:
    """A reading with what the store knows of it besides: the hash of its row, the election of its page, and what people decided of it."""

    stored: StoredSheet
    hash: str
    election: str | None
    decision: Decision | None = None

    @property
    def province(self) -> str:
        """The part of an export that it belongs to."""
        return UNKNOWN if self.stored.tps is None else self.stored.tps[:2]


def number_rows(one: Exported) -> Iterator[Row]:
    """A row a number."""
    about = _about(one)
    set_findings = _codes(one.stored.set_findings)
    for name, field in one.stored.sheet.fields.items():
        row = about | {
            "field": name,
            "value": field.value,
            "state": field.state.value,
            "raw": field.raw,
            "corrected": field.corrected,
            "probability": rounded(field.probability),
            "findings": _codes(finding for finding in one.stored.sheet.findings if name in finding.fields),
            "set_findings": set_findings,
        }
        if one.decision is not None and name in one.decision.numbers:
            decided = one.decision.numbers[name]
            row |= {"decided_value": decided.value, "decided_state": decided.state.value}
        for place, likely in enumerate(field.alternatives[:ALTERNATIVES], start=1):
            row[f"alternative_{place}_value"] = likely.value
            row[f"alternative_{place}_probability"] = rounded(likely.probability)
        for kind in SourceKind:
            if kind in field.sources:
                row[f"{kind.value}_value"] = field.sources[kind].value
                row[f"{kind.value}_probability"] = rounded(field.sources[kind].probability)
        yield row


def sheet_rows(one: Exported) -> Iterator[Row]:
    """The one row of the sheet."""
    sheet = one.stored.sheet
    row = _about(one) | {
        "verdict_alone": sheet.verdict.value,
        "probability": rounded(sheet.probability),
        "numbers": len(sheet.fields),
        "findings": _codes(sheet.findings),
        "set_findings": _codes(one.stored.set_findings),
        "checks_broken": " ".join(check.id for check in sheet.checks if check.holds is False),
        "seconds": sheet.seconds,
    }
    if sheet.refusal is not None:
        row |= {"refusal": sheet.refusal.code.value, "refusal_detail": sheet.refusal.detail}
    if sheet.tps is not None:
        row |= {
            "tps_on_paper": sheet.tps.code,
            "tps_on_paper_source": sheet.tps.source,
            "tps_on_paper_probability": rounded(sheet.tps.probability),
        }
    if sheet.registration is not None:
        row |= {"residual_mm": sheet.registration.residual_mm, "rotation": sheet.registration.rotation}
    yield row


def finding_rows(one: Exported) -> Iterator[Row]:
    """A row a doubt, those of the sheet first."""
    about = _about(one)
    for origin, findings in (("sheet", one.stored.sheet.findings), ("set", one.stored.set_findings)):
        for finding in findings:
            yield about | {
                "code": finding.code.value,
                "severity": finding.severity.value,
                "origin": origin,
                "fields": " ".join(finding.fields),
                "message_id": finding.message.id,
                "message_en": finding.message.en,
            }


def _about(one: Exported) -> Row:
    """What is the same in every row of a reading."""
    stored, sheet = one.stored, one.stored.sheet
    decision: Row = {}
    if one.decision is not None:
        decision = {"decision": one.decision.outcome or one.decision.kind, "decision_row": one.decision.position}
    return decision | {
        "tps": stored.tps,
        "election": one.election,
        "form": sheet.form,
        "form_version": sheet.form_version,
        "page": sheet.page,
        "verdict": stored.verdict.value,
        "stands": stored.superseded is None,
        "superseded": stored.superseded,
        "sha256": stored.sha256,
        "name": stored.name,
        "sheet": stored.number,
        "photo": stored.photo,
        "reading": stored.position,
        "reading_hash": one.hash,
        "software": sheet.software,
        "models": " ".join(f"{name}={version}" for name, version in sorted(sheet.models.items())),
    }


def _codes(findings: Iterable[Finding]) -> str:
    """Each code once, in the order of the findings."""
    return " ".join(dict.fromkeys(finding.code.value for finding in findings))

"""One sheet: its picture, its numbers with all their writings, what adds up and what speaks against it."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.responses import Response

from pipeline.forms import Catalogue
from pipeline.recap.wording import VERDICTS
from pipeline.review.history import history
from pipeline.review.keying import in_paper_order
from pipeline.review.resolution import to_undo
from pipeline.sheet import STATES, Field, Text
from pipeline.store.accounts import Role
from pipeline.store.sheets import StoredSheet, sheet_at
from pipeline.web import review_wording
from pipeline.web.blind import events_for, findings_shown, is_hidden
from pipeline.web.policy import ANYONE, DECIDERS, Policy, Routes, SheetOf
from pipeline.web.visit import CurrentVisit
from pipeline.web.wording import SEVERITIES, SOURCES, named

routes = Routes()


@dataclass(frozen=True, slots=True)
class NumberShown:
    """A number of a sheet under its name on the form."""

    id: str
    label: Text
    field: Field


@routes.get("/sheets/{reading}", policy=Policy(ANYONE, SheetOf("reading")))
def sheet_page(visit: CurrentVisit, reading: int) -> Response:
    with visit.reading() as connection:
        stored = sheet_at(connection, reading)
        where = "" if stored.tps is None else named(connection, stored.tps)
        hidden = is_hidden(connection, visit.account, reading)
        told = events_for(hidden, history(connection, reading))
        findings = () if hidden else findings_shown(connection, visit.account, stored)
        decided = to_undo(connection, reading) is not None
    form = visit.site.catalogue.forms.get(stored.sheet.form or "")
    return visit.page(
        "sheet.html", stored=stored, sheet=stored.sheet, where=where, form=form, hidden=hidden,
        numbers=() if hidden else numbers_shown(stored, visit.site.catalogue),
        findings=findings, may_download=visit.account.role in (Role.AUDITOR, Role.ADMIN),
        history=told, show_numbers=not hidden, may_undo=decided and not hidden and visit.account.role in DECIDERS,
        happenings=review_wording.HAPPENINGS, outcomes=review_wording.OUTCOMES, verdicts=VERDICTS, states=STATES, sources=SOURCES,
        severities=SEVERITIES,
    )  # fmt: skip


def numbers_shown(stored: StoredSheet, catalogue: Catalogue) -> list[NumberShown]:
    """The numbers of a sheet in the order of the paper; those of a form that is no longer known, by their ids."""
    sheet = stored.sheet
    form = catalogue.forms.get(sheet.form or "")
    page = form.pages.get(sheet.page or "") if form else None
    layouts = page.fields if page else {}
    order = in_paper_order(sheet, catalogue)
    return [
        NumberShown(name, layouts[name].label if name in layouts else Text(name, name), sheet.fields[name]) for name in order
    ]


"""Recapitulation: the results of a region and of its parts, from the nation down to the photo of one polling station."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Connection
from starlette.exceptions import HTTPException
from starlette.responses import Response

from pipeline.forms import Form
from pipeline.recap.rollup import Rollup, rollup
from pipeline.review.claims import shown_as_new
from pipeline.sheet import Text
from pipeline.store.accounts import Account, Role
from pipeline.store.results import Evidence
from pipeline.store.schema import expected_sheets, totals
from pipeline.web.blind import doubts_hidden_from
from pipeline.web.policy import ANYONE, NATION, Policy, Region, Routes
from pipeline.web.visit import CurrentVisit, Visit

READERS = ANYONE - {Role.KPPS}

EVIDENCE = {
    Evidence.READ: Text("dibaca, ragu", "read, in doubt"),
    Evidence.CHECKED: Text("dibaca, cocok", "read, checked"),
    Evidence.DECIDED: Text("diputuskan orang", "decided by people"),
}

routes = Routes()


@routes.get("/recap", policy=Policy(READERS))
def own_region(visit: CurrentVisit) -> Response:
    return visit.redirect(f"/recap/{home_of(visit.account)}")


@routes.get("/recap/{code}", policy=Policy(READERS, Region("code")))
def recap(visit: CurrentVisit, code: str, form: str = "") -> Response:
    with visit.reading() as connection:
        forms = known_forms(connection, visit)
        if not forms:
            return visit.page("recap_empty.html")
        chosen = chosen_form(forms, form)
        shown = rollup(connection, "" if code == NATION else code, chosen, as_new=shown_as_new(connection, visit.account))
    # Nobody is sent where they may not go: the path begins at the person's own region.
    path = [(one or NATION, name) for one, name in shown.path if visit.account.covers(one)]
    return visit.page(
        "recap.html", rollup=shown, code=code, forms=forms, chosen=chosen, path=path, pages=_pages(shown), evidence=EVIDENCE,
        shows_doubts=not doubts_hidden_from(visit),
    )  # fmt: skip


def home_of(account: Account) -> str:
    """The region at which a person begins."""
    return account.region or NATION


def known_forms(connection: Connection, visit: Visit) -> list[Form]:
    """The forms that are expected, or of which there are results, in the order of their ids."""
    expected, counted = sa.select(expected_sheets.c.form).distinct(), sa.select(totals.c.form).where(totals.c.region == "").distinct()
    found = {*connection.scalars(expected), *connection.scalars(counted)}
    return [form for form in visit.site.catalogue if form.id in found]


def chosen_form(forms: list[Form], wanted: str) -> Form:
    """The form that was asked for, the first when none was.

    Raises
    ------
    HTTPException
        There are no results of such a form.
    """
    if not wanted:
        return forms[0]
    for form in forms:
        if form.id == wanted:
            return form
    raise HTTPException(404)


def _pages(shown: Rollup) -> dict[str, bool]:
    """The pages of the form that have results or are expected, and whether the candidates' votes stand on them."""
    candidates = set(shown.candidates)
    return {number: bool(candidates & set(page.fields)) for number, page in shown.form.pages.items() if page.fields}

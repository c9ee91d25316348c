"""The D.Hasil of a district, regency or province to keep and print."""

from __future__ import annotations

from datetime import UTC, datetime

from starlette.exceptions import HTTPException
from starlette.responses import Response

from pipeline.recap.d_hasil import Document, d_hasil
from pipeline.recap.d_hasil_pdf import pdf_of
from pipeline.recap.d_hasil_xlsx import xlsx_of
from pipeline.recap.moment import one_moment
from pipeline.review.claims import shown_as_new
from pipeline.store.accounts import Role
from pipeline.web.pages.recap import chosen_form, known_forms
from pipeline.web.policy import DECIDERS, Policy, Region, Routes
from pipeline.web.visit import CurrentVisit, Visit

OF_A_REGION = Policy(DECIDERS | {Role.AUDITOR, Role.ADMIN}, Region("code"))

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

routes = Routes()


@routes.get("/recap/{code}/d-hasil.pdf", policy=OF_A_REGION)
def pdf(visit: CurrentVisit, code: str, form: str = "") -> Response:
    document = _document(visit, code, form)
    return _file(document.file_name("pdf"), pdf_of(document), "application/pdf")


@routes.get("/recap/{code}/d-hasil.xlsx", policy=OF_A_REGION)
def xlsx(visit: CurrentVisit, code: str, form: str = "") -> Response:
    document = _document(visit, code, form)
    return _file(document.file_name("xlsx"), xlsx_of(document), XLSX)


def _document(visit: Visit, code: str, form: str) -> Document:
    with one_moment(visit.store) as connection:
        forms = known_forms(connection, visit)
        if not forms:
            raise HTTPException(404)
        try:
            as_new = shown_as_new(connection, visit.account)
            return d_hasil(connection, code, chosen_form(forms, form), at=datetime.now(UTC), as_new=as_new)
        except LookupError as error:
            raise HTTPException(404) from error


def _file(name: str, data: bytes, kind: str) -> Response:
    return Response(data, media_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})

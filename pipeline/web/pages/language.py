"""The language of the pages, kept in a cookie."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.responses import Response

from pipeline.settings import Language
from pipeline.web.policy import PUBLIC, Routes
from pipeline.web.visit import LANGUAGE_COOKIE, CurrentVisit, safe_path

YEAR = 365 * 24 * 3600

routes = Routes()


@routes.get("/language/{language}", policy=PUBLIC)
def choose(visit: CurrentVisit, language: str) -> Response:
    if language not in set(Language):
        raise HTTPException(404)
    response = visit.redirect(safe_path(visit.request.query_params.get("next", "/")))
    visit.set_cookie(response, LANGUAGE_COOKIE, language, seconds=YEAR)
    return response

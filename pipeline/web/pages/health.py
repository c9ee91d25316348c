"""`/healthz`: whether the server can do its work, for whoever watches it."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from starlette.responses import JSONResponse, Response

from pipeline.store.ledger import head
from pipeline.store.schema import waiting
from pipeline.web.policy import PUBLIC, Routes
from pipeline.web.visit import CurrentVisit

routes = Routes()


@routes.get("/healthz", policy=PUBLIC)
def health(visit: CurrentVisit) -> Response:
    try:
        with visit.reading() as connection:
            position = head(connection).position
            unread = connection.scalar(sa.select(sa.func.count()).select_from(waiting))
    except DBAPIError:
        return JSONResponse({"database": "no answer"}, status_code=503)
    return JSONResponse({"database": "ok", "ledger": position, "waiting": unread})

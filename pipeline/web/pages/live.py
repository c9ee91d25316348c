"""The count while it runs: a page that the server keeps up to date, with what comes in and what becomes of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import anyio
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from pipeline.recap.live import Pulse, pulse
from pipeline.recap.wording import VERDICTS
from pipeline.store.accounts import Role, session_of
from pipeline.web.policy import ANYONE, Policy, Routes
from pipeline.web.visit import CurrentVisit, Visit

SECONDS = 3.0
"""Between two looks at the store."""

WATCHERS = Policy(ANYONE - {Role.KPPS})

routes = Routes()


@routes.get("/live", policy=WATCHERS)
def live(visit: CurrentVisit) -> Response:
    return visit.page("live.html", **_shown(_pulse(visit)))


@routes.get("/live/events", policy=WATCHERS)
def events(visit: CurrentVisit) -> Response:
    """The changing part of the page as server-sent events, one whenever something has happened, until the visitor is logged out."""
    return StreamingResponse(_events(visit), media_type="text/event-stream")


async def _events(visit: Visit) -> AsyncIterator[str]:
    last = None
    while (now := await run_in_threadpool(_pulse_for_session, visit)) is not None:
        # The clock of the chart goes on also when nothing comes.
        if (now.head, now.minutes[-1].at) != last:
            last = now.head, now.minutes[-1].at
            part = visit.part("live_now.html", **_shown(now))
            yield "".join(f"data: {line}\n" for line in part.splitlines()) + "\n"
        else:
            yield ": \n\n"  # whoever has gone is found out by writing
        await anyio.sleep(SECONDS)


def _pulse(visit: Visit) -> Pulse:
    with visit.reading() as connection:
        return pulse(connection, _within(visit), now=datetime.now(UTC))


def _pulse_for_session(visit: Visit) -> Pulse | None:
    """How the count stands, for whom the request was let in long ago; None when the session has ended since."""
    now = datetime.now(UTC)
    with visit.reading() as connection:
        if visit.session is None or session_of(connection, visit.session.token, now=now) is None:
            return None
        return pulse(connection, _within(visit), now=now)


def _within(visit: Visit) -> str:
    """The region whose parts are shown: the person's own."""
    return visit.account.region


def _shown(now: Pulse) -> dict[str, Any]:
    highest = max(1, *(max(minute.photos, minute.readings) for minute in now.minutes))
    return {"pulse": now, "highest": highest, "verdicts": VERDICTS}

"""The application: every page with its policy, around one site that is opened when the server starts."""

from __future__ import annotations

import mimetypes
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

from fastapi import FastAPI
from sqlalchemy import Engine
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from pipeline.engine.isolation import end_with_parent
from pipeline.forms import known_forms
from pipeline.settings import Settings
from pipeline.store import open_store
from pipeline.store.photos import PhotoStore
from pipeline.store.signing import Signer
from pipeline.store.standing import bring_up_to_date
from pipeline.store.uploads import Uploads
from pipeline.web import errors, pages
from pipeline.web.language import FOLDER
from pipeline.web.pictures import Pictures
from pipeline.web.policy import check_policies
from pipeline.web.security import STATIC, Security
from pipeline.web.site import Site


class KeptCompressed(StaticFiles):
    """Static files; one that is kept as `name.gz` is sent so under its name, which every browser takes."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        try:
            return await super().get_response(path, scope)
        except HTTPException as missing:
            if missing.status_code != 404 or not self.lookup_path(f"{path}.gz")[0]:
                raise
        response = await super().get_response(f"{path}.gz", scope)
        response.headers["content-encoding"] = "gzip"
        response.headers["content-type"] = mimetypes.guess_type(path)[0] or "application/octet-stream"
        return response


class BackgroundReader(Protocol):
    """Reads what waits in the store while the server runs."""

    def start(self) -> None: ...

    def wake(self) -> None:
        """Look now, and not only when the time has come."""
        ...

    def stop(self) -> None: ...


def create_app(settings: Settings, *, reader: BackgroundReader | None = None) -> FastAPI:
    """The application on the store of the settings.

    Parameters
    ----------
    reader
        Started and stopped with the application; None when photos are read elsewhere.

    Raises
    ------
    NoPolicyError
        A route has no policy.
    """

    @asynccontextmanager
    async def opened(app: FastAPI) -> AsyncIterator[None]:
        store = await run_in_threadpool(_opened, settings)
        pictures = Pictures(settings)
        app.state.site = Site(
            settings=settings,
            store=store,
            photos=PhotoStore(settings.photos_url),
            uploads=Uploads(settings.uploads_folder),
            signer=await run_in_threadpool(Signer, settings.signing_file),
            pictures=pictures,
            catalogue=await run_in_threadpool(known_forms),
            policies=policies,
            photos_came=reader.wake if reader is not None else _nobody_to_wake,
        )
        await run_in_threadpool(app.state.site.uploads.sweep)
        if reader is not None:
            reader.start()
        try:
            yield
        finally:
            if reader is not None:
                await run_in_threadpool(reader.stop)
            await run_in_threadpool(pictures.close)
            store.dispose()

    app = FastAPI(title="Sirekap Web", docs_url=None, redoc_url=None, openapi_url=None, lifespan=opened, redirect_slashes=False)
    app.add_middleware(Security)
    errors.install(app)
    app.mount(STATIC, KeptCompressed(directory=FOLDER / "static"), name="static")
    for routes in pages.ALL:
        routes.add_to(app)
    policies = check_policies(app)
    return app


def from_environment() -> FastAPI:
    """The application of one of several server processes; photos are read by the process that started them, and they end with it."""
    end_with_parent()
    return create_app(Settings.from_environment())


def _opened(settings: Settings) -> Engine:
    """The store, with a queue and results also where its photos came before there were any."""
    store = open_store(settings.database_url)
    with store.begin() as connection:
        bring_up_to_date(connection)
    return store


def _nobody_to_wake() -> None:
    """Photos are read by another process, which looks by itself."""

"""The application: API and pages on their connections."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from importlib.metadata import version

from anyio import to_thread
from fastapi import FastAPI

from reelworks.app.api.health import HealthMonitor
from reelworks.app.api.http import problems
from reelworks.app.api.http.auth import is_loopback
from reelworks.app.api.http.client_features import add_compression, add_cors
from reelworks.app.api.http.files.damaged_files import Examiner
from reelworks.app.api.http.job_events import JobChanges
from reelworks.app.api.http.methods import HeadAsGet
from reelworks.app.api.http.middleware import AccessMiddleware
from reelworks.app.api.http.rate_limit import RateLimit
from reelworks.app.api.http.request_context import Api
from reelworks.app.api.openapi import SERVERS, TAGS, DocumentedApp
from reelworks.app.api.routes import events, jobs, media, search, service, videos, webhooks
from reelworks.app.web import site
from reelworks.errors import ReelworksError, SettingsError
from reelworks.settings import Settings
from reelworks.store.access.idempotency_keys import delete_expired_keys
from reelworks.store.db.database import create_database_engine
from reelworks.store.library.removal import finish_removals
from reelworks.store.objects.artifacts import ArtifactStore
from reelworks.store.objects.stale_uploads import remove_leftovers

log = logging.getLogger(__name__)
_TIDY_SECONDS = 3600.0
STATEMENT_SECONDS = 8.0
"""How long a query of a request may take; then the response is 503."""
UPLOAD_SECONDS = 20.0
MEDIA_SECONDS = 3.0
"""How long the store may be silent; then the response to a request for a file is 503."""

_ABOUT = """
Add videos, follow the jobs that index them, and find the moments where something was said, shown
or written on screen. Errors are problem details (RFC 9457). A POST with an `Idempotency-Key` takes
effect once, however often it is sent. While the API listens on loopback no token is needed.
"""


def open_api(settings: Settings) -> Api:
    """Return the connections that an application needs; nothing is connected yet.

    Raises ``SettingsError`` when an address is missing.
    """
    if settings.database.url is None:
        raise SettingsError("DATABASE_URL is not set and no embedded PostgreSQL was started.")
    store = ArtifactStore.open(settings, seconds=UPLOAD_SECONDS)
    return Api(
        settings=settings,
        engine=create_database_engine(settings, seconds=STATEMENT_SECONDS),
        store=store,
        examiner=Examiner(store),
        media=ArtifactStore.open(settings, seconds=MEDIA_SECONDS),
        changes=JobChanges(settings.database.url.get_secret_value()),
        limit=RateLimit(settings.api.max_requests_per_minute),
        loopback=is_loopback(settings.api.host),
    )


def create_app(api: Api) -> FastAPI:
    """Return the application on these connections, which it closes when it ends."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        tidying = asyncio.create_task(_tidy(api), name="tidy")
        yield
        tidying.cancel()
        await to_thread.run_sync(api.changes.stop)
        api.engine.dispose()

    app = DocumentedApp(
        title="Reelworks",
        version=version("reelworks"),
        description=_ABOUT,
        lifespan=lifespan,
        servers=SERVERS,
        openapi_tags=TAGS,
        docs_url=None,  # both load scripts from other sites; reelworks.app.web has a page
        redoc_url=None,
    )
    app.state.api = api
    app.state.health = HealthMonitor(api)
    app.add_middleware(HeadAsGet)
    app.add_middleware(AccessMiddleware, api=api)
    problems.install(app)
    site.install(app, api)
    add_compression(app)
    add_cors(app, api.settings.api.origins)
    for module in (videos, media, search, jobs, events, service):
        app.include_router(module.router)
    app.webhooks.routes.extend(webhooks.router.routes)
    return app


async def _tidy(api: Api) -> None:
    """Remove old idempotency keys, incomplete uploads and files of removed videos, every hour."""
    while True:
        await _tidy_once("Old idempotency keys", partial(delete_expired_keys, api.engine))
        await _tidy_once("Incomplete uploads", partial(remove_leftovers, api.store))
        left = partial(finish_removals, api.engine, api.store)
        await _tidy_once("Files of removed videos", left)
        await asyncio.sleep(_TIDY_SECONDS)


async def _tidy_once(what: str, remove: Callable[[], int]) -> None:
    try:
        removed = await to_thread.run_sync(remove, abandon_on_cancel=True)
    except ReelworksError as error:
        log.warning("%s could not be removed: %s", what, error)
    except Exception:  # whatever it is, the next hour's round must come
        log.exception("%s could not be removed.", what)
    else:
        if removed:
            log.info("%s: removed %d.", what, removed)

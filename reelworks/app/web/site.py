"""Installation of the pages in the application."""

from __future__ import annotations

from fastapi import FastAPI

from reelworks.app.api.http.request_context import Api
from reelworks.app.web.routes import (
    account,
    assets,
    docs,
    frames,
    job,
    jobs,
    library,
    live,
    search,
    videos,
    watch,
)
from reelworks.app.web.session import PageSession


def install(app: FastAPI, api: Api) -> None:
    """Add the pages to ``app``. Call it before the API's own routes are added."""
    app.add_middleware(PageSession, api=api)
    for module in (library, search, watch, videos, frames, jobs, job, live, account, assets, docs):
        app.include_router(module.router)

"""Connections of the API process, given to routes as a dependency."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy import Engine

from reelworks.app.api.http.files.damaged_files import Examiner
from reelworks.app.api.http.job_events import JobChanges
from reelworks.app.api.http.rate_limit import RateLimit
from reelworks.operations.services import Services
from reelworks.settings import Settings
from reelworks.store.objects.artifacts import ArtifactStore


@dataclass(frozen=True)
class Api:
    """The connections of one API process."""

    settings: Settings
    engine: Engine
    store: ArtifactStore
    """For uploads and removals, which may take their time."""
    media: ArtifactStore
    """For interactive requests: a silent store is an error within seconds."""
    examiner: Examiner
    changes: JobChanges
    limit: RateLimit
    loopback: bool
    """True when only this machine can reach the API: no token is needed then."""

    @property
    def services(self) -> Services:
        """The connections that use cases need."""
        return Services(self.settings, self.engine, self.store)


async def api_of(request: Request) -> Api:
    """Return the application's connections. Async, so that it needs no thread."""
    api: Api = request.app.state.api
    return api


Context = Annotated[Api, Depends(api_of)]

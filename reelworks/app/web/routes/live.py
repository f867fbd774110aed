"""Running jobs, as one stream of server-sent events for a whole page.

A browser keeps few connections to one server, so that a stream for each job would block the page.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

from anyio import to_thread
from fastapi import APIRouter
from fastapi.responses import Response, StreamingResponse

from reelworks.app.api.http.auth import CurrentCaller, require_scope
from reelworks.app.api.http.job_events import ANY_JOB
from reelworks.app.api.http.request_context import Api, Context
from reelworks.app.api.schemas.jobs import JobState
from reelworks.app.web.session import FORMS
from reelworks.app.web.wording import STAGES, UNBEGUN
from reelworks.domain.jobs.job import JobSelection, JobStatus
from reelworks.domain.library.access import Caller, Scope
from reelworks.errors import DatabaseUnavailableError
from reelworks.store.jobs.dispatchers import is_paused
from reelworks.store.jobs.jobs import count_jobs, list_jobs

router = APIRouter(include_in_schema=False)
KEEP_ALIVE = 15.0
QUICKEST = 1.0
"""Seconds between two events."""
MAX_JOBS = 200
"""The most running jobs in one event."""
_RUNNING = JobSelection(statuses=frozenset({JobStatus.RUNNING}))


@router.get(f"{FORMS}live", dependencies=[require_scope(Scope.READ)])
async def live(api: Context, caller: CurrentCaller) -> Response:
    """Stream running jobs, those that just ended, and the number of jobs by status."""
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(_events(api, caller), media_type="text/event-stream", headers=headers)


async def _events(api: Api, caller: Caller) -> AsyncIterator[str]:
    last = ""
    running: frozenset[str] = frozenset()
    yield "retry: 3000\n\n"
    with api.changes.of(ANY_JOB) as changed:
        while True:
            changed.clear()  # before the look: a later change is sent in the next round
            if api.changes.ending:  # a browser comes back by itself
                return
            try:
                seen = await to_thread.run_sync(_look, api, caller, running)
            except DatabaseUnavailableError:
                yield ": the database is unavailable\n\n"
                await asyncio.sleep(KEEP_ALIVE)
                continue
            running = frozenset(
                one["id"] for one in seen["jobs"] if one["status"] == JobStatus.RUNNING
            )
            now = json.dumps(seen)
            if now != last:
                last = now
                yield f"event: jobs\ndata: {now}\n\n"
            await asyncio.sleep(QUICKEST)
            while not changed.is_set():
                try:
                    await asyncio.wait_for(changed.wait(), KEEP_ALIVE)
                except TimeoutError:
                    yield ": keep-alive\n\n"


def _look(api: Api, caller: Caller, before: frozenset[str]) -> dict[str, Any]:
    jobs = list_jobs(api.engine, _RUNNING, limit=MAX_JOBS)
    ended = tuple(before - {job.id for job in jobs})
    if ended:
        jobs += list_jobs(api.engine, JobSelection(ids=ended), limit=len(ended))
    counts = count_jobs(api.engine)
    return {
        "counts": {status.value: number for status, number in counts.items()},
        "paused": is_paused(api.engine),
        "jobs": [_short(JobState.of(job, caller)) for job in jobs],
    }


def _short(state: JobState) -> dict[str, Any]:
    running = [name for name, one in state.stages.items() if one.state == "running"]
    return {
        "id": state.job_id,
        "video": state.video_id,
        "status": state.status.value,
        "share": state.progress,
        "stages": [STAGES.get(name, name) for name in running] if state.stages else [UNBEGUN],
    }

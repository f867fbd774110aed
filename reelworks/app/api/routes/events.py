"""A job's progress as server-sent events."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Header, Request
from fastapi.responses import Response, StreamingResponse

from reelworks.app.api.http.auth import CurrentCaller, require_scope
from reelworks.app.api.http.methods import is_head
from reelworks.app.api.http.request_context import Api, Context
from reelworks.app.api.schemas.jobs import JobOut
from reelworks.app.api.schemas.paths import JobPath
from reelworks.domain.jobs.job import Job
from reelworks.domain.library.access import Caller, Scope
from reelworks.errors import DatabaseUnavailableError, UnknownJobError
from reelworks.store.jobs.jobs import get_job

router = APIRouter(tags=["jobs"])
KEEP_ALIVE = 15.0
"""Seconds of silence after which a comment is sent: many proxies close idle connections at 30."""
MIN_INTERVAL = 0.2
"""Seconds between two events of one job."""
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
_END_ID = "over"
_AWAY = 2.0
"""Seconds until the next query while the database is away."""


@router.get(
    "/jobs/{job_id}/events",
    operation_id="stream_job_events",
    dependencies=[require_scope(Scope.READ)],
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "Events named `job` contain a job as `GET /jobs/{id}` shows it: first "
            "the current state, then each change. The last one is followed by an event `end`.",
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
        },
        204: {"description": "The client has already received the end."},
    },
)
async def events(
    job_id: JobPath,
    request: Request,
    api: Context,
    caller: CurrentCaller,
    last_event_id: Annotated[str | None, Header(max_length=200)] = None,
) -> Response:
    """Stream a job's state until it is over."""
    job = await to_thread.run_sync(get_job, api.engine, job_id)
    if last_event_id == _END_ID and job.status.is_over:
        return Response(status_code=204)  # a browser that lost the connection does not reconnect
    if is_head(request):
        return Response(media_type="text/event-stream", headers=_HEADERS)
    return StreamingResponse(
        _events(api, caller, job_id), media_type="text/event-stream", headers=_HEADERS
    )


async def _events(api: Api, caller: Caller, job_id: str) -> AsyncIterator[str]:
    last, number = "", 0
    yield "retry: 2000\n\n"
    with api.changes.of(job_id) as changed:
        while True:
            changed.clear()  # before each look: a later change is sent in the next round
            if api.changes.ending:  # a browser comes back by itself
                return
            try:
                job = await _current(api, job_id)
            except DatabaseUnavailableError:
                yield ": the database is unavailable\n\n"
                await asyncio.sleep(_AWAY)
                continue
            if job is None:
                yield _event("end", '{"reason":"The job was deleted."}', _END_ID)
                return
            now = JobOut.of(job, caller).model_dump_json()
            if now != last:
                last, number = now, number + 1
                yield _event("job", now, str(number))
            if job.status.is_over:
                yield _event("end", f'{{"status":"{job.status.value}"}}', _END_ID)
                return
            sent = time.monotonic()
            while not await _is_set_within(changed, KEEP_ALIVE):
                yield ": keep-alive\n\n"
            await asyncio.sleep(max(0.0, MIN_INTERVAL - (time.monotonic() - sent)))


async def _current(api: Api, job_id: str) -> Job | None:
    try:
        return await to_thread.run_sync(get_job, api.engine, job_id)
    except UnknownJobError:
        return None


async def _is_set_within(changed: asyncio.Event, seconds: float) -> bool:
    try:
        await asyncio.wait_for(changed.wait(), seconds)
    except TimeoutError:
        return False
    return True


def _event(name: str, data: str, number: str) -> str:
    return f"id: {number}\nevent: {name}\ndata: {data}\n\n"

"""``/jobs/{id}``: one job."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import Response

from reelworks.app.api.http.auth import CurrentCaller, require_scope
from reelworks.app.api.http.request_context import Context
from reelworks.app.api.schemas.jobs import JobOut, JobState
from reelworks.app.api.schemas.paths import JobPath
from reelworks.app.api.schemas.visibility import visible_events, visible_job
from reelworks.app.web.page_route import page_router
from reelworks.app.web.rendering import page
from reelworks.domain.library.access import Scope
from reelworks.operations.jobs.outlook import outlook_of
from reelworks.settings import Settings
from reelworks.store.jobs import jobs as job_queue
from reelworks.store.jobs.dispatchers import is_paused
from reelworks.store.library import listing_queries

router = page_router()


@router.get("/jobs/{job_id}", dependencies=[require_scope(Scope.READ)])
def job(job_id: JobPath, request: Request, api: Context, caller: CurrentCaller) -> Response:
    """Show a job, its stages and its history."""
    found = job_queue.get_job(api.engine, job_id)
    named = listing_queries.titles(api.engine, [found.video_id] if found.video_id else [])
    values = {
        "section": "jobs",
        "job": visible_job(found, caller),
        "shown": JobOut.of(found, caller),
        "state": JobState.of(found, caller),
        "outlook": outlook_of(api.engine, found),
        "paused": is_paused(api.engine),
        "title": named.get(found.video_id or ""),
        "events": visible_events(job_queue.events_of(api.engine, job_id), found, caller),
        "run": run_address(api.settings, found.flow_run_id) if caller.is_admin else None,
    }
    return page(request, "job.html", values)


def run_address(settings: Settings, flow_run_id: str | None) -> str | None:
    """Return the URL of a run in the Prefect UI; None where the UI's URL is not known."""
    address = (settings.prefect.api_url or "").rstrip("/")
    if flow_run_id is None or not address.endswith("/api"):
        return None
    return f"{address.removesuffix('/api')}/runs/flow-run/{flow_run_id}"

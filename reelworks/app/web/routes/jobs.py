"""``/jobs``: the job queue."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import FormData

from reelworks.app.api.http.auth import CurrentCaller, require_scope
from reelworks.app.api.http.pagination import page_key_of, page_of
from reelworks.app.api.http.request_context import Context
from reelworks.app.api.schemas.jobs import JobState
from reelworks.app.api.schemas.queries import JobQuery
from reelworks.app.api.schemas.visibility import visible_job
from reelworks.app.web.page_route import Form, page_router, parse_form
from reelworks.app.web.rendering import page
from reelworks.app.web.session import FORMS
from reelworks.domain.jobs.job import JobSelection, JobStatus
from reelworks.domain.library.access import Scope
from reelworks.errors import InputError
from reelworks.operations.jobs import control as job_control
from reelworks.operations.parameters import PRIORITY_MAX
from reelworks.store.jobs import dispatchers
from reelworks.store.jobs import jobs as job_queue
from reelworks.store.library import listing_queries

router = page_router()
ON_A_PAGE = 50
AFFECTED: Mapping[str, tuple[JobStatus, ...]] = {
    "retry": (JobStatus.FAILED, JobStatus.CANCELLED),
    "cancel": (JobStatus.QUEUED, JobStatus.RUNNING),
    "priority": (JobStatus.QUEUED,),
}
"""Which jobs an action changes; it leaves all others as they are."""


@router.get("/jobs", dependencies=[require_scope(Scope.READ)])
def jobs(request: Request, api: Context, caller: CurrentCaller) -> Response:
    """Show jobs, the newest first."""
    query = parse_form(JobQuery, request.query_params.multi_items())
    selection, after = query.selection(), page_key_of(query.cursor)
    found = job_queue.list_jobs(api.engine, selection, limit=ON_A_PAGE + 1, after=after)
    given = query.model_dump(mode="json", exclude_defaults=True, exclude={"limit", "cursor"})
    shown, following = page_of(found, ON_A_PAGE)
    choices = listing_queries.choices(api.engine)
    values = {
        "section": "jobs",
        "jobs": [(visible_job(job, caller), JobState.of(job, caller)) for job in shown],
        "titles": listing_queries.titles(
            api.engine, {job.video_id for job in shown if job.video_id}
        ),
        "counts": job_queue.count_jobs(api.engine, replace(selection, statuses=None)),
        "matching": sum(job_queue.count_jobs(api.engine, selection).values()),
        "paused": dispatchers.is_paused(api.engine),
        "choices": choices,
        "libraries": [(name, name) for name in choices.libraries],
        "codes": [
            (code, code.replace("_", " ")) for code in listing_queries.failure_codes(api.engine)
        ],
        "given": given,
        "others": {name: value for name, value in given.items() if name != "status"},
        "more": given | {"cursor": following} if following else None,
    }
    return page(request, "jobs.html", values)


@router.post(f"{FORMS}jobs", dependencies=[require_scope(Scope.SUBMIT)])
def change(request: Request, form: Form, caller: CurrentCaller, api: Context) -> Response:
    """Retry, cancel or move jobs: one of them, the ticked ones, or all that match.

    Several are changed once the number of them is confirmed, on a page that states it.
    Raises ``InputError`` for an unknown action, ``ForbiddenError``.
    """
    action, _, only = str(form.get("action", "")).partition(" ")
    selection = JobSelection(ids=(only,)) if only else _selection(form)
    if action not in AFFECTED:
        raise InputError("Choose an action: retry, cancel or priority.")
    if action == "priority":
        _priority(form)  # a wrong one is said before anything is asked
    job_control.check_may_change(api.engine, caller, selection)
    if not only:
        counts = _affected(api, selection, action)
        number = sum(counts.values())
        if number > max(1, _confirmed(form)):
            return _ask(request, form, action, counts)
    bucket = api.settings.s3.bucket
    changes: Mapping[str, Callable[[], list[str]]] = {
        "retry": lambda: job_control.retry_jobs(api.engine, caller, selection, bucket=bucket),
        "cancel": lambda: job_control.cancel_jobs(api.engine, caller, selection),
        "priority": lambda: job_control.set_priority(
            api.engine, caller, selection, _priority(form)
        ),
    }
    done = {"retry": "retried", "cancel": "cancelled", "priority": "moved"}[action]
    return _back(form, done, len(changes[action]()))


@router.post(f"{FORMS}dispatcher", dependencies=[require_scope(Scope.ADMIN)])
def dispatcher(form: Form, caller: CurrentCaller, api: Context) -> Response:
    """Pause or resume the dispatcher."""
    if form.get("action") == "pause":
        job_control.pause_dispatcher(api.engine, caller, note="from the jobs page")
        return _back(form, "paused", 1)
    job_control.resume_dispatcher(api.engine, caller)
    return _back(form, "resumed", 1)


def _affected(api: Context, selection: JobSelection, action: str) -> dict[JobStatus, int]:
    """Return how many jobs of each status an action changes."""
    counts = job_queue.count_jobs(api.engine, selection)
    return {status: counts[status] for status in AFFECTED[action]}


def _confirmed(form: FormData) -> int:
    """Return how many jobs the page that asked said it was about."""
    number = str(form.get("confirmed", ""))
    return int(number) if number.isdecimal() and len(number) < 10 else 0


def _ask(
    request: Request, form: FormData, action: str, counts: Mapping[JobStatus, int]
) -> Response:
    """Show what an action would do to how many jobs; nothing is changed yet."""
    fields = [
        (name, str(value))
        for name, value in form.multi_items()
        if name not in ("csrf", "confirmed", "action")
    ]
    filters = [(name, value) for name, value in fields if name in JobQuery.model_fields and value]
    values = {
        "section": "jobs",
        "action": action,
        "number": sum(counts.values()),
        "running": counts.get(JobStatus.RUNNING, 0),
        "priority": form.get("priority", ""),
        "fields": fields,
        "filters": filters,
        "ticked": form.get("which") != "matching",
    }
    return page(request, "confirm.html", values)


def _selection(form: FormData) -> JobSelection:
    if form.get("which") == "matching":
        filters = [(name, str(value)) for name, value in form.multi_items()]
        return parse_form(
            JobQuery, [one for one in filters if one[0] not in ("limit", "cursor")]
        ).selection()
    ids = tuple(str(one) for one in form.getlist("job"))
    if not ids:
        raise InputError("No job is ticked; tick some, or choose all that match.")
    return JobSelection(ids=ids)


def _priority(form: FormData) -> int:
    try:
        priority = int(str(form.get("priority", "")))
    except ValueError:
        priority = PRIORITY_MAX + 1
    if abs(priority) > PRIORITY_MAX:
        raise InputError(f"A priority is a whole number from -{PRIORITY_MAX} to {PRIORITY_MAX}.")
    return priority


def _back(form: FormData, done: str, number: int) -> Response:
    """Return to the page that the form was on: the list with its filter, or one job."""
    one = str(form.get("back", ""))
    filters = [
        (name, str(value))
        for name, value in form.multi_items()
        if name in JobQuery.model_fields and value
    ]
    arguments = urlencode([*([] if one else filters), ("done", done), ("n", number)])
    at = f"/jobs/{one}" if one and "/" not in one and one.isprintable() else "/jobs"
    return RedirectResponse(f"{at}?{arguments}", 303)

"""``/jobs``: what waits, runs and failed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import FormData

from reelworks.app.api.http.auth import CurrentCaller, require_scope
from reelworks.app.api.http.pagination import page_of, place_of
from reelworks.app.api.http.request_context import Api, Context
from reelworks.app.api.ownership import check_may_retry, check_own_job
from reelworks.app.api.schemas.jobs import JobState
from reelworks.app.api.schemas.queries import JobQuery
from reelworks.app.api.schemas.visibility import visible_job
from reelworks.app.web.page_route import Form, page_router, parse_form
from reelworks.app.web.rendering import page
from reelworks.app.web.session import FORMS
from reelworks.domain.jobs.job import JobSelection
from reelworks.domain.library.access import Caller, Scope
from reelworks.errors import ForbiddenError, InputError
from reelworks.store.jobs import jobs as ledger
from reelworks.store.library import listing_queries as shelf

router = page_router()
ON_A_PAGE = 50
_FURTHEST = 1000
"""Highest and, negated, lowest priority."""


@router.get("/jobs", dependencies=[require_scope(Scope.READ)])
def jobs(request: Request, api: Context, caller: CurrentCaller) -> Response:
    """Show jobs, the newest first."""
    wanted = parse_form(JobQuery, request.query_params.multi_items())
    which, after = wanted.selection(), place_of(wanted.cursor)
    found = ledger.list_jobs(api.engine, which, limit=ON_A_PAGE + 1, after=after)
    given = wanted.model_dump(mode="json", exclude_defaults=True, exclude={"limit", "cursor"})
    shown, following = page_of(found, ON_A_PAGE)
    choices = shelf.choices(api.engine)
    values = {
        "here": "jobs",
        "jobs": [(visible_job(job, caller), JobState.of(job, caller)) for job in shown],
        "titles": shelf.titles(api.engine, {job.video_id for job in shown if job.video_id}),
        "counts": ledger.count_jobs(api.engine),
        "matching": sum(ledger.count_jobs(api.engine, which).values()),
        "paused": ledger.is_paused(api.engine),
        "choices": choices,
        "libraries": [(name, name) for name in choices.libraries],
        "codes": [(code, code.replace("_", " ")) for code in shelf.failure_codes(api.engine)],
        "given": given,
        "others": {name: value for name, value in given.items() if name != "status"},
        "more": given | {"cursor": following} if following else None,
    }
    return page(request, "jobs.html", values)


@router.post(f"{FORMS}jobs", dependencies=[require_scope(Scope.SUBMIT)])
def change(form: Form, caller: CurrentCaller, api: Context) -> Response:
    """Retry, cancel or move jobs: one of them, those that are ticked, or all that match.

    Raises ``InputError`` for what the form does not have, ``ForbiddenError``.
    """
    action, _, only = str(form.get("action", "")).partition(" ")
    which = JobSelection(ids=(only,)) if only else _meant(form)
    _check_may(api, caller, which, retries=action == "retry")
    changes: Mapping[str, Callable[[], list[str]]] = {
        "retry": lambda: ledger.retry_jobs(api.engine, which),
        "cancel": lambda: ledger.cancel_jobs(api.engine, which, reason=_who(caller)),
        "priority": lambda: ledger.set_priority(api.engine, which, _priority(form)),
    }
    if action not in changes:
        raise InputError("Say what shall be done with the jobs: retry, cancel or priority.")
    done = {"retry": "retried", "cancel": "cancelled", "priority": "moved"}[action]
    return _back(form, done, len(changes[action]()))


@router.post(f"{FORMS}intake", dependencies=[require_scope(Scope.ADMIN)])
def intake(form: Form, api: Context) -> Response:
    """Pause the intake or let it go on."""
    if form.get("action") == "pause":
        ledger.pause_dispatcher(api.engine, note="from the jobs page")
        return _back(form, "paused", 1)
    ledger.resume_dispatcher(api.engine)
    return _back(form, "resumed", 1)


def _meant(form: FormData) -> JobSelection:
    if form.get("which") == "matching":
        filters = [(name, str(value)) for name, value in form.multi_items()]
        return parse_form(
            JobQuery, [one for one in filters if one[0] not in ("limit", "cursor")]
        ).selection()
    ids = tuple(str(one) for one in form.getlist("job"))
    if not ids:
        raise InputError("No job is ticked; tick some, or choose all that match.")
    return JobSelection(ids=ids)


def _check_may(api: Api, caller: Caller, which: JobSelection, *, retries: bool) -> None:
    """Let callers who are no admins change their own jobs only. Raises ``ForbiddenError``."""
    if caller.is_admin:
        return
    if which.ids is None:
        raise ForbiddenError("The token lacks the scope admin, which changes many jobs at once.")
    for job in ledger.list_jobs(api.engine, which, limit=len(which.ids)):
        if retries:
            check_may_retry(api, caller, job)
        check_own_job(job, caller)


def _who(caller: Caller) -> str:
    return f"Cancelled by {caller.name}." if caller.name else ""


def _priority(form: FormData) -> int:
    try:
        priority = int(str(form.get("priority", "")))
    except ValueError:
        priority = _FURTHEST + 1
    if abs(priority) > _FURTHEST:
        raise InputError("A priority is a whole number from -1000 to 1000.")
    return priority


def _back(form: FormData, done: str, number: int) -> Response:
    """Return to the page that the form was on: the list with its filter, or one job."""
    one = str(form.get("back", ""))
    kept = [
        (name, str(value))
        for name, value in form.multi_items()
        if name in JobQuery.model_fields and value
    ]
    query = urlencode([*([] if one else kept), ("done", done), ("n", number)])
    at = f"/jobs/{one}" if one and "/" not in one and one.isprintable() else "/jobs"
    return RedirectResponse(f"{at}?{query}", 303)

"""Jobs: add, find, list, retry, cancel and prioritise them.

What dispatchers do with them is in ``reelworks.store.jobs.claims``, what runs do in
``reelworks.store.jobs.leases``; their rows are read by ``reelworks.store.jobs.job_rows``.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    Connection,
    Engine,
    and_,
    case,
    func,
    literal,
    not_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.sql import ColumnElement

from reelworks.domain.jobs.job import Job, JobEvent, JobSelection, JobStatus, NewJob, StoredStatus
from reelworks.domain.jobs.lease import CANCEL_PENDING
from reelworks.domain.library.listing import PageKey
from reelworks.errors import UnknownJobError
from reelworks.store.db.database import transaction
from reelworks.store.db.schema import JobEventRow, WebhookDeliveryRow
from reelworks.store.db.table_ops import page_after, sanitize_text, table_of
from reelworks.store.jobs.job_rows import (
    IS_QUEUED,
    JOBS,
    STATUS,
    SUBMITTED,
    job_of,
    where_clause,
)

EVENTS, DELIVERIES = table_of(JobEventRow), table_of(WebhookDeliveryRow)
_BATCH = 1000
RESET_COLUMNS: Mapping[str, Any] = {
    "status": "pending",
    "attempts_before": JOBS.c.attempts,
    "error": None,
    "error_code": None,
    "error_stage": None,
    "flow_run_id": None,
    "lease": None,
    "expires_at": None,
    "not_before": None,
    "ended_at": None,
    "progress": {},
    "updated_at": func.now(),
}
"""Columns that make a job that is over pending again."""


def new_job_id() -> str:
    """Return a random id for a job."""
    return f"job-{secrets.token_hex(8)}"


def add_jobs(engine: Engine, jobs: Sequence[NewJob]) -> list[Job]:
    """Insert jobs and return them as stored; a job whose id exists is left unchanged.

    Raises ``ServiceError`` for an unknown video.
    """
    with transaction(engine) as connection:
        for start in range(0, len(jobs), _BATCH):
            _insert(connection, jobs[start : start + _BATCH])
        return _ordered(connection, [job.id for job in jobs])


def _insert(connection: Connection, jobs: Sequence[NewJob]) -> None:
    rows = [
        {
            "id": job.id,
            "kind": job.kind,
            "video_id": job.video_id,
            "params": sanitize_text(dict(job.params)),
            "pool": job.pool,
            "priority": job.priority,
            "backfill_id": job.backfill_id,
            "requested_by": job.requested_by,
        }
        for job in jobs
    ]
    statement = insert(JOBS).values(rows).on_conflict_do_nothing(index_elements=["id"])
    added = set(connection.scalars(statement.returning(JOBS.c.id)))
    webhooks = [
        {"job_id": job.id, "url": job.webhook_url}
        for job in jobs
        if job.webhook_url and job.id in added
    ]
    if webhooks:
        connection.execute(insert(DELIVERIES).values(webhooks))


def _ordered(connection: Connection, ids: Sequence[str]) -> list[Job]:
    found: dict[str, Job] = {}
    for start in range(0, len(ids), _BATCH):
        rows = connection.execute(select(JOBS).where(JOBS.c.id.in_(ids[start : start + _BATCH])))
        found |= {row.id: job_of(row) for row in rows}
    return [found[one] for one in ids if one in found]


def get_job(engine: Engine, job_id: str) -> Job:
    """Return a job. Raises ``UnknownJobError``."""
    with transaction(engine) as connection:
        found = _ordered(connection, [job_id])
    if not found:
        raise UnknownJobError(f"No job has the id {job_id}.")
    return found[0]


def list_jobs(
    engine: Engine, which: JobSelection, *, limit: int, after: PageKey | None = None
) -> list[Job]:
    """Return jobs, the newest first; new ones never move what follows ``after``."""
    query = page_after(select(JOBS).where(where_clause(which)), JOBS, limit=limit, after=after)
    with transaction(engine) as connection:
        return [job_of(row) for row in connection.execute(query)]


def waiting(engine: Engine, *, limit: int) -> list[Job]:
    """Return the jobs that come next, in the order in which they will start."""
    query = select(JOBS).where(IS_QUEUED)
    order = (SUBMITTED.desc(), JOBS.c.priority.desc(), JOBS.c.created_at, JOBS.c.id)
    with transaction(engine) as connection:
        return [job_of(row) for row in connection.execute(query.order_by(*order).limit(limit))]


def count_jobs(engine: Engine, which: JobSelection | None = None) -> dict[JobStatus, int]:
    """Return how many jobs have each status; a status that none has is 0."""
    where = where_clause(which or JobSelection())
    over_or_not_taken = JOBS.c.status != StoredStatus.PROCESSING.value
    counts = dict.fromkeys(JobStatus, 0)
    with transaction(engine) as connection:
        # The many are counted by the index alone; the few that are taken need their leases.
        for status, few in ((JOBS.c.status, over_or_not_taken), (STATUS, not_(over_or_not_taken))):
            query = select(status, func.count()).where(where, few).group_by(status)
            for name, number in connection.execute(query):
                counts[JobStatus(name)] += number
    return counts


def events_of(engine: Engine, job_id: str) -> list[JobEvent]:
    """Return the changes of a job's status, the oldest first."""
    query = select(EVENTS).where(EVENTS.c.job_id == job_id).order_by(EVENTS.c.id)
    with transaction(engine) as connection:
        return [
            JobEvent(row.at, JobStatus(row.status), row.attempt, row.note)
            for row in connection.execute(query)
        ]


def retry_jobs(engine: Engine, which: JobSelection, *, note: str = "") -> list[str]:
    """Retry failed and cancelled jobs, with their attempts counted from 0; return their ids.

    Their histories keep why they failed, and say ``note``.
    """
    over = JOBS.c.status.in_([JobStatus.FAILED.value, JobStatus.CANCELLED.value])
    with transaction(engine) as connection:
        _set_note(connection, note)
        ids = _change(connection, and_(where_clause(which), over), RESET_COLUMNS)
        sent = and_(DELIVERIES.c.job_id.in_(ids), DELIVERIES.c.delivered_at.is_not(None))
        connection.execute(update(DELIVERIES).where(sent).values(delivered_at=None, attempts=0))
    return ids


def cancel_jobs(engine: Engine, which: JobSelection, *, reason: str = "") -> list[str]:
    """Cancel jobs that are not over, and return their ids.

    Why an earlier attempt failed stays part of the reason.
    A run that works on one notices at its next heartbeat; a dispatcher also cancels it in Prefect.
    """
    open_ = JOBS.c.status.in_([StoredStatus.PENDING.value, StoredStatus.PROCESSING.value])
    change = {
        "status": "cancelled",
        "error": func.concat(
            sanitize_text(reason or "It was cancelled."),
            literal(" Its last attempt failed: ") + JOBS.c.error,
        ),
        "error_code": "cancelled",
        "lease": case((JOBS.c.flow_run_id.is_not(None), CANCEL_PENDING), else_=None),
        "expires_at": None,
        "ended_at": func.now(),
        "updated_at": func.now(),
    }
    with transaction(engine) as connection:
        ids = _change(connection, and_(where_clause(which), open_), change)
        schedule_webhooks(connection, ids)
    return ids


def set_priority(
    engine: Engine, which: JobSelection, priority: int, *, note: str = ""
) -> list[str]:
    """Set the priority of queued jobs (higher starts sooner) and return their ids.

    ``note`` goes into their histories.
    """
    with transaction(engine) as connection:
        ids = _change(connection, and_(where_clause(which), IS_QUEUED), {"priority": priority})
        for start in range(0, len(ids) if note else 0, _BATCH):
            some = JOBS.c.id.in_(ids[start : start + _BATCH])
            said = literal(sanitize_text(note))
            rows = select(
                JOBS.c.id, literal(StoredStatus.PENDING.value), JOBS.c.attempts, said
            ).where(some)
            columns = ["job_id", "status", "attempt", "note"]
            connection.execute(insert(EVENTS).from_select(columns, rows))
    return ids


def _set_note(connection: Connection, note: str) -> None:
    """Have the histories of the jobs that this transaction changes say why."""
    connection.execute(select(func.set_config("reelworks.note", sanitize_text(note), True)))


def schedule_webhooks(connection: Connection, ids: Sequence[str]) -> None:
    """Make the webhooks of these jobs due."""
    unsent = and_(DELIVERIES.c.job_id.in_(ids), DELIVERIES.c.delivered_at.is_(None))
    connection.execute(update(DELIVERIES).where(unsent).values(next_at=func.now(), attempts=0))


def _change(
    connection: Connection, where: ColumnElement[bool], values: Mapping[str, Any]
) -> list[str]:
    # Rows are locked in one order, so that two changes of many jobs never deadlock.
    ids = select(JOBS.c.id).where(where).order_by(JOBS.c.id).with_for_update()
    locked = list(connection.scalars(ids))
    for start in range(0, len(locked), _BATCH):
        some = JOBS.c.id.in_(locked[start : start + _BATCH])
        connection.execute(update(JOBS).where(some).values(**values))
    return locked


def add_webhook(engine: Engine, job_id: str, url: str) -> None:
    """Have one more address called when a job ends; one that the job has already is left alone."""
    with transaction(engine) as connection:
        known = select(DELIVERIES.c.url).where(DELIVERIES.c.job_id == job_id)
        if url not in set(connection.scalars(known)):
            connection.execute(insert(DELIVERIES).values(job_id=job_id, url=url))

"""Rows of jobs: as ``Job`` values, and which of them a selection means, as SQL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row, and_, case, false, func, not_, or_, select, true
from sqlalchemy.sql import ColumnElement

from reelworks.domain.jobs.job import (
    FORMER_PARAMS,
    KINDS_WITH_RECOMPUTE,
    Job,
    JobSelection,
    JobStatus,
    StoredStatus,
    status_of,
)
from reelworks.domain.jobs.lease import RUN_LEASES, Lease
from reelworks.domain.jobs.progress import progress_of
from reelworks.domain.jobs.result import JobResult
from reelworks.domain.jobs.usage import usage_by_model
from reelworks.errors import current_code, spellings_of
from reelworks.store.db.membership import in_library
from reelworks.store.db.schema import JobRow, Video
from reelworks.store.db.table_ops import table_of

JOBS, VIDEOS = table_of(JobRow), table_of(Video)
_PROCESSING = JOBS.c.status == StoredStatus.PROCESSING.value
_HAS_RUN = func.coalesce(JOBS.c.lease, "").like(RUN_LEASES)
SUBMITTED = and_(_PROCESSING, not_(_HAS_RUN))
"""SQL condition: a dispatcher took the job, and no run has begun it."""
IS_RUNNING = and_(_PROCESSING, _HAS_RUN)
IS_QUEUED = or_(JOBS.c.status == StoredStatus.PENDING.value, SUBMITTED)
STATUS = case(
    (IS_QUEUED, JobStatus.QUEUED.value),
    (IS_RUNNING, JobStatus.RUNNING.value),
    else_=JOBS.c.status,
)
"""``domain.jobs.job.status_of`` in SQL."""
_HAS_STATUS = {JobStatus.QUEUED: IS_QUEUED, JobStatus.RUNNING: IS_RUNNING}


def where_clause(which: JobSelection) -> ColumnElement[bool]:
    """Return the SQL condition for a selection."""
    conditions: list[ColumnElement[bool]] = [true()]
    if which.ids is not None:
        conditions.append(JOBS.c.id.in_(which.ids) if which.ids else false())
    if which.statuses is not None:
        known = [_HAS_STATUS.get(one, JOBS.c.status == one.value) for one in which.statuses]
        conditions.append(or_(false(), *known))
    if which.error_code is not None:
        conditions.append(JOBS.c.error_code.in_(sorted(spellings_of(which.error_code))))
    for name in ("kind", "video_id", "backfill_id", "error_stage"):
        wanted = getattr(which, name)
        if wanted is not None:
            conditions.append(JOBS.c[name] == wanted)
    if which.library is not None:
        of_library = select(VIDEOS.c.id).where(in_library(which.library))
        conditions.append(JOBS.c.video_id.in_(of_library))
    return and_(*conditions)


def job_of(row: Row[Any]) -> Job:
    """Return a row of the table as a job."""
    known = {name: getattr(row, name) for name in Job.__dataclass_fields__}
    typed = {
        "status": status_of(StoredStatus(row.status), row.lease and Lease(row.lease)),
        "params": current_params(row.kind, row.params),
        "error_code": row.error_code and current_code(row.error_code),
        "lease": row.lease and Lease(row.lease),
        "progress": progress_of(row.progress),
        "usage": usage_by_model(row.usage),
        "result": JobResult.from_json(row.result),
    }
    return Job(**known | typed)


def current_params(kind: str, params: Any) -> dict[str, Any]:
    """Return a job's parameters under their names of now.

    A process of the release before may still write ``again``, which is ``recompute`` since
    migration 0008. Jobs of other flows keep their own names. A value that is not an object has no
    parameters.
    """
    if not isinstance(params, Mapping):
        return {}
    if kind not in KINDS_WITH_RECOMPUTE:
        return dict(params)
    renamed = {FORMER_PARAMS.get(str(name), str(name)): one for name, one in params.items()}
    return renamed | {name: params[name] for name in renamed if name in params}

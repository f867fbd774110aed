"""A job as a dispatcher claims it, for tests of what is made of one."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from reelworks.domain.jobs.job import Job, JobStatus
from reelworks.domain.jobs.result import JobResult

NOW = datetime(2026, 11, 27, tzinfo=UTC)
JOB = Job(
    id="j",
    kind="index",
    video_id="talk",
    params={},
    status=JobStatus.RUNNING,
    attempts=1,
    attempts_before=0,
    requeues=0,
    pool=None,
    priority=0,
    error=None,
    error_code=None,
    error_stage=None,
    flow_run_id=None,
    lease=None,
    expires_at=None,
    not_before=None,
    created_at=NOW,
    started_at=None,
    ended_at=None,
    backfill_id=None,
    requested_by=None,
    progress={},
    usage={},
    cost=Decimal(0),
    result=JobResult(),
)

"""Bodies of webhooks: the envelope of Standard Webhooks."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal, Self, cast

from pydantic import BaseModel, Field

from reelworks.app.api.schemas.jobs import JobOut
from reelworks.domain.jobs.job import Job
from reelworks.domain.library.access import Caller

JobEndedType = Literal["job.done", "job.failed", "job.cancelled"]


class JobEnded(BaseModel):
    """A job has ended."""

    type: JobEndedType
    timestamp: datetime = Field(description="When the job ended.")
    data: JobOut = Field(description="The job, as `GET /jobs/{job_id}` shows it.")

    @classmethod
    def of(cls, job: Job, caller: Caller) -> Self:
        """Return the event of a job that has ended, as a caller may see it."""
        return cls(
            type=cast(JobEndedType, f"job.{job.status.value}"),
            timestamp=job.ended_at or datetime.now(UTC),
            data=JobOut.of(job, caller),
        )

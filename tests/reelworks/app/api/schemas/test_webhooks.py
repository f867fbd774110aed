"""Events that webhooks carry."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from pydantic import ValidationError

from reelworks.app.api.schemas.webhooks import JobEnded
from reelworks.domain.jobs.job import JobStatus
from reelworks.domain.library.access import ANONYMOUS
from tests.support.sample_jobs import JOB, NOW


@pytest.mark.parametrize("status", [JobStatus.DONE, JobStatus.FAILED, JobStatus.CANCELLED])
def test_the_type_says_how_the_job_ended_and_the_timestamp_when(status):
    ended = NOW + timedelta(minutes=3)

    event = JobEnded.of(replace(JOB, status=status, ended_at=ended), ANONYMOUS)

    assert (event.type, event.timestamp) == (f"job.{status.value}", ended)
    assert (event.data.id, event.data.status) == ("j", status)


def test_a_job_that_runs_has_no_such_event():
    with pytest.raises(ValidationError):
        JobEnded.of(JOB, ANONYMOUS)

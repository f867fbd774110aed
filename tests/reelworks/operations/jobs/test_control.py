"""Callers control their own jobs; admins any job, and the dispatcher."""

from __future__ import annotations

from functools import partial

import pytest

from reelworks.domain.jobs.job import JobSelection
from reelworks.domain.library.access import LOCAL
from reelworks.errors import (
    ForbiddenError,
)
from reelworks.operations.jobs import control as job_control
from reelworks.operations.submit import (
    submit_video,
)
from reelworks.store.jobs.dispatchers import is_paused
from tests.support.submissions import ANN, BOB, TALK


def test_callers_control_their_own_jobs_and_admins_any(library):
    done = submit_video(library, ANN, TALK)
    assert done.job is not None
    mine = JobSelection(ids=(done.job.id,))

    retry = partial(job_control.retry_jobs, bucket=library.settings.s3.bucket)
    for change in (job_control.cancel_jobs, retry):
        with pytest.raises(ForbiddenError, match="another caller"):
            change(library.engine, BOB, mine)
        with pytest.raises(ForbiddenError, match="admin"):
            change(library.engine, ANN, JobSelection())
    with pytest.raises(ForbiddenError):
        job_control.set_priority(library.engine, BOB, mine, 5)

    assert job_control.set_priority(library.engine, ANN, mine, 5) == [done.job.id]
    assert job_control.cancel_jobs(library.engine, ANN, mine) == [done.job.id]
    assert job_control.retry_jobs(library.engine, ANN, mine, bucket=library.settings.s3.bucket) == [
        done.job.id
    ]
    assert job_control.cancel_jobs(library.engine, LOCAL, JobSelection(), "maintenance") == [
        done.job.id
    ]


def test_only_admins_pause_and_resume_the_dispatcher(library):
    for change in (job_control.pause_dispatcher, job_control.resume_dispatcher):
        with pytest.raises(ForbiddenError, match="admin"):
            change(library.engine, ANN)

    job_control.pause_dispatcher(library.engine, LOCAL, note="maintenance")
    assert is_paused(library.engine)
    job_control.resume_dispatcher(library.engine, LOCAL)
    assert not is_paused(library.engine)

"""Whether a job waits for its deployment."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from reelworks.app.dispatcher.deployments import DEPLOYED_WITHIN, may_be_deployed_soon
from tests.support.sample_jobs import JOB


def test_a_new_job_waits_for_its_deployment_and_an_old_one_does_not():
    now = datetime.now(UTC)
    assert may_be_deployed_soon(replace(JOB, kind="never-deployed", created_at=now))
    old = now - DEPLOYED_WITHIN - timedelta(seconds=1)
    assert not may_be_deployed_soon(replace(JOB, kind="never-deployed", created_at=old))

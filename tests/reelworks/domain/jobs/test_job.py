"""Statuses of jobs: those that are over."""

from __future__ import annotations

from reelworks.domain.jobs.job import OVER, JobStatus


def test_a_job_is_over_once_nothing_more_happens_by_itself() -> None:
    assert {one for one in JobStatus if one.is_over} == OVER
    assert not JobStatus.PENDING.is_over
    assert not JobStatus.PROCESSING.is_over

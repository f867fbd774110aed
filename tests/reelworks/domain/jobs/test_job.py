"""Statuses of jobs: those that are over, and what a row stands for."""

from __future__ import annotations

import pytest

from reelworks.domain.jobs.job import OVER, JobStatus, StoredStatus, status_of
from reelworks.domain.jobs.lease import CANCEL_PENDING, QUEUED, Lease


def test_a_job_is_over_once_nothing_more_happens_by_itself() -> None:
    assert {one for one in JobStatus if one.is_over} == OVER
    assert not JobStatus.QUEUED.is_over
    assert not JobStatus.RUNNING.is_over


@pytest.mark.parametrize(
    ("stored", "lease", "status"),
    [
        ("pending", None, "queued"),
        ("processing", None, "queued"),
        ("processing", Lease("dispatcher:host"), "queued"),
        ("processing", QUEUED, "queued"),
        ("processing", Lease.of_run("r1"), "running"),
        ("done", None, "done"),
        ("failed", None, "failed"),
        ("cancelled", CANCEL_PENDING, "cancelled"),
    ],
)
def test_a_job_runs_only_when_a_run_has_its_lease(
    stored: str, lease: Lease | None, status: str
) -> None:
    assert status_of(StoredStatus(stored), lease) == status


def test_the_words_of_the_table_are_accepted_and_no_others() -> None:
    assert JobStatus("pending") is JobStatus.QUEUED
    assert JobStatus("processing") is JobStatus.RUNNING
    with pytest.raises(ValueError, match="waiting"):
        JobStatus("waiting")

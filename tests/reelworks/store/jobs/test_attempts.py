"""What a failed attempt makes of its job, and which attempts count."""

from __future__ import annotations

import pytest

from reelworks.domain.jobs.job import Failure, JobStatus
from reelworks.store.jobs.attempts import (
    LONGEST_WAIT,
    Attempt,
    disk_full_delay,
    retry_delay,
    values_of_failure,
)


@pytest.mark.parametrize(
    ("failure", "number", "status", "waits"),
    [
        (Failure("x", "c"), 1, JobStatus.FAILED, False),
        (Failure("x", "c", can_pass=True), 1, JobStatus.QUEUED, True),
        (Failure("x", "c", can_pass=True), 3, JobStatus.FAILED, False),
        (Failure("x", "c", waits_for_room=True), 9, JobStatus.QUEUED, True),
    ],
)
def test_what_a_failed_attempt_makes_of_its_job(
    failure: Failure, number: int, status: JobStatus, waits: bool
) -> None:
    values, found = values_of_failure(Attempt("j", number), failure, most_attempts=3)
    assert (found, JobStatus(values["status"])) == (status, status)
    assert (values["lease"], values["expires_at"], values["error_code"]) == (None, None, "c")
    assert (values["not_before"] is not None, values["ended_at"] is None) == (waits, waits)
    assert ("attempts_before" in values) == failure.waits_for_room


def test_attempts_before_a_retry_do_not_count() -> None:
    failure = Failure("x", "c", can_pass=True)
    _, status = values_of_failure(Attempt("j", 3, before=2), failure, most_attempts=3)
    assert (Attempt("j", 3, before=2).tries, status) == (1, JobStatus.QUEUED)


@pytest.mark.parametrize("delay", [retry_delay, disk_full_delay])
def test_each_wait_is_twice_as_long_until_the_longest(delay) -> None:
    assert delay(2) == 2 * delay(1)
    assert delay(99) == LONGEST_WAIT


@pytest.mark.parametrize(
    ("requested", "seconds"), [(None, 5.0), (2.0, 5.0), (90.0, 90.0), (1e12, 86400.0)]
)
def test_a_job_waits_as_long_as_a_server_asks_it_to(
    requested: float | None, seconds: float
) -> None:
    failure = Failure("x", "c", can_pass=True, retry_after=requested)
    values, _ = values_of_failure(Attempt("j", 1), failure, most_attempts=3)
    (wait,) = values["not_before"].compile().params.values()
    assert wait.total_seconds() == seconds

"""``doctor``: the finding on queued jobs, without a server."""

from __future__ import annotations

import pytest

from infra.services.checks import CheckResult
from reelworks.app.cli.commands.doctor import RESTART, RESUME, START, check_jobs
from reelworks.store.jobs.dispatchers import SILENT_SECONDS

STUCK = SILENT_SECONDS + 60


@pytest.mark.parametrize(
    ("waiting", "silent", "paused", "verdict", "hint"),
    [
        (0, None, False, CheckResult.OK, ""),
        (0, 1.0, True, CheckResult.OK, ""),
        (3, 1.0, False, CheckResult.OK, ""),
        (3, None, False, CheckResult.WARN, START),
        (3, 1.0, True, CheckResult.WARN, RESUME),
        (3, STUCK, True, CheckResult.WARN, RESUME),
        (0, STUCK, False, CheckResult.WARN, RESTART),
        (3, STUCK, False, CheckResult.FAIL, RESTART),
    ],
)
def test_jobs_wait_for_a_reason_that_has_a_remedy(waiting, silent, paused, verdict, hint):
    check = check_jobs(waiting, silent, paused=paused)
    assert (check.verdict, check.hint) == (verdict, hint)


def test_the_finding_counts_the_jobs():
    assert check_jobs(1, 1.0, paused=False).finding == "1 job queued"
    assert check_jobs(2, None, paused=False).finding == "2 jobs queued and no dispatcher is running"

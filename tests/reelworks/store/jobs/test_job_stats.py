"""Statistics of all jobs: histograms, failures, usage and cost."""

from __future__ import annotations

from decimal import Decimal

import pytest
from sqlalchemy import Engine, text

from reelworks.domain.jobs.job import JobStatus
from reelworks.store.db.database import transaction
from reelworks.store.jobs.job_stats import BUCKETS, job_stats

pytestmark = pytest.mark.usefixtures("empty_queue")


def test_nothing_gives_zeros(engine: Engine) -> None:
    found = job_stats(engine)
    assert (found.oldest_waiting, found.failures, found.stages, found.usage) == (None, {}, [], {})
    assert found.cost == 0
    assert set(found.jobs.values()) == {0}


def test_sums_over_jobs_also_of_odd_rows(engine: Engine) -> None:
    rows = [
        ("a", "done", None, '{"vision": {"seconds": 0.1}}', '{"m": {"calls": 2, "cost": "0.5"}}'),
        ("b", "failed", "no_space", '{"vision": {"seconds": 40}}', '{"m": {"calls": 3}}'),
        ("c", "failed", None, '{"vision": {"seconds": 9999}, "x": "odd"}', '{"m": "odd"}'),
        ("d", "pending", None, '"odd"', '"odd"'),
    ]
    with transaction(engine) as connection:
        names = ("id", "status", "code", "progress", "usage")
        for row in rows:
            connection.execute(
                text(
                    "INSERT INTO jobs (id, video_id, status, error_code, progress, usage, cost)"
                    " VALUES (:id, 'v', :status, :code, :progress, :usage, 0.25)"
                ),
                dict(zip(names, row, strict=True)),
            )
    found = job_stats(engine)

    assert found.jobs[JobStatus.FAILED] == 2
    assert found.failures == {"no_space": 1, "unknown": 1}
    assert found.oldest_waiting is not None
    (vision,) = found.stages
    by_bound = dict(zip(BUCKETS, vision.counts, strict=True))
    assert (vision.stage, vision.number, vision.total) == ("vision", 3, pytest.approx(10039.1))
    assert (by_bound[0.1], by_bound[30.0], by_bound[60.0], by_bound[3600.0]) == (1, 1, 2, 2)
    assert found.usage["m"]["calls"] == 5
    assert found.usage["m"]["cost"] == 0.5
    assert found.cost == Decimal("1.00")

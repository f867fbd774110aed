"""Job statistics become Prometheus metrics under the documented names."""

from __future__ import annotations

from decimal import Decimal

import pytest
from prometheus_client import CollectorRegistry

from reelworks.app.api.metrics import JobQueueCollector
from reelworks.domain.jobs.job import JobStatus
from reelworks.store.jobs.job_stats import BUCKETS, JobStats, StageSeconds

STATS = JobStats(
    jobs={JobStatus.DONE: 7, JobStatus.FAILED: 2},
    oldest_waiting=12.5,
    failures={"rate_limited": 2},
    stages=[StageSeconds("vision", tuple(range(1, len(BUCKETS) + 1)), number=20, total=321.5)],
    usage={"openai/gpt": {"calls": 4.0, "cost": 0.25, "input_tokens": 9.0}, "local/x": {}},
    cost=Decimal("0.2500"),
)


@pytest.fixture(scope="module")
def registry() -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(JobQueueCollector(STATS))
    return registry


@pytest.mark.parametrize(
    ("name", "labels", "value"),
    [
        ("reelworks_jobs", {"status": "done"}, 7),
        ("reelworks_jobs", {"status": "failed"}, 2),
        ("reelworks_jobs_failed", {"code": "rate_limited"}, 2),
        ("reelworks_oldest_waiting_seconds", {}, 12.5),
        ("reelworks_model_calls_total", {"model": "openai/gpt"}, 4),
        ("reelworks_model_calls_total", {"model": "local/x"}, 0),
        ("reelworks_model_cost_usd_total", {"model": "openai/gpt"}, 0.25),
        ("reelworks_cost_usd_total", {}, 0.25),
        ("reelworks_stage_seconds_bucket", {"stage": "vision", "le": "0.1"}, 1),
        ("reelworks_stage_seconds_bucket", {"stage": "vision", "le": "3600.0"}, len(BUCKETS)),
        ("reelworks_stage_seconds_bucket", {"stage": "vision", "le": "+Inf"}, 20),
        ("reelworks_stage_seconds_sum", {"stage": "vision"}, 321.5),
    ],
)
def test_each_number_has_its_metric(registry, name, labels, value):
    assert registry.get_sample_value(name, labels) == value


def test_an_empty_queue_has_no_oldest_job():
    registry = CollectorRegistry()
    registry.register(JobQueueCollector(JobStats({}, None, {}, [], {}, Decimal(0))))

    assert registry.get_sample_value("reelworks_oldest_waiting_seconds") == 0

"""Prometheus metrics of ``GET /metrics``."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector
from sqlalchemy import Engine

from infra.workers.status.metrics import metrics_text
from infra.workers.status.worker_status import read_statuses
from reelworks.store.jobs.job_stats import BUCKETS, JobStats, StageSeconds, job_stats

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def metrics_of(engine: Engine, data_dir: Path) -> str:
    """Return all metrics: of the job queue, and of the workers that share this ``DATA_DIR``."""
    registry = CollectorRegistry()
    registry.register(JobQueueCollector(job_stats(engine)))
    return generate_latest(registry).decode() + metrics_text(read_statuses(data_dir))


class JobQueueCollector(Collector):
    """Collector of the job queue's metrics."""

    def __init__(self, numbers: JobStats) -> None:
        self._numbers = numbers

    def collect(self) -> Iterable[Metric]:
        """Yield the metrics of the job queue."""
        numbers = self._numbers
        jobs = GaugeMetricFamily("reelworks_jobs", "Jobs by status.", labels=["status"])
        for status, number in numbers.jobs.items():
            jobs.add_metric([status.value], number)
        failed = GaugeMetricFamily(
            "reelworks_jobs_failed", "Failed jobs by the error's code.", labels=["code"]
        )
        for code, number in numbers.failures.items():
            failed.add_metric([code], number)
        yield jobs
        yield failed
        yield GaugeMetricFamily(
            "reelworks_oldest_waiting_seconds",
            "Age of the oldest queued job; 0 when none is queued.",
            value=numbers.oldest_waiting or 0.0,
        )
        yield _stages(numbers.stages)
        yield from self._models()

    def _models(self) -> Iterable[Metric]:
        calls = CounterMetricFamily(
            "reelworks_model_calls",
            "Requests to hosted models that were answered.",
            labels=["model"],
        )
        cost = CounterMetricFamily(
            "reelworks_model_cost_usd", "Cost of the requests, in US dollars.", labels=["model"]
        )
        for model, amounts in self._numbers.usage.items():
            calls.add_metric([model], amounts.get("calls", 0.0))
            cost.add_metric([model], amounts.get("cost", 0.0))
        yield calls
        yield cost
        yield CounterMetricFamily(
            "reelworks_cost_usd",
            "Cost of all jobs, in US dollars.",
            value=float(self._numbers.cost),
        )


def _stages(stages: Iterable[StageSeconds]) -> HistogramMetricFamily:
    seconds = HistogramMetricFamily(
        "reelworks_stage_seconds", "How long stages took.", labels=["stage"]
    )
    for one in stages:
        buckets = [(str(bound), count) for bound, count in zip(BUCKETS, one.counts, strict=True)]
        seconds.add_metric([one.stage], [*buckets, ("+Inf", one.number)], one.total)
    return seconds

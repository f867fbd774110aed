"""Job statistics, for people and for monitoring."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import accumulate

from sqlalchemy import Connection, Engine, text

from reelworks.domain.jobs.job import JobStatus
from reelworks.errors import current_code
from reelworks.store.db.database import transaction
from reelworks.store.jobs.jobs import count_jobs

BUCKETS = (0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 900.0, 3600.0)
"""Upper bounds of the histogram of stages' seconds."""


@dataclass(frozen=True, slots=True)
class StageSeconds:
    """How long a stage took, over all jobs that did it."""

    stage: str
    counts: tuple[int, ...]
    """Times it took at most as long as each of ``BUCKETS`` says; cumulative."""
    number: int
    total: float
    """Seconds."""


@dataclass(frozen=True, slots=True)
class JobStats:
    """Numbers of all jobs."""

    jobs: Mapping[JobStatus, int]
    oldest_waiting: float | None
    """Seconds since the oldest queued job was added."""
    failures: Mapping[str, int]
    """Failed jobs by the error's code."""
    stages: Sequence[StageSeconds]
    usage: Mapping[str, Mapping[str, float]]
    """Sums over ``jobs.usage`` by model: ``calls``, ``cost`` in US dollars and other amounts."""
    cost: Decimal
    """Of all jobs, in US dollars."""


def job_stats(engine: Engine) -> JobStats:
    """Return the statistics. Reads every job: call it now and then, not for each request."""
    with transaction(engine) as connection:
        failures = connection.execute(text(_FAILURES))
        return JobStats(
            jobs=count_jobs(engine),
            oldest_waiting=connection.scalar(text(_OLDEST)),
            failures=_by_current_code({row.code: row.number for row in failures}),
            stages=_stages(connection),
            usage={row.model: row.usage for row in connection.execute(text(_MODELS))},
            cost=connection.scalar(text("SELECT coalesce(sum(cost), 0) FROM jobs")),
        )


def _by_current_code(failures: Mapping[str, int]) -> dict[str, int]:
    """Return the counts by today's codes: a process of the release before may write old ones."""
    counts: dict[str, int] = {}
    for code, number in failures.items():
        counts[current_code(code)] = counts.get(current_code(code), 0) + number
    return counts


def _stages(connection: Connection) -> list[StageSeconds]:
    """Return the histograms; PostgreSQL counts each bucket, which are summed up in Python."""
    rows = connection.execute(text(_STAGES), {"bounds": list(BUCKETS)}).all()
    found = []
    for stage in dict.fromkeys(row.stage for row in rows):
        mine = [row for row in rows if row.stage == stage]
        by_bucket = {row.bucket: row.number for row in mine}
        counts = accumulate(by_bucket.get(bucket, 0) for bucket in range(len(BUCKETS)))
        number, total = sum(row.number for row in mine), sum(row.total for row in mine)
        found.append(StageSeconds(stage, tuple(counts), number, total))
    return found


_FAILURES = """
SELECT coalesce(error_code, 'unknown') AS code, count(*) AS number
FROM jobs WHERE status = 'failed' GROUP BY 1 ORDER BY 1
"""
_OLDEST = """
SELECT CAST(extract(epoch FROM now() - min(created_at)) AS double precision)
FROM jobs WHERE status = 'pending'
    OR status = 'processing' AND coalesce(lease, '') NOT LIKE 'run:%'
"""
_STAGES = """
SELECT one.key AS stage, width_bucket(
           seconds.taken - 1e-9, CAST(:bounds AS double precision[])
       ) AS bucket,
       count(*) AS number, sum(seconds.taken) AS total
FROM jobs j, jsonb_each(j.progress) one,
     LATERAL (SELECT CAST(one.value ->> 'seconds' AS double precision) AS taken) seconds
WHERE jsonb_typeof(j.progress) = 'object' AND jsonb_typeof(one.value -> 'seconds') = 'number'
GROUP BY 1, 2 ORDER BY 1, 2
"""
_MODELS = """
SELECT model, jsonb_object_agg(name, amount) AS usage FROM (
    SELECT one.key AS model, used.key AS name,
           sum(CAST(used.value #>> '{}' AS double precision)) AS amount
    FROM jobs j, jsonb_each(j.usage) one, jsonb_each(
        CASE jsonb_typeof(one.value) WHEN 'object' THEN one.value ELSE '{}' END
    ) used
    WHERE jsonb_typeof(j.usage) = 'object' AND (
        jsonb_typeof(used.value) = 'number'
        OR used.key = 'cost' AND used.value #>> '{}' ~ '^[0-9]+([.][0-9]+)?$'
    )
    GROUP BY 1, 2
) amounts GROUP BY model ORDER BY model
"""

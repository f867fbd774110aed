"""Which deployment does a kind of job."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import FlowFilter, FlowFilterName
from prefect.client.schemas.responses import DeploymentResponse

from reelworks.domain.jobs.job import Job
from tasks.runtime.pools import pool_unavailable_reason

REMEMBERED_SECONDS = 5.0
DEPLOYED_WITHIN = timedelta(minutes=2)
FIRST_POOL = "cpu"
_found: dict[tuple[str, str | None], tuple[float, DeploymentResponse | None]] = {}


_seen: set[tuple[str, str | None]] = set()


def may_be_deployed_soon(job: Job) -> bool:
    """Tell whether a job had better wait for its deployment than lose an attempt.

    That is so for a new job, as ``reelworks up`` is about to deploy, and wherever this process has
    seen the deployment before: Prefect's database may have been lost, and is filled again.
    """
    is_new = datetime.now(UTC) - job.created_at < DEPLOYED_WITHIN
    return is_new or (job.kind, job.pool) in _seen


async def deployment_for(
    client: PrefectClient, kind: str, pool: str | None = None
) -> DeploymentResponse | None:
    """Return the deployment of the flow ``kind`` that runs soonest; None when there is none.

    A pool with a live worker comes first, the pool ``cpu`` before others; then what ``reelworks
    up`` serves, which has no pool; then a pool where nobody is yet. With ``pool``, only that one
    counts. Asked anew every few seconds.
    """
    at, known = _found.get((kind, pool), (0.0, None))
    if known is not None and time.monotonic() - at < REMEMBERED_SECONDS:
        return known
    wanted = FlowFilter(name=FlowFilterName(any_=[kind]))
    there = await client.read_deployments(flow_filter=wanted)
    if pool is not None:
        there = [one for one in there if one.work_pool_name == pool]
    found = await _best(kind, there)
    _found[kind, pool] = (time.monotonic(), found)
    if found is not None:
        _seen.add((kind, pool))
    return found


def forget() -> None:
    """Ask anew: a deployment was removed."""
    _found.clear()


async def _best(kind: str, deployments: Sequence[DeploymentResponse]) -> DeploymentResponse | None:
    pooled = sorted(
        (one for one in deployments if one.work_pool_name),
        key=lambda one: (one.work_pool_name != FIRST_POOL, one.work_pool_name or ""),
    )
    for one in pooled:
        if one.work_pool_name and await pool_unavailable_reason(one.work_pool_name) is None:
            return one
    # One whose pool was deleted has none either; what is served is named like its flow.
    served = [one for one in deployments if not one.work_pool_name and one.name == kind]
    return next(iter([*served, *pooled]), None)

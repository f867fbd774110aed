"""Choice of the deployment that runs a kind of job."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import FlowFilter, FlowFilterName
from prefect.client.schemas.responses import DeploymentResponse

from infra.fleet.plan import DEFAULT_POOL
from reelworks.domain.jobs.job import Job
from tasks.runtime.remote.pools import pool_unavailable_reason

CACHE_SECONDS = 5.0
DEPLOYED_WITHIN = timedelta(minutes=2)
_cache: dict[tuple[str, str | None], tuple[float, DeploymentResponse | None]] = {}
_seen: set[tuple[str, str | None]] = set()


def may_be_deployed_soon(job: Job) -> bool:
    """Tell whether a job should wait for its deployment rather than lose an attempt.

    That is so for a new job, as ``reelworks up`` may be about to deploy, and wherever this process
    has seen the deployment before: Prefect's database may have been lost, and is filled again.
    """
    is_new = datetime.now(UTC) - job.created_at < DEPLOYED_WITHIN
    return is_new or (job.kind, job.pool) in _seen


async def deployment_for(
    client: PrefectClient, kind: str, pool: str | None = None
) -> DeploymentResponse | None:
    """Return the deployment of the flow ``kind`` that would start soonest; None if there is none.

    A pool with a live worker comes first, the pool ``cpu`` before others; then what ``reelworks
    up`` serves, which has no pool; then a pool without a worker. With ``pool``, no other pool
    counts. A found deployment is cached for ``CACHE_SECONDS``.
    """
    at, cached = _cache.get((kind, pool), (0.0, None))
    if cached is not None and time.monotonic() - at < CACHE_SECONDS:
        return cached
    by_flow = FlowFilter(name=FlowFilterName(any_=[kind]))
    deployments = await client.read_deployments(flow_filter=by_flow)
    if pool is not None:
        deployments = [one for one in deployments if one.work_pool_name == pool]
    found = await _best(kind, deployments)
    _cache[kind, pool] = (time.monotonic(), found)
    if found is not None:
        _seen.add((kind, pool))
    return found


def clear_cache() -> None:
    """Forget the cached deployments: one of them was removed."""
    _cache.clear()


async def _best(kind: str, deployments: Sequence[DeploymentResponse]) -> DeploymentResponse | None:
    pooled = sorted(
        (one for one in deployments if one.work_pool_name),
        key=lambda one: (one.work_pool_name != DEFAULT_POOL, one.work_pool_name or ""),
    )
    for one in pooled:
        if one.work_pool_name and await pool_unavailable_reason(one.work_pool_name) is None:
            return one
    # A deployment whose pool was deleted has none either; a served one is named like its flow.
    served = [one for one in deployments if not one.work_pool_name and one.name == kind]
    return next(iter([*served, *pooled]), None)

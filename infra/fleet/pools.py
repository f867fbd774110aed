"""Create or update work pools and their queues on the server."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.actions import WorkPoolCreate, WorkPoolUpdate
from prefect.exceptions import ObjectNotFound

from infra.fleet.change import Change, Outcome
from infra.fleet.plan import Pool, Queue
from infra.fleet.templates import job_template, remedy
from reelworks.errors import SettingsError

OLDER = (
    "process; its workers lose runs for 90 s when they are stopped: delete the pool when it is "
    "idle (prefect work-pool delete cpu) and deploy again"
)
"""About a pool that an earlier Reelworks made: it works as before."""


async def apply_pools(
    client: PrefectClient, pools: Iterable[Pool], must: frozenset[str]
) -> list[Change]:
    """Make or update pools and their queues.

    A pool whose type no installed package knows is skipped. Raises ``SettingsError`` for one whose
    type is in ``must``, and for a pool on the server that has our name and another type.
    """
    changes = []
    for pool in pools:
        template = job_template(pool)
        if template is None:
            if pool.type in must:
                raise SettingsError(f"{remedy(pool)}.")
            changes.append(Change("pool", pool.name, Outcome.SKIPPED, remedy(pool)))
            continue
        changes.append(await _apply_pool(client, pool, template))
        for queue in pool.queues:
            changes.append(await _apply_queue(client, pool.name, queue))
    return changes


async def _apply_pool(client: PrefectClient, pool: Pool, template: dict[str, Any]) -> Change:
    try:
        there = await client.read_work_pool(pool.name)
    except ObjectNotFound:
        await client.create_work_pool(
            WorkPoolCreate(
                name=pool.name,
                type=pool.type,
                description=pool.description,
                base_job_template=template,
            )
        )
        return Change("pool", pool.name, Outcome.MADE, pool.type)
    if there.type == "process" and pool.type == "graceful-process":
        return Change("pool", pool.name, Outcome.UNCHANGED, OLDER)
    if there.type != pool.type:
        raise SettingsError(
            f"The server has a pool {pool.name} of the type {there.type}, not {pool.type}: "
            f"delete it with prefect work-pool delete {pool.name}, then deploy again."
        )
    if (there.description, there.base_job_template) == (pool.description, template):
        return Change("pool", pool.name, Outcome.UNCHANGED, pool.type)
    await client.update_work_pool(
        pool.name, WorkPoolUpdate(description=pool.description, base_job_template=template)
    )
    return Change("pool", pool.name, Outcome.UPDATED, pool.type)


async def _apply_queue(client: PrefectClient, pool: str, queue: Queue) -> Change:
    name = f"{pool}/{queue.name}"
    try:
        there = await client.read_work_queue_by_name(queue.name, work_pool_name=pool)
    except ObjectNotFound:
        await client.create_work_queue(
            queue.name,
            description=queue.description,
            concurrency_limit=queue.limit,
            priority=queue.priority,
            work_pool_name=pool,
        )
        return Change("queue", name, Outcome.MADE, _note(queue.priority, queue.limit))
    note = _note(queue.priority, there.concurrency_limit)
    if (there.priority, there.description) == (queue.priority, queue.description):
        return Change("queue", name, Outcome.UNCHANGED, note)
    await client.update_work_queue(there.id, priority=queue.priority, description=queue.description)
    return Change("queue", name, Outcome.UPDATED, note)


def _note(priority: int | None, limit: int | None) -> str:
    return f"priority {priority}" + (f", at most {limit} at once" if limit is not None else "")

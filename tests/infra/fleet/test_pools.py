"""Pools and queues on a real server."""

from __future__ import annotations

import secrets
from contextlib import suppress

import pytest

from infra.fleet.change import Outcome
from infra.fleet.plan import Pool, Queue
from infra.fleet.pools import apply_pools
from reelworks.errors import SettingsError

QUEUES = (Queue("interactive", 1, "First."), Queue("backfill", 100, "Later.", limit=3))


@pytest.fixture
async def plan(client):
    """A pool that is on the server during one test at most."""
    from prefect.exceptions import ObjectNotFound

    pool = Pool(f"pool-{secrets.token_hex(4)}", "process", "For a test.", QUEUES)
    yield pool
    with suppress(ObjectNotFound):
        await client.delete_work_pool(pool.name)


async def test_a_pool_and_its_queues_are_made_once(client, plan):
    made = await apply_pools(client, [plan], frozenset())
    again = await apply_pools(client, [plan], frozenset())

    assert [(one.kind, one.name) for one in made] == [
        ("pool", plan.name),
        ("queue", f"{plan.name}/interactive"),
        ("queue", f"{plan.name}/backfill"),
    ]
    assert {one.outcome for one in made} == {Outcome.MADE}
    assert {one.outcome for one in again} == {Outcome.UNCHANGED}
    queues = {one.name: one for one in await client.read_work_queues(work_pool_name=plan.name)}
    assert (queues["interactive"].priority, queues["interactive"].concurrency_limit) == (1, None)
    assert (queues["backfill"].priority, queues["backfill"].concurrency_limit) == (100, 3)


async def test_what_was_changed_by_hand_is_restored_but_for_limits(client, plan):
    from prefect.client.schemas.actions import WorkPoolUpdate

    await apply_pools(client, [plan], frozenset())
    await client.update_work_pool(
        plan.name, WorkPoolUpdate(description="Mine.", concurrency_limit=7)
    )
    queue = await client.read_work_queue_by_name("backfill", work_pool_name=plan.name)
    await client.update_work_queue(queue.id, priority=9, concurrency_limit=40)

    changes = await apply_pools(client, [plan], frozenset())

    assert {one.name.rpartition("/")[2]: one.outcome for one in changes} == {
        plan.name: Outcome.UPDATED,
        "interactive": Outcome.UNCHANGED,
        "backfill": Outcome.UPDATED,
    }
    pool = await client.read_work_pool(plan.name)
    assert (pool.description, pool.concurrency_limit) == ("For a test.", 7)
    queue = await client.read_work_queue_by_name("backfill", work_pool_name=plan.name)
    assert (queue.priority, queue.concurrency_limit) == (100, 40)


async def test_a_pool_whose_type_no_package_knows_is_skipped_unless_it_must_be(client):
    strange = Pool("strange", "of-no-package", "", QUEUES)

    (change,) = await apply_pools(client, [strange], frozenset())
    assert (change.outcome, change.name) == (Outcome.SKIPPED, "strange")
    assert "of-no-package, which no installed package provides" in change.note
    with pytest.raises(SettingsError, match="pip install"):
        await apply_pools(client, [strange], frozenset({"of-no-package"}))


async def test_a_pool_of_our_name_and_another_type_is_not_touched(client, plan):
    await apply_pools(client, [plan], frozenset())
    other = Pool(plan.name, "docker", "Another.", QUEUES)

    with pytest.raises(SettingsError, match=f"prefect work-pool delete {plan.name}"):
        await apply_pools(client, [other], frozenset())
    assert (await client.read_work_pool(plan.name)).description == "For a test."


async def test_a_pool_that_an_earlier_release_made_goes_on_and_the_note_says_what_it_lacks(
    client, plan
):
    await apply_pools(client, [plan], frozenset())
    newer = Pool(plan.name, "graceful-process", plan.description, plan.queues)

    pool, *queues = await apply_pools(client, [newer], frozenset({"graceful-process"}))

    assert (pool.outcome, "deploy again" in pool.note) == (Outcome.UNCHANGED, True)
    assert {one.outcome for one in queues} == {Outcome.UNCHANGED}
    assert (await client.read_work_pool(plan.name)).type == "process"

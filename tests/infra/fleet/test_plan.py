"""Pools and queues of a fleet."""

from __future__ import annotations

from infra.fleet.plan import DEFAULT_POOL, POOLS


def test_in_each_pool_what_somebody_waits_for_runs_before_backfills() -> None:
    for pool in POOLS:
        first, second = sorted(pool.queues, key=lambda queue: queue.priority)
        assert (first.name, second.name) == ("interactive", "backfill"), pool.name
        assert first.limit is None
        assert second.limit, "a backfill leaves room"


def test_jobs_go_to_a_pool_that_there_is() -> None:
    names = [pool.name for pool in POOLS]

    assert DEFAULT_POOL in names
    assert len(set(names)) == len(names)

"""Whether a pool has a live worker, as Prefect's server says; cached for some seconds."""

from __future__ import annotations

import secrets

import pytest


@pytest.mark.filterwarnings("ignore::ResourceWarning")
async def test_a_pool_is_missing_idle_or_has_a_live_worker(
    prefect_api: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.actions import WorkPoolCreate

    from tasks.runtime.remote import pools

    name = f"gpu-{secrets.token_hex(4)}"
    monkeypatch.setattr(pools, "CACHE_SECONDS", 0.0)
    assert f"no work pool {name}" in str(await pools.pool_unavailable_reason(name))
    async with get_client() as client:
        await client.create_work_pool(WorkPoolCreate(name=name, type="process"))
        reason = await pools.pool_unavailable_reason(name)
        assert reason == (
            f"No live worker in the pool {name} (start one with prefect worker start --pool {name})"
        )
        await client.send_worker_heartbeat(name, "a worker", 30)

        assert await pools.pool_unavailable_reason(name) is None
        monkeypatch.setattr(pools, "CACHE_SECONDS", 60.0)
        await client.delete_work_pool(name)
        assert await pools.pool_unavailable_reason(name) is None, "remembered"
        monkeypatch.setattr(pools, "CACHE_SECONDS", 0.0)
        assert await pools.pool_unavailable_reason(name) is not None

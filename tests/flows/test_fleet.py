"""The flow ``fleet``: pools and rules on a Prefect server."""

from __future__ import annotations

from contextlib import suppress

import pytest

from reelworks.settings import Settings


@pytest.mark.parametrize(
    ("words", "deploys"),
    [
        ("/bin/prefect deploy --prefect-file deployments.yaml --all", True),
        ("/lib/prefect/__main__.py --no-prompt deploy --all", True),
        ("/bin/prefect deploy --name cpu", False),
        ("/bin/prefect worker start --pool cpu", False),
        ("/lib/pytest/__main__.py deploy --all", False),
    ],
)
def test_only_prefect_s_own_command_makes_pools_when_it_imports_the_file(words, deploys):
    from flows.fleet import is_prefect_deploying_all

    assert is_prefect_deploying_all(words.split()) is deploys


async def test_a_second_run_has_nothing_to_change(environment: Settings) -> None:
    from prefect.client.orchestration import get_client
    from prefect.exceptions import ObjectNotFound

    from flows.fleet import FleetParams, fleet
    from infra.fleet.plan import DOCKER, POOLS

    processes = [pool.name for pool in POOLS if pool.type != DOCKER]
    first = await fleet(FleetParams(docker=False))
    try:
        second = await fleet(FleetParams(docker=False))
        async with get_client() as client:
            pools = {pool.name for pool in await client.read_work_pools()}
    finally:
        async with get_client() as client:
            for name in processes:
                if any(line.startswith(f"pool {name}: made") for line in first):
                    with suppress(ObjectNotFound):
                        await client.delete_work_pool(name)
            for rule in await client.read_automations():
                if any(line.startswith(f"rule {rule.name}: made") for line in first):
                    await client.delete_automation(rule.id)

    assert set(processes) <= pools
    assert second == []
    assert (environment.data_dir / "worker" / "log.log").exists()
    assert not (environment.data_dir / "scratch").exists(), "no run context was opened"

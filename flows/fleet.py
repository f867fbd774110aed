"""Create what a fleet needs on the Prefect server: pools, queues and rules."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from prefect import flow
from prefect.client.orchestration import get_client
from pydantic import BaseModel, Field

from blocks.error_mapping import prefect_errors
from infra.fleet.change import Change, Outcome
from infra.fleet.plan import DOCKER, POOLS
from infra.fleet.pools import apply_pools
from infra.fleet.rules import apply_rules
from tasks.runtime.jobs.job_run import flow_settings


class FleetParams(BaseModel):
    """Which pools to create."""

    docker: bool = Field(
        True,
        title="Docker",
        description="Also create the pools for containers, where prefect-docker is installed.",
    )


@flow(name="fleet", description=__doc__, persist_result=False)
async def fleet(params: FleetParams) -> list[str]:
    """Create or update pools, queues and rules; return the changes, line by line."""
    pools = [pool for pool in POOLS if params.docker or pool.type != DOCKER]
    async with flow_settings() as settings:
        with prefect_errors():
            async with get_client() as client:
                changes = await apply_pools(client, pools, frozenset())
                changes += await apply_rules(client, settings.jobs.max_attempts)
    return _lines(changes)


def _lines(changes: Sequence[Change]) -> list[str]:
    return [
        f"{one.kind} {one.name}: {one.outcome.value}. {one.note}".rstrip(". ")
        for one in changes
        if one.outcome is not Outcome.UNCHANGED
    ]


def is_prefect_deploying_all(words: Sequence[str]) -> bool:
    """Tell whether a command line is ``prefect deploy ... --all``."""
    program = Path(words[0])
    name = program.parent.name if program.name == "__main__.py" else program.name
    return name == "prefect" and "deploy" in words[1:] and "--all" in words[1:]


async def _pools() -> list[str]:
    with prefect_errors():
        async with get_client() as client:
            return _lines(await apply_pools(client, POOLS, frozenset()))


def _make_pools_first() -> None:
    """Create the pools from within ``prefect deploy``, in an event loop beside its own."""
    with ThreadPoolExecutor(1, thread_name_prefix="pools") as aside:
        for line in aside.submit(asyncio.run, _pools()).result():
            print(line)  # Prefect's command prints, too


# Prefect looks a deployment's pool up before any step of the file runs, and fails when the pool is
# missing. Before that it only imports the entrypoint, so the file's first entry is this module: on
# a new server the pools exist when Prefect looks (docs/decisions/0020).
if is_prefect_deploying_all(sys.argv):
    _make_pools_first()

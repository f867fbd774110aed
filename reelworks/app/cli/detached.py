"""``reelworks index --detach``: somebody else runs the flow, this command returns.

That is a pool of workers when there is one, else the runner that ``reelworks up`` keeps.
"""

from __future__ import annotations

import asyncio
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from blocks.prefect_faults import prefect_errors
from infra.services import supervisor
from infra.services.endpoints import Endpoints
from reelworks.app.cli import output
from reelworks.app.cli.services import prepare, ui_address
from reelworks.errors import ServiceError, SettingsError
from reelworks.settings import Settings
from reelworks.stages.ingest import existing_file

if TYPE_CHECKING:
    from prefect.client.orchestration import PrefectClient
    from prefect.client.schemas.responses import DeploymentResponse

RUNNER = "index/index"
FLEET_POOL = "cpu"
"""The pool that takes over when none is named and a worker is live in it."""
QUEUE = "interactive"
PATIENCE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Handover:
    """What shall be indexed by somebody else."""

    sources: tuple[str, ...]
    asked: dict[str, str | None]
    """The flow's other parameters."""
    pool: str | None


def submit(settings: Settings, wanted: Handover, *, json: bool) -> int:
    """Create one flow run for each source, and start the services if they are not up.

    A local source is looked for before anything is started: the answer would come too late.
    Raises ``SettingsError`` when nothing is deployed to the pool that was asked for.
    """
    sources = [_absolute(source) for source in wanted.sources]
    endpoints = supervisor.up(settings, runner=None)
    os.environ.update(endpoints.environment())
    with prefect_errors():
        pool = asyncio.run(_pool_for(wanted.pool))
        if pool is None:
            _start_runner(settings)
        else:
            sources = [_within_reach(source, endpoints.settings(settings)) for source in sources]
        runs = asyncio.run(_create_runs(sources, wanted, pool))
    _tell(runs, endpoints, json=json)
    return 0


def _tell(runs: list[dict[str, Any]], endpoints: Endpoints, *, json: bool) -> None:
    if json:
        output.print_json(runs)
        return
    for run in runs:
        where = f" in the pool {run['pool']}" if run["pool"] else ""
        output.say(f"Started {run['source']}{where}: flow run {run['flow_run_id']}")
    output.say(f"Watch it: {ui_address(endpoints)}, or: reelworks list")


def _absolute(source: str) -> str:
    """The worker has a folder of its own, so a relative path would mean another file there."""
    return source if "://" in source else str(existing_file(source).absolute())


def _start_runner(settings: Settings) -> None:
    prepare(supervisor.up(settings))


def _within_reach(source: str, settings: Settings) -> str:
    """Bring a file of this machine into the store: a worker may run on another one."""
    if "://" in source:
        return source
    from reelworks.domain.digest import sha256_of_file
    from reelworks.stages.cached import ANY_CONTENT
    from reelworks.store.artifacts import ArtifactStore

    path = Path(source)
    store = ArtifactStore.open(settings)
    store.ensure_bucket()
    key = f"incoming/{sha256_of_file(path)[:16]}/{path.name}"
    store.put_file(key, path, ANY_CONTENT)
    return f"s3://{settings.s3_bucket}/{key}"


async def _pool_for(asked: str | None) -> str | None:
    """Return the pool that shall run it; None: the runner.

    A pool that was asked for gets its runs even when nobody is there yet, and that is said.
    """
    from prefect.client.orchestration import get_client

    from tasks.pools import lacking

    missing = await lacking(asked or FLEET_POOL)
    async with get_client() as client:
        deployed = await _deployed(client, asked or FLEET_POOL)
    if asked is None:
        return FLEET_POOL if deployed and missing is None else None
    if deployed is None:
        raise SettingsError(
            f"The flow index is not deployed to a pool {asked}; run reelworks deploy, "
            "or name another pool."
        )
    if missing is not None:
        output.note(f"{missing}. Until then the runs wait.")
    return asked


async def _deployed(client: PrefectClient, pool: str) -> DeploymentResponse | None:
    from prefect.client.schemas.filters import (
        FlowFilter,
        FlowFilterName,
        WorkPoolFilter,
        WorkPoolFilterName,
    )

    found = await client.read_deployments(
        flow_filter=FlowFilter(name=FlowFilterName(any_=["index"])),
        work_pool_filter=WorkPoolFilter(name=WorkPoolFilterName(any_=[pool])),
    )
    return found[0] if found else None


async def _runner(client: PrefectClient) -> DeploymentResponse:
    """Return the deployment that the runner makes when it starts."""
    from prefect.exceptions import ObjectNotFound

    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return await client.read_deployment_by_name(RUNNER)
        except ObjectNotFound:
            if time.monotonic() > deadline:
                raise ServiceError(
                    f"The deployment {RUNNER} is not there; "
                    "see the runner's log and try: reelworks status"
                ) from None
            await asyncio.sleep(0.25)


async def _create_runs(
    sources: list[str], wanted: Handover, pool: str | None
) -> list[dict[str, Any]]:
    from prefect.client.orchestration import get_client

    runs = []
    async with get_client() as client:
        deployment = await (_runner(client) if pool is None else _deployed(client, pool))
        if deployment is None:
            raise ServiceError(f"The deployment to the pool {pool} was removed meanwhile.")
        for shown, source in zip(wanted.sources, sources, strict=True):
            run = await client.create_flow_run_from_deployment(
                deployment.id,
                parameters={"params": {"source": source, **wanted.asked}},
                work_queue_name=QUEUE if pool else None,
            )
            runs.append({"source": shown, "pool": pool, "flow_run_id": str(run.id)})
    return runs

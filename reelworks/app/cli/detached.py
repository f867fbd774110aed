"""``reelworks index --detach``: the services run the flow, this command returns."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from infra.services import supervisor
from reelworks.app.cli import output
from reelworks.app.cli.prefect_faults import prefect_errors
from reelworks.app.cli.services import prepare, ui_address
from reelworks.errors import ServiceError
from reelworks.settings import Settings
from reelworks.stages.ingest import existing_file

DEPLOYMENT = "index/index"
PATIENCE_SECONDS = 30.0


def submit(
    settings: Settings,
    sources: list[str],
    video_id: str | None,
    language: str | None,
    *,
    json: bool,
) -> int:
    """Start the services if they are not up, and create one flow run for each source.

    A local source is looked for before anything is started: the answer would come too late.
    """
    sources = [_absolute(source) for source in sources]
    endpoints = supervisor.up(settings)
    prepare(endpoints)
    with prefect_errors():
        runs = asyncio.run(_create_runs(sources, video_id, language))
    if json:
        output.print_json(runs)
    else:
        for run in runs:
            output.say(f"Started {run['source']}: flow run {run['flow_run_id']}")
        output.say(f"Watch it: {ui_address(endpoints)}, or: reelworks list")
    return 0


def _absolute(source: str) -> str:
    """The worker has a folder of its own, so a relative path would mean another file there."""
    return source if "://" in source else str(existing_file(source).absolute())


async def _create_runs(
    sources: list[str], video_id: str | None, language: str | None
) -> list[dict[str, Any]]:
    from prefect.client.orchestration import get_client
    from prefect.exceptions import ObjectNotFound

    runs = []
    deadline = time.monotonic() + PATIENCE_SECONDS
    async with get_client() as client:
        while True:
            try:
                deployment = await client.read_deployment_by_name(DEPLOYMENT)
                break
            except ObjectNotFound:
                if time.monotonic() > deadline:
                    raise ServiceError(
                        f"The deployment {DEPLOYMENT} is not there; "
                        "see the runner's log and try: reelworks status"
                    ) from None
                await asyncio.sleep(0.25)
        for source in sources:
            params = {"source": source, "video_id": video_id, "language": language}
            run = await client.create_flow_run_from_deployment(
                deployment.id, parameters={"params": params}
            )
            runs.append({"source": source, "flow_run_id": str(run.id)})
    return runs

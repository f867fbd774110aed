"""``reelworks index --detach``: a job for the ledger, which somebody else does.

That is a pool of workers when there is one, else the runner that ``reelworks up`` keeps.
"""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from blocks.error_mapping import prefect_errors
from infra.services.endpoints import Endpoints
from infra.services.supervision import supervisor
from infra.services.supervision.parts import runs_programs
from reelworks.app.cli import output
from reelworks.app.cli.commands.services import password_file, start_stack, tell_ui, ui_address
from reelworks.errors import SettingsError
from reelworks.settings import Settings
from reelworks.stages.source.ingest import existing_file

if TYPE_CHECKING:
    from prefect.client.orchestration import PrefectClient
    from prefect.client.schemas.responses import DeploymentResponse

FLEET_POOL = "cpu"
"""The pool that takes over when none is named and a worker is live in it."""


@dataclass(frozen=True, slots=True)
class Submission:
    """What shall be indexed by somebody else."""

    sources: tuple[str, ...]
    asked: dict[str, str | None]
    """The flow's other parameters."""
    pool: str | None


def submit(settings: Settings, wanted: Submission, *, json: bool) -> int:
    """Put one job for each source into the ledger, and start the services if they are not up.

    A local source is looked for before anything is started: the answer would come too late.
    Raises ``SettingsError`` when nothing is deployed to the pool that was asked for.
    """
    sources = [_absolute(source) for source in wanted.sources]
    endpoints = supervisor.up(settings, programs=())
    os.environ.update(endpoints.environment())
    with prefect_errors():
        pool = asyncio.run(_pool_for(wanted.pool))
    if pool is None:
        start_stack(settings)
    stays_here = pool is None and runs_programs(settings)
    jobs = [
        _put(wanted, shown, source, (pool, stays_here), endpoints.settings(settings))
        for shown, source in zip(wanted.sources, sources, strict=True)
    ]
    if json:
        output.print_json(jobs)
    else:
        _print_runs(jobs, endpoints, settings)
    return 0


def _put(
    wanted: Submission, shown: str, source: str, where: tuple[str | None, bool], settings: Settings
) -> dict[str, Any]:
    """Note the video and the job that shall index it: in which pool, or on this machine."""
    pool, stays_here = where
    from reelworks.domain.digest import sha256_of_bytes
    from reelworks.domain.ids import video_id_for
    from reelworks.domain.jobs.job import NewJob
    from reelworks.stages.source.ingest import without_secrets
    from reelworks.store.db.database import create_database_engine, ensure_schema
    from reelworks.store.jobs.dispatchers import has_dispatcher
    from reelworks.store.jobs.jobs import add_jobs, new_job_id
    from reelworks.store.library.video_writes import NewVideo, add_video

    asked = {name: value for name, value in wanted.asked.items() if value is not None}
    chosen = asked.pop("video_id", None)
    remote = "://" in source
    locator, sha256 = (source, None) if remote else _kept(source, settings, stays_here=stays_here)
    name = PurePosixPath(without_secrets(source)).stem
    video_id = chosen or video_id_for(name, sha256 or sha256_of_bytes(source.encode()))
    engine = create_database_engine(settings)
    try:
        ensure_schema(engine)
        library = asked.get("library")
        noted = NewVideo(video_id, without_secrets(source), name, library, sha256=sha256)
        video_id, _ = add_video(engine, noted)
        params = {"source": locator, **asked}
        (job,) = add_jobs(engine, [NewJob(new_job_id(), video_id, params=params, pool=wanted.pool)])
        if not has_dispatcher(engine):
            output.note(
                "No dispatcher is running, so the job waits; start one with "
                "python -m reelworks.app.dispatcher or reelworks up."
            )
    finally:
        engine.dispose()
    return {"source": shown, "pool": pool, "video_id": video_id, "job_id": job.id}


def _print_runs(runs: list[dict[str, Any]], endpoints: Endpoints, settings: Settings) -> None:
    for run in runs:
        where = f" in the pool {run['pool']}" if run["pool"] else ""
        output.echo(f"Waiting{where}: {run['source']}, job {run['job_id']}")
    watch = "Watch it: reelworks jobs list    "
    tell_ui(watch, ui_address(endpoints), password_file(settings))


def _absolute(source: str) -> str:
    """The worker has a folder of its own, so a relative path would mean another file there."""
    return source if "://" in source else str(existing_file(source).absolute())


def _kept(source: str, settings: Settings, *, stays_here: bool) -> tuple[str, str]:
    """Return where a run finds a file of this machine, and its digest.

    Who does it may run on another machine, so the file is brought into the store.
    """
    from reelworks.domain.digest import sha256_of_file
    from reelworks.pipeline.stage_cache import ANY_CONTENT
    from reelworks.store.objects.artifacts import ArtifactStore

    path = Path(source)
    sha256 = sha256_of_file(path)
    if stays_here:
        return source, sha256
    store = ArtifactStore.open(settings)
    store.ensure_bucket()
    key = f"incoming/{sha256[:16]}/{path.name}"
    store.put_file(key, path, ANY_CONTENT)
    return f"s3://{settings.s3_bucket}/{key}", sha256


async def _pool_for(asked: str | None) -> str | None:
    """Return the pool that shall run it; None: the runner.

    A pool that was asked for gets its runs even when nobody is there yet, and that is said.
    """
    from prefect.client.orchestration import get_client

    from tasks.runtime.pools import pool_unavailable_reason

    missing = await pool_unavailable_reason(asked or FLEET_POOL)
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

"""``reelworks index --detach``: jobs for a pool of workers, or for the runner of ``up``."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from blocks.error_mapping import prefect_errors
from infra.fleet.plan import DEFAULT_POOL
from infra.services.supervision import supervisor
from infra.services.supervision.parts import runs_programs
from reelworks.app.cli import output
from reelworks.app.cli.environment import open_database, use_environment
from reelworks.app.cli.stack import password_file, print_ui, start_stack, ui_address
from reelworks.domain.locators import file_name, is_local, locator_of, path_of
from reelworks.domain.printable import one_line
from reelworks.errors import SettingsError
from reelworks.settings import Settings
from reelworks.stages.source.ingest import existing_file

if TYPE_CHECKING:
    from prefect.client.orchestration import PrefectClient
    from prefect.client.schemas.responses import DeploymentResponse

    from reelworks.operations.services import Services

"""The pool that runs the jobs when none is named and a worker is live in it."""


@dataclass(frozen=True, slots=True)
class SourceOptions:
    """Options of ``reelworks index`` for each of its sources; None: the flow's default."""

    video_id: str | None = None
    language: str | None = None
    """An ISO 639 code."""
    library: str | None = None
    audio_track: int | None = None
    """Number from 1."""


def submit(
    settings: Settings,
    sources: Sequence[str],
    options: SourceOptions,
    pool: str | None,
    *,
    json: bool,
) -> int:
    """Queue a job for each source, starting the services if they are not up; return the exit code.

    Raises ``SourceNotFoundError`` for a local file before anything is started, ``SettingsError``
    when nothing is deployed to ``pool``, service, store and database errors.
    """
    from reelworks.stages.source.ingest import without_secrets

    paths = [_absolute(source) for source in sources]
    endpoints = supervisor.up(settings, programs=())
    running = endpoints.settings(settings)
    with use_environment(endpoints.environment()):
        with prefect_errors():
            target = asyncio.run(_target_pool(pool))
        if target is None:
            start_stack(settings)
        on_this_machine = target is None and runs_programs(settings)
        with _open_services(running) as services:
            jobs = [
                {
                    "source": without_secrets(source),
                    "pool": target,
                    **_submit(services, path, options, pool, on_this_machine=on_this_machine),
                }
                for source, path in zip(sources, paths, strict=True)
            ]
            _note_missing_dispatcher(services)
    if json:
        output.print_json(jobs)
    else:
        _print_jobs(jobs)
        print_ui("Watch it: reelworks jobs list    ", ui_address(running), password_file(settings))
    return 0


@contextmanager
def _open_services(settings: Settings) -> Iterator[Services]:
    from reelworks.operations.services import Services
    from reelworks.store.objects.artifacts import ArtifactStore

    store = ArtifactStore.open(settings)
    store.ensure_bucket()
    with open_database(settings) as engine:
        yield Services(settings, engine, store)


def _submit(
    services: Services,
    source: str,
    options: SourceOptions,
    pool: str | None,
    *,
    on_this_machine: bool,
) -> dict[str, Any]:
    """Queue the job of one source; return the ids of its video and its job, and notes."""
    from reelworks.domain.digest import sha256_of_file
    from reelworks.domain.library.access import LOCAL
    from reelworks.operations.new_video import VideoFields, new_video
    from reelworks.operations.submit import Submission, submit_video

    sha256 = sha256_of_file(path_of(source)) if is_local(source) else None
    locator = source if sha256 is None or on_this_machine else _upload(services, source, sha256)
    name = one_line(file_name(source))
    stated = VideoFields(
        options.video_id, None, options.library, options.language, options.audio_track
    )
    video = new_video(name, source, stated, LOCAL, sha256=sha256)
    submission = Submission(video, locator, always_index=True, pool=pool)
    submitted = submit_video(services, LOCAL, submission)
    assert submitted.job is not None  # noqa: S101 - always_index queues one
    return {
        "video_id": submitted.video.id,
        "job_id": submitted.job.id,
        "notes": list(submitted.notes),
    }


def _absolute(source: str) -> str:
    """Return the locator of a local file: the worker has another working directory."""
    if not is_local(source):
        return source
    return locator_of(existing_file(str(path_of(source))))


def _upload(services: Services, source: str, sha256: str) -> str:
    """Upload a local file, as its job may run on another machine; return its address."""
    from reelworks.domain.artifact_keys import INCOMING
    from reelworks.pipeline.stage_cache import ANY_CONTENT

    path = path_of(source)
    key = f"{INCOMING}{sha256[:16]}/{one_line(path.name)}"
    services.store.put_file(key, path, ANY_CONTENT)
    return f"s3://{services.settings.s3.bucket}/{key}"


def _note_missing_dispatcher(services: Services) -> None:
    from reelworks.store.jobs.dispatchers import has_dispatcher

    if not has_dispatcher(services.engine):
        output.note(
            "No dispatcher is running, so the jobs wait; start one with "
            "python -m reelworks.app.dispatcher or reelworks up."
        )


def _print_jobs(jobs: Sequence[dict[str, Any]]) -> None:
    for job in jobs:
        where = f" in the pool {job['pool']}" if job["pool"] else ""
        output.echo(f"Queued{where}: {job['source']}, job {job['job_id']}")
        for note in job["notes"]:
            output.note(f"{job['source']}: {note}")


async def _target_pool(pool: str | None) -> str | None:
    """Return the pool that runs the jobs; None: the runner of ``reelworks up``.

    A pool that is named gets its jobs even without a live worker, and a note says so.
    """
    from prefect.client.orchestration import get_client

    from tasks.runtime.remote.pools import pool_unavailable_reason

    unavailable = await pool_unavailable_reason(pool or DEFAULT_POOL)
    async with get_client() as client:
        deployment = await _deployment(client, pool or DEFAULT_POOL)
    if pool is None:
        return DEFAULT_POOL if deployment and unavailable is None else None
    if deployment is None:
        raise SettingsError(
            f"The flow index is not deployed to the pool {pool}; run reelworks deploy, "
            "or name another pool."
        )
    if unavailable is not None:
        output.note(f"{unavailable}. Until then the jobs wait.")
    return pool


async def _deployment(client: PrefectClient, pool: str) -> DeploymentResponse | None:
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

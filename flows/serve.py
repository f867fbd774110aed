"""The runner: serves the flows' deployments from this machine, for ``reelworks up``."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import UUID

from infra.startup import STOPPED, begin, stop_at_once, stop_by_raising

if __name__ == "__main__":
    begin()


import httpx
from prefect.client.orchestration import get_client
from prefect.exceptions import ObjectNotFound, PrefectException
from prefect.types.entrypoint import EntrypointType

from flows.backfill import backfill
from flows.index import index
from flows.sync import sync
from infra.fleet.plan import RESTART_ON_CRASH, RUN_TAG
from infra.services.supervision import heartbeats
from infra.services.supervision.state import Service
from infra.services.supervision.watchdog_check import start_watchdog_check
from infra.workers.forked_runs import forked_runs
from infra.workers.prefect_private import GracefulRunner
from reelworks.errors import DeploymentNotFoundError, ReelworksError
from reelworks.settings import Settings, load_settings
from reelworks.store.db.pg_listen import Listener
from reelworks.store.db.schema.jobs import RUNS_CHANNEL

log = logging.getLogger("runner")

RUNS_AT_ONCE = max(1, (os.cpu_count() or 2) // 2)
"""A run keeps about two cores busy."""
FLOWS = (index, backfill, sync)
TAGS = [RUN_TAG, RESTART_ON_CRASH]
"""As in ``deployments.yaml``: the server's rules act on runs with these tags."""
BEAT_SECONDS = 5.0
POLL_SECONDS = 60.0
"""A runner that has not polled for runs for so long is stuck."""
BEATS_PER_CHECK = 6
"""Heartbeats between two checks that the deployments still exist."""
QUERY_SECONDS = 2.0
"""Between two polls for runs that were started from Prefect's UI or by a schedule; the runs of jobs
are notified."""
SLOT_SECONDS = 5.0
"""How long a run that has ended may take to free its slot."""


async def serve() -> None:
    """Register the deployments and run their flow runs until stopped.

    Raises ``DeploymentNotFoundError`` when the server has lost them; the next start creates them.
    """
    settings = load_settings()
    start_watchdog_check(settings)
    # Paused schedules would stay paused after the next start.
    runner = GracefulRunner(
        limit=RUNS_AT_ONCE, query_seconds=QUERY_SECONDS, pause_on_shutdown=False
    )
    wakeup = asyncio.Event()
    modules = [flow.fn.__module__ for flow in FLOWS]
    with forked_runs(modules, ended=wakeup.set), _notified_of_runs(settings, wakeup):
        deployments = [
            await runner.aadd_deployment(
                await flow.ato_deployment(
                    flow.name, tags=TAGS, entrypoint_type=EntrypointType.MODULE_PATH
                )
            )
            for flow in FLOWS
        ]
        running = asyncio.create_task(runner.start())
        beating = asyncio.create_task(_beat(runner, deployments, settings.data_dir))
        polling = asyncio.create_task(_poll_when_woken(runner, wakeup))
        try:
            await asyncio.wait({running, beating, polling}, return_when=asyncio.FIRST_COMPLETED)
            if not running.done():
                await runner.astop()
            await running
            for task in (beating, polling):
                if task.done():
                    await task
        finally:
            beating.cancel()
            polling.cancel()
            heartbeats.end(settings.data_dir, Service.RUNNER.value)


@contextmanager
def _notified_of_runs(settings: Settings, wakeup: asyncio.Event) -> Iterator[None]:
    """Have ``wakeup`` set whenever a dispatcher has scheduled the run of a job."""
    assert settings.database.url is not None  # noqa: S101 - `up` names the one that it started
    loop = asyncio.get_running_loop()
    listener = Listener(
        settings.database.url.get_secret_value(),
        RUNS_CHANNEL,
        lambda _: loop.call_soon_threadsafe(wakeup.set),
        name="reelworks runner",
    )
    listener.start()
    try:
        yield
    finally:
        listener.stop()


async def _poll_when_woken(runner: GracefulRunner, wakeup: asyncio.Event) -> None:
    """Start scheduled runs at once when there are new ones, and when a run has ended."""
    while True:
        await wakeup.wait()
        wakeup.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(SLOT_SECONDS):
                while not runner.has_slots_available():  # a run frees its slot after its end
                    await asyncio.sleep(0.02)
        try:
            await runner.poll_now()
        except (httpx.HTTPError, PrefectException) as error:  # the next poll finds the runs
            log.warning("The Prefect server does not answer: %s", type(error).__name__)


async def _beat(runner: GracefulRunner, deployments: Sequence[UUID], data_dir: Path) -> None:
    """Write heartbeats as long as the runner polls; end when its deployments are gone."""
    silence, beats = heartbeats.Silence(), 0
    while True:
        if silence.of("poll", runner.last_polled) < POLL_SECONDS:
            heartbeats.beat(data_dir, Service.RUNNER.value)
        beats += 1
        if beats % BEATS_PER_CHECK == 0:
            await _require(deployments)
        await asyncio.sleep(BEAT_SECONDS)


async def _require(deployments: Sequence[UUID]) -> None:
    try:
        async with asyncio.timeout(BEAT_SECONDS), get_client() as client:  # it delays the next beat
            for one in deployments:
                await client.read_deployment(one)
    except ObjectNotFound:
        raise DeploymentNotFoundError(
            "The Prefect server has lost the deployments that this runner serves (was its "
            "database dropped?); they are created when the runner starts again."
        ) from None
    except (TimeoutError, httpx.HTTPError) as error:  # it may come back
        log.warning("The Prefect server does not answer: %s", type(error).__name__)


def main() -> int:
    """Serve, and return the exit code."""
    try:
        stop_by_raising()
        asyncio.run(serve())
        stop_at_once()
    except KeyboardInterrupt:
        stop_at_once()
        print("Stopped.", file=sys.stderr)
        return STOPPED
    except ReelworksError as error:
        stop_at_once()
        log.error("%s", error)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())

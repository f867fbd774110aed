"""How runs fail: the reason, whose fault it is, and whether a retry may help."""

from __future__ import annotations

import asyncio
import logging
import os
from contextlib import suppress
from pathlib import Path
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.exceptions import ObjectNotFound

from blocks.error_mapping import prefect_errors
from infra.fleet.plan import STOPPED
from reelworks.domain.jobs.job import Failure
from reelworks.errors import (
    NoSpaceError,
    PrefectUnavailableError,
    ReelworksError,
    StageTimeoutError,
    exhausted,
)
from reelworks.pipeline.run_context import RunContext
from reelworks.settings import Settings
from reelworks.store.objects.disk_room import lacks_room
from tasks.runtime.prefect_outage import GONE, is_prefect_unreachable

log = logging.getLogger("video_worker")

STATE_SECONDS = 5.0
"""For asking why this run shall stop; it is killed after half a minute."""
_BLOCK = 512
"""Bytes of a block as ``stat`` counts them (POSIX)."""


def must_have_room(settings: Settings) -> None:
    """Raise ``NoSpaceError`` on a full disk, before anything is computed or paid for."""
    if lacks_room(settings):
        raise NoSpaceError(
            f"The disk of {settings.data_dir} is full; make room there and the job continues."
        )


async def was_cancelled(run_id: str) -> bool:
    """Tell whether a flow run was cancelled in Prefect, rather than its worker stopped.

    Both reach the process as SIGTERM, but only the first is in the run's state by then. A worker
    whose server does not answer cannot have been told to cancel: it was stopped.
    """
    try:
        async with asyncio.timeout(STATE_SECONDS):
            with prefect_errors():
                async with get_client() as client:
                    state = (await client.read_flow_run(UUID(run_id))).state
    except (ObjectNotFound, PrefectUnavailableError, TimeoutError) as error:
        log.warning("Cannot tell why the flow run %s was stopped: %s", run_id, reason_of(error))
        return False
    if state is None:
        return False
    return state.is_cancelling() or (state.is_cancelled() and state.message != STOPPED)


def failure_of(error: BaseException, stage: str | None, ctx: RunContext) -> Failure:
    """Return an error as the job queue records it."""
    if isinstance(error, TimeoutError):
        return Failure(reason_of(error), StageTimeoutError.code, stage, can_pass=True)
    known = error if isinstance(error, ReelworksError) else exhausted(error)
    if known is None:
        return Failure(reason_of(error), ReelworksError.code, stage)
    if isinstance(known, NoSpaceError):
        # What this run wrote is removed with it. If that frees enough, the disk is not full: the
        # job does not fit on it, or something else is full (a quota, a remote store).
        waits = lacks_room(ctx.settings, freed=_bytes_under(ctx.scratch))
        return Failure(reason_of(known), known.code, stage, can_pass=True, waits_for_room=waits)
    wait = getattr(known, "retry_after", None)
    return Failure(reason_of(known), known.code, stage, can_pass=known.retryable, retry_after=wait)


def reason_of(error: BaseException) -> str:
    """Return why a run ended, in words for a video's or job's row."""
    if isinstance(error, (ReelworksError, TimeoutError)) and str(error):
        return str(error)
    if isinstance(error, asyncio.CancelledError):
        return "The run was stopped."
    if is_prefect_unreachable(error):
        return GONE
    known = exhausted(error)
    if known is not None:
        return str(known)
    return f"Unexpected internal error ({type(error).__name__}); see the log of the run."


def _bytes_under(folder: Path) -> int:
    """Return what a folder takes of its disk; a stage that was stopped may still write there."""
    total = 0
    for path, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):
                total += Path(path, name).lstat().st_blocks * _BLOCK
    return total

"""Stage routing: in the flow's own process, or as a flow run of its own in the GPU pool.

A remote stage returns no result. It leaves it in our artifact cache, where the calling task then
finds it (docs/decisions/0002).
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from anyio import CancelScope
from prefect import Task
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun, State
from prefect.context import FlowRunContext, TaskRunContext
from prefect.deployments import arun_deployment
from prefect.exceptions import ObjectNotFound
from prefect.states import Cancelling, Scheduled

from blocks.error_mapping import prefect_errors
from reelworks.domain.jobs.usage import current_meter
from reelworks.errors import (
    CancelledError,
    PrefectUnavailableError,
    ReelworksError,
    WorkerLostError,
)
from reelworks.pipeline.capabilities import benefits_from_gpu
from reelworks.pipeline.run_context import RunContext
from reelworks.settings import GpuFallback, Settings
from tasks.runtime.remote.pools import pool_unavailable_reason
from tasks.runtime.remote.serialization import StageEnding, name_of, pack, store_arguments

log = logging.getLogger("video_worker")

QUEUES = ("interactive", "backfill")
"""A remote stage takes its caller's work queue, the first one when that is another."""
MIN_POLL_SECONDS, MAX_POLL_SECONDS = 0.1, 1.0
"""Between two looks at a remote stage: a twentieth of its age, within these."""
WORKER_CHECK_SECONDS = 5.0
"""After this time, a remote stage that no worker has taken checks again for live workers."""


@dataclass(frozen=True, slots=True)
class RemoteStage:
    """A stage that shall run in a pool."""

    caller: TaskRunContext
    """The task that needs the result."""
    pool: str
    call_key: str
    """Cache key of the call."""
    ctx: RunContext
    report_location: Callable[[str], None]
    """Called with where the stage runs, or what it waits for."""
    recompute: bool = False
    """True: compute it although its result is cached."""

    @property
    def stage(self) -> str:
        """The stage's name."""
        return self.caller.task.name


def pool_of(task: Task[..., Any], settings: Settings) -> str | None:
    """Return the pool in which a task of the current flow run belongs; None: this process."""
    if "runs-on:gpu" not in task.tags or not benefits_from_gpu(settings, task.name):
        return None
    context = FlowRunContext.get()
    run = context.flow_run if context else None
    is_in_pool = run is not None and run.work_pool_name == settings.gpu.pool
    return None if is_in_pool else settings.gpu.pool


async def run_in_pool(remote: RemoteStage) -> str | None:
    """Run a stage in a pool; return where it ran.

    None means that no worker is there and that the settings let it run in this process. A
    cancelled caller cancels the remote run. Raises the stage's own error, ``WorkerLostError`` when
    its worker died, ``CancelledError`` when it was cancelled.
    """
    try:
        missing = await pool_unavailable_reason(remote.pool)
    except PrefectUnavailableError as error:
        missing = str(error).rstrip(".")
    if missing is not None and not _waits_for(missing, remote):
        return None
    run = await _start(remote)
    if run is None:
        return None
    try:
        state = await _wait_for_end(run, remote)
    except asyncio.CancelledError:
        with CancelScope(shield=True):  # a time limit cancels again and again
            await _cancel(run)
        raise
    return None if state is None else _location_of(state, run, remote)


def _waits_for(missing: str, remote: RemoteStage) -> bool:
    """Report what is missing; True when the settings let the stage wait for it."""
    waits = remote.ctx.settings.gpu.fallback is GpuFallback.WAIT
    text = f"{missing}; {'waiting for it' if waits else 'ran on this machine instead'}"
    log.warning("%s: %s", remote.stage.upper(), text)
    remote.report_location(text)
    return waits


async def _start(remote: RemoteStage) -> FlowRun | None:
    """Start the remote run, or find the one that an earlier attempt of this flow run started.

    The idempotency key is made of the flow run and the call: a flow run that was killed and
    requeued does not start a stage that still runs a second time. Ended ones are skipped.
    """
    packed = pack(remote.caller.task, remote.caller.parameters)
    arguments = await asyncio.to_thread(store_arguments, packed, remote.ctx.store)
    waits = False
    number = 1
    while True:
        try:
            run = await _create(remote, arguments, number)
        except ObjectNotFound:
            missing = f"No deployment stage/{remote.pool} (create it with reelworks deploy)"
            waits = waits or _waits_for(missing, remote)
            if not waits:
                return None
            await asyncio.sleep(WORKER_CHECK_SECONDS)
            continue
        state = run.state
        if state is None or not (state.is_final() or state.is_cancelling()):
            return run
        number += 1


async def _create(remote: RemoteStage, arguments: dict[str, Any], number: int) -> FlowRun:
    context = FlowRunContext.get()
    parent = context.flow_run if context else None
    queue = parent.work_queue_name if parent else None
    params = {
        "stage": name_of(remote.caller.task),
        "call_key": remote.call_key,
        "recompute": remote.recompute,
        "settings": remote.ctx.settings.deciding(),
        **arguments,
    }
    with prefect_errors():
        run: FlowRun = await arun_deployment(
            f"stage/{remote.pool}",
            parameters={"params": params},
            flow_run_name=f"{remote.stage} for {parent.name if parent else 'a task'}",
            timeout=0,
            idempotency_key=f"{remote.caller.task_run.flow_run_id}:{remote.call_key}:{number}",
            work_queue_name=queue if queue in QUEUES else QUEUES[0],
        )
    return run


async def _wait_for_end(run: FlowRun, remote: RemoteStage) -> State[Any] | None:
    """Wait for the remote run's end; None when its workers went away before one took it."""
    began = checked = time.monotonic()
    reported = False
    waits = remote.ctx.settings.gpu.fallback is GpuFallback.WAIT
    async with get_client() as client:
        while True:
            with prefect_errors():
                state = (await client.read_flow_run(run.id)).state or Scheduled()
            now = time.monotonic()
            if state.is_final():
                return state
            if state.is_running() and not reported:
                reported = True
                remote.report_location(remote.pool)
            if state.is_scheduled() and not waits and now - checked > WORKER_CHECK_SECONDS:
                checked = now
                missing = await pool_unavailable_reason(remote.pool)
                if missing is not None and not _waits_for(missing, remote):
                    await _cancel(run)
                    return None
            await asyncio.sleep(min(max((now - began) / 20, MIN_POLL_SECONDS), MAX_POLL_SECONDS))


async def _cancel(run: FlowRun) -> None:
    """Cancel the remote run: at once when no worker has taken it yet, else by its worker."""
    try:
        with prefect_errors():
            async with get_client() as client:
                await client.set_flow_run_state(run.id, Cancelling())
    except (ReelworksError, ObjectNotFound) as error:
        log.warning("The flow run %s could not be cancelled: %s", run.id, error)


def _location_of(state: State[Any], run: FlowRun, remote: RemoteStage) -> str:
    ending = StageEnding.from_message(state.message or "")
    for model, usage in ending.usage.items():
        current_meter().add(model, usage)
    if state.is_completed():
        return f"{remote.pool} ({ending.text})" if ending.text else remote.pool
    where = f"in the pool {remote.pool} (flow run {run.name})"
    if state.is_cancelled():
        raise CancelledError(f"The stage {remote.stage} was cancelled {where}.")
    if state.is_crashed():
        raise WorkerLostError(f"The worker of the stage {remote.stage} died {where}: {ending.text}")
    raise ending.error or ReelworksError(
        f"The stage {remote.stage} failed {where} with an unexpected internal error; "
        "see its log in Prefect."
    )

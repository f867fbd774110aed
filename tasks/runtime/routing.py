"""Where a stage runs: in the flow's own process, or as a flow run of its own in the GPU pool.

The hop brings no result back. It leaves its answer in our artifact cache, where the asking task
then finds it (docs/decisions/0002).
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
from tasks.runtime.pools import pool_unavailable_reason
from tasks.runtime.serialization import decode_error, name_of, pack, split_usage, store_arguments

log = logging.getLogger("video_worker")

QUEUES = ("interactive", "backfill")
"""A hop takes the queue that its asker came through, the first one when that is another."""
QUICKEST_LOOK, SLOWEST_LOOK = 0.1, 1.0
"""Seconds between two looks at a hop: a twentieth of its age, within these."""
LOOK_FOR_WORKERS = 5.0
"""Seconds after which a hop that nobody has taken asks again who is there."""


@dataclass(frozen=True, slots=True)
class RemoteStage:
    """A stage that shall run in a pool."""

    asker: TaskRunContext
    """The task that needs the answer."""
    pool: str
    question: str
    """Cache key of what is asked."""
    ctx: RunContext
    tell: Callable[[str], None]
    """Told where the stage runs, or what it waits for."""
    again: bool = False
    """Compute it although an answer is kept."""

    @property
    def stage(self) -> str:
        """The stage's name."""
        return self.asker.task.name


def pool_of(task: Task[..., Any], settings: Settings) -> str | None:
    """Return the pool in which a task of the current flow run belongs; None: this process."""
    if "runs-on:gpu" not in task.tags or not benefits_from_gpu(settings, task.name):
        return None
    context = FlowRunContext.get()
    run = context.flow_run if context else None
    already_there = run is not None and run.work_pool_name == settings.gpu_pool
    return None if already_there else settings.gpu_pool


async def run_in_pool(hop: RemoteStage) -> str | None:
    """Run a stage in a pool; return where it ran.

    None means that nobody is there to run it and that the settings let it run here. A cancelled
    caller cancels the hop. Raises the stage's own error, ``WorkerLostError`` when its worker died,
    ``CancelledError`` when somebody stopped it.
    """
    try:
        missing = await pool_unavailable_reason(hop.pool)
    except PrefectUnavailableError as error:
        missing = str(error).rstrip(".")
    if missing is not None and not _waits(hop, missing):
        return None
    run = await _started(hop)
    if run is None:
        return None
    try:
        state = await _ended(run, hop)
    except asyncio.CancelledError:
        with CancelScope(shield=True):  # a time limit cancels again and again
            await _stop(run)
        raise
    return None if state is None else _outcome(state, run, hop)


def _waits(hop: RemoteStage, missing: str) -> bool:
    """Say what is missing; True when the settings let the stage wait for it."""
    waits = hop.ctx.settings.gpu_fallback is GpuFallback.WAIT
    text = f"{missing}; {'waiting for it' if waits else 'ran here instead'}"
    log.warning("%s: %s", hop.stage.upper(), text)
    hop.tell(text)
    return waits


async def _started(hop: RemoteStage) -> FlowRun | None:
    """Start the hop, or find the one that an earlier try of this flow run has under way.

    The idempotency key is made of the flow run and the question: a flow that was killed and taken
    back does not start a stage anew that still runs. Ends of earlier tries are passed over.
    """
    packed = pack(hop.asker.task, hop.asker.parameters)
    sent = await asyncio.to_thread(store_arguments, packed, hop.ctx.store)
    waits = False
    number = 1
    while True:
        try:
            run = await _create(hop, sent, number)
        except ObjectNotFound:
            missing = f"No deployment stage/{hop.pool} (make it with reelworks deploy)"
            waits = waits or _waits(hop, missing)
            if not waits:
                return None
            await asyncio.sleep(LOOK_FOR_WORKERS)
            continue
        state = run.state
        if state is None or not (state.is_final() or state.is_cancelling()):
            return run
        number += 1


async def _create(hop: RemoteStage, sent: dict[str, Any], number: int) -> FlowRun:
    asker = FlowRunContext.get()
    parent = asker.flow_run if asker else None
    queue = parent.work_queue_name if parent else None
    params = {
        "stage": name_of(hop.asker.task),
        "question": hop.question,
        "again": hop.again,
        "settings": hop.ctx.settings.deciding(),
        **sent,
    }
    with prefect_errors():
        made: FlowRun = await arun_deployment(
            f"stage/{hop.pool}",
            parameters={"params": params},
            flow_run_name=f"{hop.stage} for {parent.name if parent else 'a task'}",
            timeout=0,
            idempotency_key=f"{hop.asker.task_run.flow_run_id}:{hop.question}:{number}",
            work_queue_name=queue if queue in QUEUES else QUEUES[0],
        )
    return made


async def _ended(run: FlowRun, hop: RemoteStage) -> State[Any] | None:
    """Wait for the hop's end; None when its workers went away before anyone took it."""
    began = asked = time.monotonic()
    told = False
    waits = hop.ctx.settings.gpu_fallback is GpuFallback.WAIT
    async with get_client() as client:
        while True:
            with prefect_errors():
                state = (await client.read_flow_run(run.id)).state or Scheduled()
            now = time.monotonic()
            if state.is_final():
                return state
            if state.is_running() and not told:
                told = True
                hop.tell(hop.pool)
            if state.is_scheduled() and not waits and now - asked > LOOK_FOR_WORKERS:
                asked = now
                missing = await pool_unavailable_reason(hop.pool)
                if missing is not None and not _waits(hop, missing):
                    await _stop(run)
                    return None
            await asyncio.sleep(min(max((now - began) / 20, QUICKEST_LOOK), SLOWEST_LOOK))


async def _stop(run: FlowRun) -> None:
    """Cancel the hop: at once when nobody has taken it yet, else by its worker."""
    try:
        with prefect_errors():
            async with get_client() as client:
                await client.set_flow_run_state(run.id, Cancelling())
    except (ReelworksError, ObjectNotFound) as error:
        log.warning("The flow run %s could not be cancelled: %s", run.id, error)


def _outcome(state: State[Any], run: FlowRun, hop: RemoteStage) -> str:
    message, used = split_usage(state.message or "")
    for model, usage in used.items():
        current_meter().add(model, usage)
    if state.is_completed():
        return f"{hop.pool} ({message})" if message else hop.pool
    where = f"in the pool {hop.pool} (flow run {run.name})"
    if state.is_cancelled():
        raise CancelledError(f"The stage {hop.stage} was cancelled {where}.")
    if state.is_crashed():
        raise WorkerLostError(f"The worker of the stage {hop.stage} died {where}: {message}")
    error = decode_error(message)
    raise error or ReelworksError(
        f"The stage {hop.stage} failed {where} for a reason that Reelworks did not foresee; "
        "see its log in Prefect."
    )

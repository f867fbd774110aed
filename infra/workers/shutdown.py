"""Shutdown of a worker: each of its runs ends in time or is requeued."""

from __future__ import annotations

import asyncio
import signal
import threading
from typing import Any
from uuid import UUID

import anyio
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun, State
from prefect.logging.loggers import flow_run_logger
from prefect.states import AwaitingRetry, Cancelled

from infra.workers.supervisor import RunAttempt, Supervisor

STOP_SECONDS = 10.0
"""How long a run may take to end after SIGTERM before its child is killed."""


async def stop(attempt: RunAttempt, seconds: float = STOP_SECONDS) -> None:
    """End a run: SIGTERM, wait, then kill its child."""
    attempt.terminate()
    with anyio.move_on_after(seconds):
        await attempt.wait()
    attempt.kill()
    await attempt.wait()


async def drain(
    flow_run: FlowRun, worker: str, supervisor: Supervisor, seconds: float, attempt: RunAttempt
) -> None:
    """Let a run of a stopping worker end within ``seconds``, or end and requeue it."""
    log = flow_run_logger(flow_run)
    log.info("The worker is stopping; the run has %g s to finish.", seconds)
    with anyio.move_on_after(seconds):
        await attempt.wait()
    if attempt.returncode is None:
        await supervisor.delegate_state(flow_run.id)
        await stop(attempt)
    if await requeue_run(flow_run.id, worker):
        log.warning("The worker was stopped; the run returns to its queue.")


async def requeue_run(run_id: UUID, worker: str) -> bool:
    """Put a run without a worker back into its queue.

    Returns False, and changes nothing, for one that has ended or is suspended; one that is being
    cancelled becomes cancelled.
    """
    async with get_client() as client:
        state = (await client.read_flow_run(run_id)).state
        if state is not None and state.is_cancelling():
            cancelled: State[Any] = Cancelled(message=f"The worker {worker} was stopped.")
            await client.set_flow_run_state(run_id, cancelled, force=True)
        if state is None or not (state.is_running() or state.is_pending()):
            return False
        back: State[Any] = AwaitingRetry(message=f"The worker {worker} was stopped.")
        await client.set_flow_run_state(run_id, back, force=True)
        return True


def stop_gently() -> None:
    """Let the first SIGTERM or SIGINT drain this worker, and a second one end it at once.

    Prefect turns SIGTERM into SIGINT, which a program that a shell started in its background
    ignores: such a worker could not be stopped.
    """
    task, loop = asyncio.current_task(), asyncio.get_running_loop()
    if task is None or threading.current_thread() is not threading.main_thread():
        return

    def stop_once() -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
        task.cancel()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop_once)

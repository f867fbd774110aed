"""Job leases: a flow run that does a job keeps its lease, and reports how it ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from anyio import CancelScope
from prefect.runtime import flow_run
from pydantic import BaseModel, Field

from reelworks.domain.jobs.usage import counting
from reelworks.pipeline.run_context import RunContext
from reelworks.store.jobs.attempts import Attempt
from tasks.runtime.current_run import current_observer, shared_rate_limit, use_observer
from tasks.runtime.jobs.lease_keeper import JobOutcome, LeaseKeeper
from tasks.runtime.run_endings import must_have_room, was_cancelled


class JobRef(BaseModel):
    """The job that a run does. The dispatcher fills it in."""

    id: str = Field(title="Job")
    attempt: int = Field(title="Attempt", ge=1)


@asynccontextmanager
async def job_lease(job: JobRef | None, ctx: RunContext) -> AsyncIterator[JobOutcome]:
    """Keep the lease of a job while the body does it, and write down how that ends.

    A thread renews the lease and carries the stages' progress to the job's row. When the lease is
    lost (the job was cancelled, or this process was silent so long that another run took over),
    the body is cancelled. Raises ``LeaseLostError`` for that, and what the body raises.
    """
    if job is None:
        yield JobOutcome()
        return
    keeper = LeaseKeeper(Attempt(job.id, job.attempt), str(flow_run.id), ctx, current_observer())
    await asyncio.to_thread(keeper.begin)
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None  # noqa: S101 - a flow runs in a task
    keeper.beat_until_stopped(lambda: loop.call_soon_threadsafe(task.cancel))
    try:
        rate = await asyncio.to_thread(keeper.backfill_rate)
        limit = shared_rate_limit(ctx, lambda _: rate, of=f"{keeper.backfill_id} ")
        must_have_room(ctx.settings)
        with use_observer(keeper.progress), counting(keeper.meter), limit:
            yield keeper.outcome
    except (Exception, asyncio.CancelledError) as error:
        await _end_badly(keeper, error, task)
        raise
    else:
        await asyncio.to_thread(keeper.stop)
        await asyncio.to_thread(keeper.finish)
    finally:
        keeper.stop()


async def _end_badly(keeper: LeaseKeeper, error: BaseException, task: asyncio.Task[object]) -> None:
    """Write down how the run ended; raises why it had to stop when the keeper stopped it."""
    with CancelScope(shield=True):
        await asyncio.to_thread(keeper.stop)
        if keeper.lost is not None:
            task.uncancel()
            raise keeper.lost from None
        if isinstance(error, asyncio.CancelledError):  # this process is to stop
            by_user = await was_cancelled(keeper.run_id)
            await asyncio.to_thread(keeper.let_go if by_user else keeper.release)
        else:
            await asyncio.to_thread(keeper.fail, error)

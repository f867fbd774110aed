"""Does a backfill's jobs in this process, as dispatcher and workers do on a fleet."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from sqlalchemy import Engine

from reelworks.domain.jobs.job import Job
from reelworks.errors import ReelworksError
from reelworks.settings import Settings
from reelworks.store.db.database import create_database_engine, ensure_schema
from reelworks.store.jobs.backfill.slots import claim_of_backfills
from reelworks.store.jobs.handover import Openings

LEASE = 60.0


@asynccontextmanager
async def run_jobs(settings: Settings, done: list[str]) -> AsyncIterator[Engine]:
    """Do what backfills let through, one after another; ``done`` gets each job's id."""
    engine = create_database_engine(settings)
    ensure_schema(engine)
    working = asyncio.ensure_future(_work(engine, done))
    try:
        yield engine
    finally:
        working.cancel()
        with suppress(asyncio.CancelledError):
            await working
        engine.dispose()


async def _work(engine: Engine, done: list[str]) -> None:
    while True:
        for job in claim_of_backfills(engine, "doer", LEASE, Openings(1)):
            with suppress(ReelworksError):  # the job's row has it
                await _do(job)
            done.append(job.id)
        await asyncio.sleep(0.1)


async def _do(job: Job) -> None:
    from flows.index import IndexParams, index

    mine = {"video_id": job.video_id, "job": {"id": job.id, "attempt": job.attempts}}
    await index(IndexParams.model_validate({**job.params, **mine}))

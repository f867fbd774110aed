"""Does queued jobs in this process, as the dispatcher would start them."""

from __future__ import annotations

from sqlalchemy import Engine

from reelworks.app.dispatcher.runs import parameters_of
from reelworks.store.jobs import claims
from reelworks.store.jobs.job_sources import source_of
from tests.support.flows.runs import Recorder


async def do_the_jobs(engine: Engine, bucket: str) -> Recorder:
    """Run every pending job; only the flow writes their rows."""
    from flows.index import IndexParams, index
    from tasks.runtime.current_run import use_observer

    recorder = Recorder()
    for job in claims.claim(engine, "dispatcher", 60, limit=10):
        params = parameters_of(job, source_of(engine, job, bucket))["params"]
        with use_observer(recorder):
            await index(IndexParams(**params), return_state=True)
    return recorder

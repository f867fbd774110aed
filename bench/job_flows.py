"""The flow ``nap``, whose jobs take a given time: it measures what the job queue itself does."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Cancelled, Completed
from pydantic import BaseModel

from blocks.connections import current_settings
from reelworks.domain.jobs.result import JobResult
from reelworks.errors import LeaseLostError
from reelworks.pipeline.run_context import open_run_context
from tasks.runtime.jobs.job_lease import JobRef, job_lease


class NapParams(BaseModel):
    """Duration of a nap, and the file to record it in."""

    seconds: float
    log_file: str
    """Gets a line for each nap that was completed."""
    job: JobRef


@flow(persist_result=False)
async def nap(params: NapParams) -> State[None]:
    """Take the lease of a job, sleep, and finish the job."""
    settings = await current_settings()
    with open_run_context(settings) as ctx:
        try:
            async with job_lease(params.job, ctx) as work:
                await asyncio.sleep(params.seconds)
                line = f"{params.job.id} {params.job.attempt} {os.getpid()}\n"
                with Path(params.log_file).open("a", encoding="utf-8") as file:
                    file.write(line)
                work.result = JobResult(extra={"slept": params.seconds})
        except LeaseLostError as lost:
            return Cancelled(message=str(lost))
    return Completed()

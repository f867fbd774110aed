"""Run one stage of another run's flow: what a GPU worker is asked for."""

from __future__ import annotations

import platform
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed
from pydantic import BaseModel, Field

from blocks.connections import current_settings
from blocks.worker_log import worker_log
from reelworks.domain.jobs.usage import Meter, counting
from reelworks.errors import ReelworksError, StageTimeoutError
from reelworks.pipeline.run_context import open_run_context
from reelworks.pipeline.stage_cache import CacheMode, answering
from tasks.runtime.current_run import run_context
from tasks.runtime.serialization import encode_error, load_arguments, task_named, unpack, with_usage
from tasks.runtime.stage_runner import run


class StageParams(BaseModel):
    """Which stage to run, and on what. Runs of other flows fill this in."""

    stage: str = Field(
        title="Stage",
        description="The importable name of the stage's task.",
        pattern=r"^tasks(\.[a-z_][a-z0-9_]*){3}$",
        examples=["tasks.speech.transcribe.transcribe"],
    )
    arguments: dict[str, Any] | None = Field(
        None, title="Arguments", description="The task's arguments by name, as JSON."
    )
    arguments_key: str | None = Field(
        None,
        title="Arguments' key",
        description="Where in the store the arguments lie that are too long for a form.",
        pattern="^cache/calls/[0-9a-f]{64}[.]json$",
    )
    question: str | None = Field(
        None,
        title="Question",
        description="Cache key of what the asker wants to know. Empty: not compared.",
        pattern="^[0-9a-f]{64}$",
    )
    again: bool = Field(False, title="Again", description="Compute it although an answer is kept.")
    settings: dict[str, str] = Field(
        default_factory=dict,
        title="Settings",
        description="The asker's settings that decide what comes out, such as models.",
    )


@flow(name="stage", description=__doc__, persist_result=False)
async def stage(params: StageParams) -> State[None]:
    """Run the stage once; its answer is kept in the artifact cache, where the asker finds it.

    The asker decides whether a failure is worth another try, and an error goes back to it in the
    state's message, so that it can be raised there as what it is. So does the usage of hosted
    models, which is on the asker's bill.
    """
    meter = Meter()
    try:
        with counting(meter):
            await _run(params)
    except ReelworksError as error:
        return Failed(message=with_usage(encode_error(error), meter.total()))
    except TimeoutError:
        late = StageTimeoutError(f"The stage {params.stage} took longer than its limit.")
        return Failed(message=with_usage(encode_error(late), meter.total()))
    return Completed(message=with_usage(f"on {platform.node()}", meter.total()))


async def _run(params: StageParams) -> None:
    task = task_named(params.stage)
    once = {"gpu_pool": None, "worker_max_attempts": 1}
    settings = (await current_settings(**params.settings)).model_copy(update=once)
    again = [task.name] if params.again else []
    with worker_log(settings), open_run_context(settings) as ctx, run_context(ctx, again):
        packed = load_arguments(params.arguments, params.arguments_key, ctx.store)
        with answering(CacheMode(expected_key=params.question)):
            await run(task, **unpack(task, packed))

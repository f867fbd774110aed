"""Run one stage of another run's flow, on a worker of a GPU pool."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed
from pydantic import Field

from blocks.connections import current_settings
from reelworks.domain.jobs.job import FORMER_PARAMS
from reelworks.domain.jobs.usage import Meter, counting
from reelworks.errors import ReelworksError, StageTimeoutError
from reelworks.operations.parameters import ArgumentsKey, CacheKey, TaskName
from reelworks.pipeline.spec import Stage, spec_of
from reelworks.pipeline.stage_cache import CacheMode, use_cache_mode
from reelworks.settings import Settings
from tasks.runtime.current_run import use_run
from tasks.runtime.flow_params import FlowParams
from tasks.runtime.jobs.job_run import flow_context
from tasks.runtime.remote.serialization import StageEnding, load_arguments, task_named, unpack
from tasks.runtime.stage_runner import run_task


class StageParams(FlowParams):
    """Which stage to run, and on what. Runs of other flows fill this in."""

    former_names: ClassVar[Mapping[str, str]] = {**FORMER_PARAMS, "question": "call_key"}

    stage: TaskName = Field(
        title="Stage",
        description="Importable name of the stage's task.",
        examples=[spec_of(Stage.TRANSCRIBE).task],
    )
    arguments: dict[str, Any] | None = Field(
        None, title="Arguments", description="The task's arguments by name, as JSON."
    )
    arguments_key: ArgumentsKey | None = Field(
        None,
        title="Arguments' key",
        description="Store key of arguments that are too long for a form.",
    )
    call_key: CacheKey | None = Field(
        None,
        title="Cache key",
        description="Cache key that the caller computed for this call. Empty: not compared.",
    )
    recompute: bool = Field(
        False, title="Recompute", description="Compute it even if its result is cached."
    )
    settings: dict[str, str] = Field(
        default_factory=dict,
        title="Settings",
        description="The caller's settings that decide the result, such as models.",
    )


@flow(name="stage", description=__doc__, persist_result=False)
async def stage(params: StageParams) -> State[None]:
    """Run one attempt of the stage; its result goes to the stage cache, where the caller reads it.

    The caller decides about retries. Its error and its usage of hosted models, which the caller's
    job pays for, travel in the state's message.
    """
    meter = Meter()
    try:
        with counting(meter):
            await _stage(params)
    except ReelworksError as error:
        return Failed(message=StageEnding.of_error(error, meter.total()).to_message())
    except TimeoutError:
        late = StageTimeoutError(f"The stage {params.stage} took longer than its limit.")
        return Failed(message=StageEnding.of_error(late, meter.total()).to_message())
    ending = StageEnding(f"on {platform.node()}", usage=meter.total())
    return Completed(message=ending.to_message())


async def _stage(params: StageParams) -> None:
    task = task_named(params.stage)
    async with flow_context(partial(_callers_settings, params.settings)) as ctx:
        packed = load_arguments(params.arguments, params.arguments_key, ctx.store)
        with (
            use_run(ctx, [task.name] if params.recompute else []),
            use_cache_mode(CacheMode(expected_key=params.call_key)),
        ):
            await run_task(task, **unpack(task, packed))


async def _callers_settings(values: Mapping[str, str]) -> Settings:
    """Return this worker's settings with the caller's; one attempt, in this process."""
    settings = await current_settings(**values)
    return settings.with_values(gpu_pool=None, worker_max_attempts=1)

"""Runs the body of a stage's task in this process, without a Prefect server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from reelworks.pipeline.run_context import RunContext
from reelworks.pipeline.stage_cache import StageResult


async def run_body(ctx: RunContext, task: Any, *arguments: Any) -> StageResult[Any]:
    """Return what one attempt of a stage's task gives; raises its error."""
    from tasks.runtime.current_run import use_run

    with use_run(ctx):
        state = await task.fn(*arguments)
    result: StageResult[Any] = state.data
    assert state.name == ("Cached" if result.cached else "Completed")
    return result


async def ingested(ctx: RunContext, source: Path) -> Any:
    """Return a source in the store as the video ``clip``."""
    from tasks.source.ingest import ingest

    return (await run_body(ctx, ingest, str(source), "clip")).result


async def normalized(ctx: RunContext, source: Path) -> StageResult[Any]:
    """Return the normalized video of a source that is ingested for it."""
    from tasks.source.normalize import normalize

    return await run_body(ctx, normalize, await ingested(ctx, source))

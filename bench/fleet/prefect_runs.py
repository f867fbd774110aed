"""Queries of ``bench.fleet.run`` to Prefect: its runs, and what they computed."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar
from uuid import UUID

from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId, FlowRunFilterTags
from prefect.client.schemas.objects import FlowRun, StateType

TAG = "bench-fleet"
PAGE = 200
"""Most rows in a response of Prefect's API."""
Found = TypeVar("Found")


def query(request: Callable[[PrefectClient], Awaitable[Found]]) -> Found:
    """Send one request to the Prefect server that the environment names."""

    async def connected() -> Found:
        async with get_client() as client:
            return await request(client)

    return asyncio.run(connected())


def create(clips: list[Path]) -> None:
    """Create an indexing run for each clip."""

    async def send(client: PrefectClient) -> None:
        deployment = await client.read_deployment_by_name("index/cpu")
        for clip in clips:
            params = {"source": str(clip), "video_id": clip.stem}
            await client.create_flow_run_from_deployment(
                deployment.id, parameters={"params": params}, tags=["reelworks", TAG]
            )

    query(send)


def runs() -> list[FlowRun]:
    """Return the indexing runs of this benchmark."""
    tagged = FlowRunFilter(tags=FlowRunFilterTags(all_=[TAG]))

    async def send(client: PrefectClient) -> list[FlowRun]:
        return await client.read_flow_runs(flow_run_filter=tagged, limit=PAGE)

    return query(send)


def video_of(run: FlowRun) -> str:
    """Return the id of a run's video."""
    return str(run.parameters["params"]["video_id"])


def computed() -> tuple[Counter[tuple[str, str]], int]:
    """Count how often each stage of each video was computed, and answered from the cache."""
    computations: Counter[tuple[str, str]] = Counter()
    answered = 0
    for run in runs():
        for stage, name in _task_states(run.id):
            if name == "Completed" and stage not in ("ingest", "finish"):
                computations[(video_of(run), stage)] += 1
            answered += name == "Cached"
    return computations, answered


def _task_states(run_id: UUID) -> list[tuple[str, str]]:
    one = FlowRunFilter(id=FlowRunFilterId(any_=[run_id]))

    async def send(client: PrefectClient) -> list[tuple[str, str]]:
        found = await client.read_task_runs(flow_run_filter=one, limit=PAGE)
        return [(task.name.rpartition("-")[0], task.state_name or "") for task in found]

    return query(send)


def ended(found: list[FlowRun]) -> list[FlowRun]:
    """Return the runs that are completed."""
    return [run for run in found if run.state_type is StateType.COMPLETED]

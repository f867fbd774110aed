"""Logs of a run are on the server before its process may end."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator

import pytest

pytestmark = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")


@pytest.fixture(autouse=True, scope="module")
def _collected() -> Iterator[None]:
    """What Prefect's client leaves for the collector to close is collected here."""
    yield
    gc.collect()


async def test_what_was_logged_is_on_the_server_at_once(prefect_api):
    from prefect import flow, get_run_logger
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import LogFilter, LogFilterFlowRunId
    from prefect.context import FlowRunContext

    from blocks.delivery import deliver

    @flow(persist_result=False)
    async def speaks() -> tuple[object, list[str]]:
        get_run_logger().info("the last word")
        await asyncio.to_thread(deliver)
        context = FlowRunContext.get()
        assert context is not None
        assert context.flow_run is not None
        run_id = context.flow_run.id
        async with get_client() as client:
            wanted = LogFilter(flow_run_id=LogFilterFlowRunId(any_=[run_id]))
            return run_id, [line.message for line in await client.read_logs(wanted)]

    run_id, lines = await speaks()

    assert "the last word" in lines
    await asyncio.to_thread(deliver)
    async with get_client() as client:
        await client.delete_flow_run(run_id)

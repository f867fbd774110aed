"""A pool of a test's own on the real server, and a worker that runs its flow runs in this process.

Everything that a pool is for passes through the server; only the process is saved.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from prefect import Flow
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.filters import FlowRunFilter, WorkPoolFilter, WorkPoolFilterName
from prefect.client.schemas.objects import FlowRun, State
from prefect.flow_engine import run_flow
from prefect.flows import load_flow_from_entrypoint
from prefect.states import Pending
from prefect.types.entrypoint import EntrypointType


@dataclass
class TestPool:
    """A work pool with the deployment ``stage/{name}``."""

    __test__ = False

    name: str
    client: PrefectClient
    ran: list[UUID] = field(default_factory=list)

    async def appear(self) -> None:
        """Let the server know of a live worker, as a worker's first heartbeat does."""
        await self.client.send_worker_heartbeat(self.name, "test", heartbeat_interval_seconds=30)

    async def runs(self) -> list[FlowRun]:
        """Every flow run of the pool, the oldest first."""
        mine = WorkPoolFilter(name=WorkPoolFilterName(any_=[self.name]))
        found = await self.client.read_flow_runs(
            flow_run_filter=FlowRunFilter(), work_pool_filter=mine
        )
        return sorted(found, key=lambda run: str(run.created))

    async def requested_runs(self, count: int = 1, seconds: float = 20.0) -> list[FlowRun]:
        """Wait until the pool has that many flow runs."""
        async with asyncio.timeout(seconds):
            while len(found := await self.runs()) < count:
                await asyncio.sleep(0.05)
        return found

    async def report(self, run: FlowRun, *states: State) -> None:
        """Set a run's states, as its worker would."""
        for state in states:
            await self.client.set_flow_run_state(run.id, state, force=True)

    @asynccontextmanager
    async def worker(self) -> AsyncIterator[None]:
        """Have a live worker that runs the pool's flow runs, one after another."""
        await self.appear()
        working = asyncio.ensure_future(self._work())
        try:
            yield
        finally:
            working.cancel()
            with suppress(asyncio.CancelledError):
                await working

    async def _work(self) -> None:
        while True:
            for found in await self.client.get_scheduled_flow_runs_for_work_pool(self.name):
                run = found.flow_run
                self.ran.append(run.id)
                await self.client.set_flow_run_state(run.id, Pending())
                deployment = await self.client.read_deployment(run.deployment_id)
                flow = load_flow_from_entrypoint(deployment.entrypoint, use_placeholder_flow=False)
                run = await self.client.read_flow_run(run.id)
                with suppress(Exception):  # its state on the server says so
                    await run_flow(flow, flow_run=run)
            await asyncio.sleep(0.1)


@asynccontextmanager
async def pool_with_stage(deployed: bool = True) -> AsyncIterator[TestPool]:
    """Make a pool with the deployment of the flow ``stage``; both are deleted at the end."""
    from flows.stage import stage

    async with pool_with(stage if deployed else None) as made:
        yield made


@asynccontextmanager
async def pool_with(flow: Flow[..., Any] | None) -> AsyncIterator[TestPool]:
    """Make a pool with the deployment of a flow; both are deleted at the end."""
    name = f"gpu-{secrets.token_hex(4)}"
    async with get_client() as client:
        await client.create_work_pool(WorkPoolCreate(name=name, type="process"))
        deployed = None
        if flow is not None:
            made = await flow.ato_deployment(
                name,
                work_pool_name=name,
                work_queue_name="interactive",
                entrypoint_type=EntrypointType.MODULE_PATH,
            )
            deployed = await made.apply()
        try:
            yield TestPool(name, client)
        finally:
            if deployed is not None:
                await client.delete_deployment(deployed)
            await client.delete_work_pool(name)

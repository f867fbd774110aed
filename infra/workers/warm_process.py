"""The worker type ``warm-process``: flow runs in long-lived interpreters that keep models loaded.

    prefect work-pool create gpu --type warm-process
    prefect worker start --pool gpu

Each GPU gets one child interpreter, which runs one flow run after another; without a GPU there is
one child, or as many as ``--limit`` says. All else is as with Prefect's process worker.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import httpx
from anyio.abc import TaskStatus
from prefect.client.schemas.objects import FlowRun
from prefect.exceptions import InfrastructureNotAvailable, InfrastructureNotFound
from prefect.settings import (
    PREFECT_WORKER_QUERY_SECONDS,
    get_current_settings,
    temporary_settings,
)
from prefect.workers.base import BaseWorker
from prefect.workers.process import ProcessWorkerResult

from infra.workers.configuration import WarmProcessConfiguration, WarmProcessVariables
from infra.workers.gpus import visible_gpus
from infra.workers.graceful_process import GracefulProcessWorker
from infra.workers.interpreter import Child, ChildSpec
from infra.workers.messages import RunRequest
from infra.workers.prefect_private import Attempt, QuickSubmission, Supervisor, runs_in_hand
from infra.workers.revision import release
from infra.workers.shutdown import requeue_run, stop, stop_gently
from infra.workers.slots import Slot, Slots
from infra.workers.status_file import StatusFile
from reelworks.errors import ServiceError

__all__ = ["GracefulProcessWorker", "WarmProcessWorker"]  # what Prefect finds by our entry point

QUERY_SECONDS = 0.25
"""How often this worker asks for runs, unless ``PREFECT_WORKER_QUERY_SECONDS`` says otherwise."""


class WarmProcessWorker(
    QuickSubmission,
    BaseWorker[WarmProcessConfiguration, WarmProcessVariables, ProcessWorkerResult],
):
    """Runs flow runs in child interpreters that outlive them."""

    type = "warm-process"
    job_configuration = WarmProcessConfiguration
    job_configuration_variables = WarmProcessVariables
    _display_name = "Warm process"
    _description = (
        "Runs flows in long-lived interpreters, one for each GPU, that keep models loaded."
    )
    _documentation_url = "https://docs.prefect.io/v3/concepts/workers"

    def __init__(self, work_pool_name: str, *args: Any, **options: Any) -> None:
        """Take what every Prefect worker takes; ``limit`` is the number of children.

        Without it there is one for each visible GPU, or one on a host without GPU.
        """
        gpus = visible_gpus(os.environ)
        options["limit"] = options.get("limit") or len(gpus) or 1
        super().__init__(work_pool_name, *args, **options)
        self._slots = Slots(gpus, options["limit"])
        self._notice = StatusFile(self.name, work_pool_name, self._slots, self._logger)
        self._supervisor: Supervisor | None = None
        self._opening = asyncio.Lock()
        self._warming: asyncio.Task[None] | None = None

    async def start(
        self,
        run_once: bool = False,
        with_healthcheck: bool = False,
        printer: Callable[..., None] = print,
    ) -> None:
        """Serve the pool until stopped, asking for runs more often than Prefect's default."""
        stop_gently()
        given = "query_seconds" in get_current_settings().worker.model_fields_set
        quicker = {} if given else {PREFECT_WORKER_QUERY_SECONDS: QUERY_SECONDS}
        with temporary_settings(quicker):
            await super().start(run_once, with_healthcheck, printer)

    async def setup(self) -> None:
        """Connect, and begin to start the children with what the pool's defaults preload."""
        await super().setup()
        self._notice.open()
        self._warming = asyncio.create_task(self._warm_up())

    async def sync_with_backend(self) -> None:
        """Send Prefect's heartbeat, and renew our own notice."""
        await super().sync_with_backend()
        self._notice.change()

    async def teardown(self, *exc_info: Any) -> None:
        """Drain: let runs end or hand them back, then end the children."""
        waiting = runs_in_hand(self)
        try:
            await super().teardown(*exc_info)
        finally:
            with anyio.CancelScope(shield=True):
                await self._put_away()
                for run_id in waiting:
                    await requeue_run(run_id, self.name)

    async def run(
        self,
        flow_run: FlowRun,
        configuration: WarmProcessConfiguration,
        task_status: TaskStatus[Any] | None = None,
    ) -> ProcessWorkerResult:
        """Run one flow run in a child and return its exit status.

        Raises ``ServiceError`` when it never began.
        """
        kind = configuration.child_spec()
        chosen = configuration.working_dir
        identifier = ""

        def started() -> None:
            nonlocal identifier
            identifier = self._name_of(slot)
            if task_status is not None:
                task_status.started(identifier)

        async def launch(control: dict[str, str]) -> Attempt:
            try:
                child = await self._child(slot, kind)
            except ServiceError as error:
                self.get_flow_run_logger(flow_run).error("%s", error)
                raise
            self._say_where(flow_run, child, slot)
            folder = str(Path(place).resolve())
            slot.run_name = flow_run.name
            return child.begin(
                RunRequest(
                    run_id=flow_run.id,
                    environment=configuration.run_environment() | control,
                    folder=folder,
                )
            )

        with nullcontext(chosen) if chosen else tempfile.TemporaryDirectory() as place:
            async with self._slots.lend(kind) as slot:
                supervisor = await self._supervise()
                drain = partial(self._drain, flow_run, configuration, supervisor)
                status = await supervisor.supervise(flow_run, launch, started, drain)
                self._notice.count_run()
                await self._replace_if_worn(slot, kind, configuration)
        if status is None:
            raise ServiceError(f"The flow run {flow_run.name} did not start.")
        return ProcessWorkerResult(status_code=status, identifier=identifier)

    async def kill_infrastructure(
        self,
        infrastructure_pid: str,
        configuration: WarmProcessConfiguration,
        grace_seconds: int = 30,
    ) -> None:
        """End a run that was cancelled before it began.

        Raises ``InfrastructureNotAvailable`` when it is another worker's, and
        ``InfrastructureNotFound`` when it has ended.
        """
        del configuration
        if not infrastructure_pid.startswith(f"{self._notice.address}/"):
            raise InfrastructureNotAvailable(f"{infrastructure_pid} belongs to another worker.")
        for slot in self._slots:
            run = slot.child.current if slot.child else None
            if run is not None and self._name_of(slot) == infrastructure_pid:
                await stop(run, grace_seconds)
                return
        raise InfrastructureNotFound(f"{infrastructure_pid} has ended.")

    async def _child(self, slot: Slot, kind: ChildSpec) -> Child:
        child = await slot.child_of(kind.on(slot.gpu), self._notice.change)
        for fault in child.ready.faults if child.runs == 0 else ():
            self._logger.warning("%s", fault)
        return child

    def _say_where(self, flow_run: FlowRun, child: Child, slot: Slot) -> None:
        self.get_flow_run_logger(flow_run).info(
            "Runs in process %s (its run %s) with reelworks %s, code %s%s",
            child.pid,
            child.runs + 1,
            release(),
            child.kind.revision,
            f", on GPU {slot.gpu}" if slot.gpu else "",
        )

    async def _replace_if_worn(
        self, slot: Slot, kind: ChildSpec, configuration: WarmProcessConfiguration
    ) -> None:
        """Start the successor of a worn child at once, so that no run waits for it."""
        child = slot.child
        if child is None or not child.alive:
            self._notice.count_crash()
            return
        grown = child.growth > configuration.max_growth_mb * 1_000_000
        if child.runs < configuration.max_runs and not grown:
            return
        reason = f"it grew by {child.growth / 1e6:.0f} MB" if grown else f"{child.runs} runs"
        self._logger.info("Process %s is replaced after %s.", child.pid, reason)
        await slot.empty()
        self._notice.count_replaced()
        await self._start_ahead(slot, kind)

    async def _warm_up(self) -> None:
        """Start every child before the first run comes, as the pool's defaults ask for it."""
        if self._work_pool is None or self._client is None:
            return
        try:
            await self._supervise()
            configuration: WarmProcessConfiguration = (
                await WarmProcessConfiguration.from_template_and_values(
                    base_job_template=self._work_pool.base_job_template,
                    values={},
                    client=self._client,
                )
            )
        except httpx.HTTPError as error:  # the first run will try again, and tell
            self._logger.warning("The server did not answer while the worker started: %s", error)
            return
        settings = get_current_settings().to_environment_variables(exclude_unset=True)
        configuration.env = {**os.environ, **settings, **configuration.env}
        kind = configuration.child_spec()

        async def warm(slot: Slot) -> None:
            async with slot.lock:
                await self._start_ahead(slot, kind)

        await asyncio.gather(*(warm(slot) for slot in self._slots))

    async def _start_ahead(self, slot: Slot, kind: ChildSpec) -> None:
        try:
            await self._child(slot, kind)
        except ServiceError as error:  # the next run will try again, and tell
            self._logger.error("%s", error)

    async def _supervise(self) -> Supervisor:
        """Return Prefect's supervision, connected anew if its line to the server has broken."""
        async with self._opening:
            if self._supervisor is None or self._supervisor.is_disconnected:
                fresh = Supervisor()
                await fresh.open()
                if self._supervisor is not None:
                    await self._supervisor.retire()
                self._supervisor = fresh
            return self._supervisor

    async def _drain(
        self,
        flow_run: FlowRun,
        configuration: WarmProcessConfiguration,
        supervisor: Supervisor,
        attempt: Attempt,
    ) -> None:
        """The worker stops: let the run end in time, or hand it back to its queue."""
        log = self.get_flow_run_logger(flow_run)
        log.info("The worker stops; the run has %g s to end.", configuration.drain_seconds)
        with anyio.move_on_after(configuration.drain_seconds):
            await attempt.wait()
        if attempt.returncode is None:
            await supervisor.leave_state_to_us(flow_run.id)
            await stop(attempt)
        if await requeue_run(flow_run.id, self.name):
            log.warning("The worker stopped; the run goes back to its queue.")

    async def _put_away(self) -> None:
        if self._warming is not None:
            self._warming.cancel()
            await asyncio.gather(self._warming, return_exceptions=True)
        await self._slots.close()
        await self._notice.close()
        if self._supervisor is not None:
            await self._supervisor.close()

    def _name_of(self, slot: Slot) -> str:
        """Return what Prefect stores as the run's infrastructure: no two runs share it."""
        child = slot.child
        place = f"{child.pid}/{child.runs}" if child else "none"
        return f"{self._notice.address}/{place}"

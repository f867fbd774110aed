"""The worker type ``warm-process``: flow runs in long-lived interpreters that keep models loaded.

    prefect work-pool create gpu --type warm-process
    prefect worker start --pool gpu

Each GPU gets one child interpreter, which runs one flow run after another; without a GPU there is
one child, or as many as ``--limit`` says. All else is as with Prefect's process worker. Where the
installed Prefect lacks a private part that this needs, each run gets a new process instead.
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
from prefect.workers.process import ProcessJobConfiguration, ProcessWorkerResult

from infra.workers.child.interpreter import ChildSpec
from infra.workers.child.messages import RunRequest
from infra.workers.child.slots import ChildSlot, Slots
from infra.workers.children import Children, child_notice
from infra.workers.configuration import (
    WarmProcessConfiguration,
    WarmProcessVariables,
    default_configuration,
)
from infra.workers.gpus import visible_gpus
from infra.workers.graceful_process import GracefulProcessWorker
from infra.workers.prefect_private import PrivatePartError, fallback_notice, missing_parts
from infra.workers.shutdown import drain, stop
from infra.workers.status.status_file import StatusFile
from infra.workers.supervisor import RunAttempt, Supervision
from reelworks.errors import ServiceError

__all__ = ["GracefulProcessWorker", "WarmProcessWorker"]  # what Prefect finds by our entry point

QUERY_SECONDS = 0.25
"""How often this worker asks for runs, unless ``PREFECT_WORKER_QUERY_SECONDS`` says otherwise."""


class WarmProcessWorker(GracefulProcessWorker):
    """Runs flow runs in child interpreters that outlive them."""

    type = "warm-process"
    job_configuration = WarmProcessConfiguration
    job_configuration_variables = WarmProcessVariables  # type: ignore[assignment]
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
        self._status_file = StatusFile(self.name, work_pool_name, self._slots, self._logger)
        self._children = Children(self._slots, self._status_file, self._logger)
        self._supervision = Supervision()
        self._warming: asyncio.Task[None] | None = None
        self._is_cold = False
        """True once this Prefect turned out to lack a private part."""

    async def start(
        self,
        run_once: bool = False,
        with_healthcheck: bool = False,
        printer: Callable[..., None] = print,
    ) -> None:
        """Serve the pool until stopped, asking for runs more often than Prefect's default."""
        given = "query_seconds" in get_current_settings().worker.model_fields_set
        quicker = {} if given else {PREFECT_WORKER_QUERY_SECONDS: QUERY_SECONDS}
        with temporary_settings(quicker):
            await super().start(run_once, with_healthcheck, printer)

    async def setup(self) -> None:
        """Connect, and begin to start the children with what the pool's defaults preload."""
        await super().setup()
        self._status_file.open()
        if missing := missing_parts():
            self._fall_back("; ".join(missing))
        else:
            self._warming = asyncio.create_task(self._warm_up())

    async def sync_with_backend(self) -> None:
        """Send Prefect's heartbeat, and renew our own status file."""
        await super().sync_with_backend()
        self._status_file.change()

    async def teardown(self, *exc_info: Any) -> None:
        """Drain: let runs end or requeue them, then end the children."""
        try:
            await super().teardown(*exc_info)
        finally:
            with anyio.CancelScope(shield=True):
                await self._close_children()

    async def run(
        self,
        flow_run: FlowRun,
        configuration: ProcessJobConfiguration,
        task_status: TaskStatus[Any] | None = None,
    ) -> ProcessWorkerResult:
        """Run one flow run in a child, or in a process of its own, and return its exit status.

        Raises ``ServiceError`` when it never began.
        """
        assert isinstance(configuration, WarmProcessConfiguration)  # noqa: S101 - our own class
        if not self._is_cold:
            try:
                return await self._run_warm(flow_run, configuration, task_status)
            except PrivatePartError as error:
                self._fall_back(str(error))
        return await self._run_cold(flow_run, configuration, task_status)

    async def kill_infrastructure(
        self,
        infrastructure_pid: str,
        configuration: ProcessJobConfiguration,
        grace_seconds: int = 30,
    ) -> None:
        """End a run that was cancelled before it began.

        Raises ``InfrastructureNotAvailable`` when it is another worker's, and
        ``InfrastructureNotFound`` when it has ended.
        """
        del configuration
        if not infrastructure_pid.startswith(f"{self._status_file.address}/"):
            raise InfrastructureNotAvailable(f"{infrastructure_pid} belongs to another worker.")
        run = self._slots.find_run(self._status_file.address, infrastructure_pid)
        if run is None:
            raise InfrastructureNotFound(f"{infrastructure_pid} has ended.")
        await stop(run, grace_seconds)

    async def _run_warm(
        self,
        flow_run: FlowRun,
        configuration: WarmProcessConfiguration,
        task_status: TaskStatus[Any] | None,
    ) -> ProcessWorkerResult:
        spec = configuration.child_spec()
        chosen = configuration.working_dir
        identifier = ""

        def started() -> None:
            nonlocal identifier
            identifier = slot.infrastructure(self._status_file.address)
            if task_status is not None:
                task_status.started(identifier)

        supervisor = await self._supervision.connected()
        with nullcontext(chosen) if chosen else tempfile.TemporaryDirectory() as folder:
            async with self._slots.lend(spec) as slot:
                request = configuration.run_request(flow_run.id, Path(folder))
                launch = partial(self._launch, flow_run, slot, spec, request)
                stopped = partial(
                    drain, flow_run, self.name, supervisor, configuration.drain_seconds
                )
                status = await supervisor.supervise(flow_run, launch, started, stopped)
                self._status_file.count_run()
                await self._children.recycle(slot, spec, configuration)
        if status is None:
            raise ServiceError(f"The flow run {flow_run.name} did not start.")
        return ProcessWorkerResult(status_code=status, identifier=identifier)

    async def _launch(
        self,
        flow_run: FlowRun,
        slot: ChildSlot,
        spec: ChildSpec,
        request: RunRequest,
        control: dict[str, str],
    ) -> RunAttempt:
        """Begin a run in the child of a slot; ``control`` is added to its variables."""
        log = self.get_flow_run_logger(flow_run)
        try:
            child = await self._children.get(slot, spec)
        except ServiceError as error:
            log.error("%s", error)
            raise
        log.info("%s", child_notice(child, slot.gpu))
        slot.run_name = flow_run.name
        environment = request.environment | control
        return child.begin(request.model_copy(update={"environment": environment}))

    async def _run_cold(
        self,
        flow_run: FlowRun,
        configuration: WarmProcessConfiguration,
        task_status: TaskStatus[Any] | None,
    ) -> ProcessWorkerResult:
        """Run a flow run as Prefect's process worker does, on the GPU of a free slot."""
        async with self._slots.lend(configuration.child_spec()) as slot:
            await slot.empty()
            slot.run_name = flow_run.name
            configuration.env = configuration.process_environment(slot.gpu)
            try:
                return await super().run(flow_run, configuration, task_status)
            finally:
                self._status_file.count_run()

    def _fall_back(self, reason: str) -> None:
        """Give each run a new process from now on, and say why."""
        self._is_cold = True
        self._logger.warning("%s", fallback_notice(reason))

    async def _warm_up(self) -> None:
        """Start every child before the first run comes, with the pool's default variables."""
        if self._work_pool is None or self._client is None:
            return
        try:
            await self._supervision.connected()
            configuration = await default_configuration(self._work_pool, self._client)
        except PrivatePartError as error:
            self._fall_back(str(error))
            return
        except httpx.HTTPError as error:  # the first run tries again and fails with this error
            self._logger.warning("The server did not answer while the worker started: %s", error)
            return
        await self._children.start_all(configuration.child_spec())

    async def _close_children(self) -> None:
        if self._warming is not None:
            self._warming.cancel()
            await asyncio.gather(self._warming, return_exceptions=True)
        await self._slots.close()
        await self._status_file.close()
        await self._supervision.close()

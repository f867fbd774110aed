"""The worker type ``graceful-process``: Prefect's process worker, which requeues its runs.

    prefect worker start --pool cpu

Prefect's own kills the processes of its runs when it is stopped and leaves the runs behind as
running, which goes unnoticed for ninety seconds. This one sends them SIGTERM, so that each
requeues its job, and requeues the runs as well.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from uuid import UUID

import anyio
from anyio.abc import TaskStatus
from prefect.client.schemas.objects import FlowRun
from prefect.workers.process import ProcessJobConfiguration, ProcessWorker, ProcessWorkerResult

from infra.workers.prefect_private import claimed_runs
from infra.workers.shutdown import requeue_run, stop_gently

STOP_SECONDS = 15.0
"""How long runs may take to requeue their jobs before their processes are killed."""


class GracefulProcessWorker(ProcessWorker):
    """Runs each flow run in a process of its own, and requeues those that it cannot end."""

    type = "graceful-process"
    _display_name = "Graceful process"
    _description = "Runs flows as processes; their jobs are requeued when the worker is stopped."
    _logo_url = ""

    def __init__(self, *args: Any, **options: Any) -> None:
        """Take what every Prefect worker takes."""
        super().__init__(*args, **options)
        self._groups: dict[UUID, int] = {}
        """Process groups of the runs in progress."""

    async def start(
        self,
        run_once: bool = False,
        with_healthcheck: bool = False,
        printer: Callable[..., None] = print,
    ) -> None:
        """Serve the pool until stopped."""
        stop_gently()
        await super().start(run_once, with_healthcheck, printer)

    async def run(
        self,
        flow_run: FlowRun,
        configuration: ProcessJobConfiguration,
        task_status: TaskStatus[int] | None = None,
    ) -> ProcessWorkerResult:
        """Run one flow run to its end."""
        started = _RecordedStart(
            self._groups, flow_run.id, task_status or anyio.TASK_STATUS_IGNORED
        )
        try:
            return await super().run(flow_run, configuration, started)
        finally:
            self._groups.pop(flow_run.id, None)

    async def teardown(self, *exc_info: Any) -> None:
        """Let the runs requeue their jobs, then end."""
        ours = claimed_runs(self) | set(self._groups)
        with anyio.CancelScope(shield=True):
            await self._end_runs()
        try:
            await super().teardown(*exc_info)
        finally:
            with anyio.CancelScope(shield=True):
                for run_id in ours:
                    if await requeue_run(run_id, self.name):
                        self._logger.warning("The run %s goes back to its queue.", run_id)

    async def _end_runs(self) -> None:
        for number in (signal.SIGTERM, signal.SIGKILL):
            for group in list(self._groups.values()):
                with suppress(ProcessLookupError):
                    os.killpg(group, number)
            with anyio.move_on_after(STOP_SECONDS):
                while self._groups:
                    await anyio.sleep(0.05)


class _RecordedStart(TaskStatus[int]):
    """Records the process group of a run as soon as it has one."""

    def __init__(self, groups: dict[UUID, int], run_id: UUID, status: TaskStatus[int]) -> None:
        self._groups = groups
        self._run_id = run_id
        self._status = status

    def started(self, value: int | None = None) -> None:
        """Record the process id, which is that of its group, and pass it on."""
        assert value is not None  # noqa: S101 - Prefect says that a process has one
        self._groups[self._run_id] = value
        self._status.started(value)

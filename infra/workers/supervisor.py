"""Supervision of flow runs in child interpreters: cancellation, crash reports, hooks.

Prefect's process worker opens its supervision for every run, which takes about 0.1 s. A warm worker
opens it once, and again when its connection to the server broke.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

import anyio
from anyio.abc import TaskStatus
from prefect.flows import load_flow_from_flow_run

from infra.workers.prefect_private import (
    PrivatePartError,
    executor_context,
    on_disconnect,
    private_call,
    process_handle,
)

if TYPE_CHECKING:
    from prefect.client.schemas.objects import FlowRun

ACKNOWLEDGED = "acknowledged"
"""Value of Prefect's ``ControlSignalStatus`` for an engine that heard us."""


class RunAttempt(Protocol):
    """One flow run in a child interpreter, with what Prefect needs of a process."""

    @property
    def pid(self) -> int:
        """Process id of the child."""

    @property
    def returncode(self) -> int | None:
        """None while the run is in progress; then what its process would have exited with."""

    async def wait(self) -> None:
        """Return when the run has ended or its child is gone."""

    def terminate(self) -> None:
        """Send the run, if it is in progress, SIGTERM."""

    def kill(self) -> None:
        """Kill the child, if the run is in progress, with every process that it started."""


Launch = Callable[[dict[str, str]], Awaitable[RunAttempt]]
"""Starts a run with an addition to its environment."""


class _Scope:
    """How Prefect ends a run: a signal reaches the child only while this run is in progress."""

    wait_after_graceful_kill = True

    def __init__(self, attempt: RunAttempt) -> None:
        self._attempt = attempt

    def is_alive(self, pid: int) -> bool:
        del pid
        return self._attempt.returncode is None

    def graceful_kill(self, pid: int) -> None:
        del pid
        self._attempt.terminate()

    def hard_kill(self, pid: int) -> None:
        del pid
        self._attempt.kill()

    def close(self) -> None:
        """The child lives on."""


class _Starter:
    """Prefect's ``ProcessStarter`` for runs in a child."""

    def __init__(
        self,
        supervisor: Supervisor,
        launch: Launch,
        stopped: Callable[[RunAttempt], Awaitable[None]],
    ) -> None:
        self._supervisor = supervisor
        self._launch = launch
        self._stopped = stopped

    async def start(
        self, flow_run: FlowRun, task_status: TaskStatus[Any] = anyio.TASK_STATUS_IGNORED
    ) -> None:
        attempt = await self._launch(self._supervisor.control_environment(flow_run.id))
        task_status.started(process_handle(attempt, _Scope(attempt)))
        try:
            await attempt.wait()
        except anyio.get_cancelled_exc_class():
            with anyio.CancelScope(shield=True):
                await self._stopped(attempt)
            raise


class Supervisor:
    """Prefect's supervision of runs, opened once for many of them.

    A task of its own opens and closes it, because Prefect's context must be closed in the task
    that opened it. Raises ``PrivatePartError`` where a private part of Prefect has changed.
    """

    def __init__(self) -> None:
        self._executor_context = executor_context()
        self._stop = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._runs = 0
        self._retired = False
        self._disconnected = False

    async def open(self) -> None:
        """Connect. Raises what Prefect raises when the server cannot be reached."""
        opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._stay_open(opened))
        with private_call("FlowRunExecutorContext"):
            await opened

    async def retire(self) -> None:
        """Disconnect once the last supervised run has ended."""
        self._retired = True
        if not self._runs:
            await self.close()

    async def close(self) -> None:
        """Disconnect; a run in progress is ended."""
        self._stop.set()
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)

    @property
    def is_disconnected(self) -> bool:
        """True when cancellations are not heard any more: stream and polling have both failed.

        A stream that breaks off is no reason: Prefect polls until it has connected again.
        """
        return self._disconnected

    async def _stay_open(self, opened: asyncio.Future[None]) -> None:
        try:
            async with self._executor_context:
                try:
                    on_disconnect(self._executor_context, self._note_disconnect)
                except PrivatePartError as error:  # out of the context it would be a group
                    opened.set_exception(error)
                    return
                opened.set_result(None)
                await self._stop.wait()
        except Exception as error:
            if opened.done():
                raise
            opened.set_exception(error)

    def _note_disconnect(self) -> None:
        self._disconnected = True

    def control_environment(self, run_id: UUID) -> dict[str, str]:
        """Return the variables by which a run's engine connects to its worker."""
        environment = {
            "PREFECT__FLOW_RUN_ID": str(run_id),
            "PREFECT__ENABLE_CANCELLATION_AND_CRASHED_HOOKS": "false",
        }
        try:
            port, token = self._executor_context.control_channel.register(run_id)
        except RuntimeError:  # no loopback port could be had: Prefect cancels by signal alone
            return environment
        return environment | {
            "PREFECT__CONTROL_PORT": str(port),
            "PREFECT__CONTROL_TOKEN": token,
        }

    async def supervise(
        self,
        flow_run: FlowRun,
        launch: Launch,
        started: Callable[[], None],
        stopped: Callable[[RunAttempt], Awaitable[None]],
    ) -> int | None:
        """Run a flow run to its end and return its exit status, or None when it never began.

        ``started`` is called once the run is in a child. ``stopped`` gets the attempt when the
        worker is stopped meanwhile. Raises ``PrivatePartError`` before anything has begun.
        """
        with private_call("FlowRunExecutorContext.create_executor"):
            executor = self._executor_context.create_executor(
                flow_run,
                _Starter(self, launch, stopped),
                resolve_flow=load_flow_from_flow_run,
                propose_submitting=False,
            )
        status: int | None = None

        async def execute(*, task_status: TaskStatus[Any] = anyio.TASK_STATUS_IGNORED) -> None:
            nonlocal status
            done = await executor.submit(task_status=task_status)
            status = done.status_code if done is not None else None

        self._runs += 1
        try:
            async with anyio.create_task_group() as group:
                await group.start(execute)
                started()
        finally:
            self._runs -= 1
        if self._retired:
            await self.retire()
        return status

    async def delegate_state(self, run_id: UUID) -> bool:
        """Have the worker set a run's last state, not its engine; False without an answer."""
        answer = await self._executor_context.control_channel.signal(run_id, "reschedule")
        return answer.value == ACKNOWLEDGED


class Supervision:
    """The supervisor in use, replaced when it has lost its connection."""

    def __init__(self) -> None:
        self._supervisor: Supervisor | None = None
        self._opening = asyncio.Lock()

    async def connected(self) -> Supervisor:
        """Return a supervisor that hears of cancellations, opened now if need be."""
        async with self._opening:
            if self._supervisor is None or self._supervisor.is_disconnected:
                fresh = Supervisor()
                await fresh.open()
                if self._supervisor is not None:
                    await self._supervisor.retire()
                self._supervisor = fresh
            return self._supervisor

    async def close(self) -> None:
        """Disconnect; runs in progress are ended."""
        if self._supervisor is not None:
            await self._supervisor.close()

"""The one file that uses private parts of Prefect.

A worker that keeps its interpreters alive needs what ``prefect.engine`` does after it has started
(child side), and what the process worker does around a process (parent side). Neither is public.
``pyproject.toml`` pins the version; ``tests/infra/workers/test_prefect_private.py`` tells what a
new one has changed.
"""

from __future__ import annotations

import asyncio
import signal
import ssl
from collections.abc import Awaitable, Callable
from functools import cache, partial
from importlib.metadata import version
from types import ModuleType
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

import anyio
from anyio.abc import TaskGroup, TaskStatus
from prefect.client import orchestration
from prefect.flows import load_flow_from_flow_run
from prefect.logging.loggers import flow_run_logger
from prefect.runner import Runner

from infra.fleet.plan import STOPPED
from reelworks.errors import ServiceError

if TYPE_CHECKING:
    from prefect.client.schemas.objects import FlowRun
    from prefect.workers.base import BaseWorker

MADE_FOR = "3.9.1"

try:
    from prefect._internal import control_listener
    from prefect.engine import _drive_run_flow_result, handle_engine_signals
    from prefect.flow_engine import load_flow, load_flow_run, run_flow
    from prefect.runner._control_channel import ControlSignalStatus
    from prefect.runner._flow_run_executor import FlowRunExecutorContext
    from prefect.runner._process_manager import ProcessHandle
except ImportError as error:
    raise ServiceError(
        f"Prefect {version('prefect')} lacks what the warm worker is built on ({error}); "
        f"install prefect=={MADE_FOR}."
    ) from error


class Attempt(Protocol):
    """One flow run in a child interpreter, with what Prefect asks of a process."""

    @property
    def pid(self) -> int:
        """Process id of the child."""

    @property
    def returncode(self) -> int | None:
        """None while the run goes on; then what its process would have exited with."""

    async def wait(self) -> None:
        """Return when the run has ended or its child is gone."""

    def terminate(self) -> None:
        """Ask the run, if it goes on, to end."""

    def kill(self) -> None:
        """End the child, if the run goes on, with all that it started."""


Launch = Callable[[dict[str, str]], Awaitable[Attempt]]
"""Starts a run with an addition to its environment."""


class _Scope:
    """How Prefect ends a run: the signal reaches it only while it is this run that goes on."""

    wait_after_graceful_kill = True

    def __init__(self, attempt: Attempt) -> None:
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
        self, supervisor: Supervisor, launch: Launch, stopped: Callable[[Attempt], Awaitable[None]]
    ) -> None:
        self._supervisor = supervisor
        self._launch = launch
        self._stopped = stopped

    async def start(
        self, flow_run: FlowRun, task_status: TaskStatus[Any] = anyio.TASK_STATUS_IGNORED
    ) -> None:
        attempt = await self._launch(self._supervisor.control_environment(flow_run.id))
        task_status.started(ProcessHandle(attempt, termination_scope=_Scope(attempt)))  # type: ignore[arg-type]
        try:
            await attempt.wait()
        except anyio.get_cancelled_exc_class():
            with anyio.CancelScope(shield=True):
                await self._stopped(attempt)
            raise


class Supervisor:
    """What Prefect's process worker does around a run: cancellation, crash reports, hooks.

    Prefect opens this anew for every run. Here it stays open, and is opened anew when its line to
    the server broke. A task of its own holds it, because it must be closed where it was opened.
    """

    def __init__(self) -> None:
        self._room = FlowRunExecutorContext()
        self._stop = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._runs = 0
        self._retired = False
        self._deaf = False

    async def open(self) -> None:
        """Connect. Raises what Prefect raises when the server cannot be reached."""
        opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._hold(opened))
        await opened

    async def retire(self) -> None:
        """Disconnect once the last run here has ended."""
        self._retired = True
        if not self._runs:
            await self.close()

    async def close(self) -> None:
        """Disconnect; a run that still goes on is ended."""
        self._stop.set()
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)

    @property
    def is_disconnected(self) -> bool:
        """True when cancellations are not heard any more: stream and polling have both failed.

        A stream that breaks off is no reason: Prefect polls until it has connected again.
        """
        return self._deaf

    async def _hold(self, opened: asyncio.Future[None]) -> None:
        try:
            async with self._room:
                self._listen_for_deafness()
                opened.set_result(None)
                await self._stop.wait()
        except Exception as error:
            if opened.done():
                raise
            opened.set_exception(error)

    def _listen_for_deafness(self) -> None:
        """Learn when Prefect gives up listening for cancellations, besides what it does then."""
        told = self._room._observer.on_failure

        def on_failure(flow_run_ids: set[UUID]) -> None:
            self._deaf = True
            if told is not None:
                told(flow_run_ids)

        self._room._observer.on_failure = on_failure

    def control_environment(self, run_id: UUID) -> dict[str, str]:
        """Return the variables by which a run's engine finds the way back to its worker."""
        environment = {
            "PREFECT__FLOW_RUN_ID": str(run_id),
            "PREFECT__ENABLE_CANCELLATION_AND_CRASHED_HOOKS": "false",
        }
        try:
            port, token = self._room.control_channel.register(run_id)
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
        stopped: Callable[[Attempt], Awaitable[None]],
    ) -> int | None:
        """Run a flow run to its end and return its exit status, or None when it never began.

        ``started`` is called once the run is in a child. ``stopped`` gets the attempt when the
        worker itself is asked to end meanwhile.
        """
        executor = self._room.create_executor(
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

    async def leave_state_to_us(self, run_id: UUID) -> bool:
        """Tell a run's engine not to report its end; False when it did not answer."""
        answer = await self._room.control_channel.signal(run_id, "reschedule")
        return answer is ControlSignalStatus.ACKNOWLEDGED


class QuickSubmission:
    """Goes before ``BaseWorker``: leaves out of a run's way to its child what it can do without."""

    _runs_task_group: TaskGroup | None

    async def _propose_submitting_state(self, flow_run: FlowRun) -> None:
        """Go from Pending to Running: the state between would last for milliseconds."""

    async def _give_worker_labels_to_flow_run(self, flow_run_id: UUID) -> None:
        """Label the run while it starts."""
        label = super()._give_worker_labels_to_flow_run  # type: ignore[misc]
        if self._runs_task_group is not None:
            self._runs_task_group.start_soon(partial(label, flow_run_id))


def share_tls_context() -> None:
    """Let Prefect's clients in this process share a TLS context.

    A run makes three clients, and each would read all root certificates anew: 30 ms of work.
    """
    shared = ModuleType("ssl")
    shared.__dict__.update(vars(ssl))
    shared.__dict__["create_default_context"] = cache(ssl.create_default_context)
    orchestration.ssl = shared  # type: ignore[attr-defined]


def runs_in_hand(worker: BaseWorker[Any, Any, Any]) -> set[UUID]:
    """Return the runs that a worker has claimed and not yet begun."""
    return set(worker._submitting_flow_run_ids)


def execute(run_id: UUID) -> None:
    """Do what ``python -m prefect.engine`` does once its interpreter has started.

    Ends with ``SystemExit`` where that process would end with a status, and with the run's own
    ``BaseException`` where it would die of it.
    """
    forget_last_run()
    control_listener.configure_from_env()
    with handle_engine_signals(run_id):
        flow_run = load_flow_run(run_id)
        log = flow_run_logger(flow_run)
        try:
            flow = load_flow(flow_run)
        except Exception:
            log.error("The flow could not be loaded", exc_info=True)
            raise
        answer = run_flow(flow, flow_run=flow_run, error_logger=log)  # type: ignore[arg-type]
        _drive_run_flow_result(flow, answer)


def forget_last_run() -> None:
    """Close the last run's line to its worker and take its answer to SIGTERM away."""
    control_listener.stop()
    control_listener.clear_intent()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


class GracefulRunner(Runner):
    """Prefect's runner, which lets all its runs hand their jobs back at once when it is stopped.

    Prefect asks one run after the other, three seconds each, and calls them cancelled by its user.
    """

    async def cancel_all(self) -> None:
        """End every run that goes on here."""
        runs = list(self._process_manager.flow_run_ids())
        ends = [self._cancel_run(run_id, STOPPED) for run_id in runs]
        for run_id, outcome in zip(
            runs, await asyncio.gather(*ends, return_exceptions=True), strict=True
        ):
            if isinstance(outcome, BaseException):
                self._logger.error("The run %s was not ended: %s", run_id, outcome)

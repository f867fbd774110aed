"""Private parts of Prefect that our workers and our runner use.

The warm worker cannot do without those of ``PARTS``: each saves a run more than a tenth of a
second (an interpreter with Prefect starts in 1.3 s; supervision opened for each run costs 0.1 s).
Where the installed Prefect lacks one, the worker falls back to a new process for each run. The
contract tests in ``tests/infra/workers/test_prefect_private.py`` name every part.
"""

from __future__ import annotations

import asyncio
import signal
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.metadata import version
from inspect import signature
from operator import attrgetter
from types import ModuleType
from typing import TYPE_CHECKING, Any
from uuid import UUID

from prefect.client import orchestration
from prefect.logging import get_logger
from prefect.runner import Runner

from infra.fleet.plan import STOPPED

if TYPE_CHECKING:
    from prefect.runner._flow_run_executor import FlowRunExecutorContext
    from prefect.runner._process_manager import ProcessHandle
    from prefect.workers.base import BaseWorker

TRIED = ("3.9.1",)
"""Releases of Prefect on which the contract tests passed."""


class PrivatePartError(Exception):
    """The installed Prefect lacks a private part, or has another one by that name."""


@dataclass(frozen=True, slots=True)
class PrivatePart:
    """A private function or class of Prefect, and the parameters that we pass."""

    module: str
    name: str
    """Attribute of the module; with a dot, of a class in it."""
    parameters: tuple[str, ...] = ()

    def fault(self) -> str | None:
        """Say what is wrong with this part of the installed Prefect; None when it is there."""
        try:
            found = attrgetter(self.name)(import_module(self.module))
        except (ImportError, AttributeError):
            return f"{self.module}.{self.name} is missing"
        unknown = [one for one in self.parameters if one not in signature(found).parameters]
        if unknown:
            return f"{self.module}.{self.name} does not take {', '.join(unknown)}"
        return None


PARTS = (
    PrivatePart("prefect._internal.control_listener", "stop"),
    PrivatePart("prefect._internal.control_listener", "clear_intent"),
    PrivatePart("prefect.runner._control_channel", "ControlChannel.register", ("flow_run_id",)),
    PrivatePart(
        "prefect.runner._control_channel", "ControlChannel.signal", ("flow_run_id", "intent")
    ),
    PrivatePart("prefect.runner._flow_run_executor", "FlowRunExecutorContext"),
    PrivatePart(
        "prefect.runner._flow_run_executor",
        "FlowRunExecutorContext.create_executor",
        ("flow_run", "starter", "resolve_flow", "propose_submitting"),
    ),
    PrivatePart("prefect.runner._flow_run_executor", "FlowRunExecutor.submit", ("task_status",)),
    PrivatePart(
        "prefect.runner._process_manager", "ProcessHandle", ("_process", "termination_scope")
    ),
)
"""What warm interpreters cannot do without."""

STARTER = "prefect.runner._starter_engine"
FORKED_RUN_PARTS = (
    PrivatePart(
        STARTER,
        "run_process",
        ("command", "stream_output", "task_status", "task_status_handler"),
    ),
    PrivatePart(STARTER, "EngineCommandStarter.start", ("flow_run",)),
)
"""How the runner starts a run; its docstring names ``run_process`` as what may be replaced."""


def missing_parts(parts: Sequence[PrivatePart] = PARTS) -> list[str]:
    """Return what the installed Prefect lacks of ``parts``, a clause each; empty when nothing."""
    return [fault for part in parts if (fault := part.fault()) is not None]


def fallback_notice(reason: str) -> str:
    """Return what a warm worker logs when it starts a new process for each run instead."""
    return (
        "This worker starts a new process for each run and keeps no model loaded: Prefect "
        f"{version('prefect')} is not compatible ({reason}). Install prefect=={TRIED[-1]} to have "
        "warm interpreters."
    )


def slow_start_notice(reason: str) -> str:
    """Return what a runner logs that starts an interpreter for each run."""
    return (
        "Each run takes some seconds to start, because it imports everything itself: Prefect "
        f"{version('prefect')} does not fit ({reason}). Install prefect=={TRIED[-1]} to fork runs."
    )


@contextmanager
def private_call(part: str) -> Iterator[None]:
    """Raise ``PrivatePartError`` where the use of a private part fails as one that has changed."""
    try:
        yield
    except (ImportError, AttributeError, TypeError) as error:
        raise PrivatePartError(f"{part} of Prefect {version('prefect')} failed: {error}") from error


def executor_context() -> FlowRunExecutorContext:
    """Return what the process worker opens around a run: cancellation, crash reports, hooks."""
    with private_call("FlowRunExecutorContext"):
        from prefect.runner._flow_run_executor import FlowRunExecutorContext

        return FlowRunExecutorContext()


def on_disconnect(context: FlowRunExecutorContext, call: Callable[[], None]) -> None:
    """Have ``call()`` called when Prefect stops listening for cancellations, besides its own."""
    with private_call("FlowRunExecutorContext._observer.on_failure"):
        observer = context._observer
        before = observer.on_failure

        def on_failure(flow_run_ids: set[UUID]) -> None:
            call()
            if before is not None:
                before(flow_run_ids)

        observer.on_failure = on_failure


def process_handle(process: Any, scope: Any) -> ProcessHandle:
    """Return what Prefect watches and ends a run by."""
    with private_call("ProcessHandle"):
        from prefect.runner._process_manager import ProcessHandle

        return ProcessHandle(process, termination_scope=scope)


def share_tls_context() -> None:
    """Let Prefect's clients in this process share a TLS context.

    A run makes several clients, and each would read all root certificates again: 0.18 s of
    processor time a run. Where Prefect does so in another way, nothing is shared.
    """
    if not hasattr(orchestration, "ssl"):
        return
    shared = ModuleType("ssl")
    shared.__dict__.update(vars(ssl))
    shared.__dict__["create_default_context"] = cache(ssl.create_default_context)
    orchestration.ssl = shared


def forget_last_run() -> None:
    """Close the last run's connection to its worker and remove its SIGTERM handler."""
    from prefect._internal import control_listener

    control_listener.stop()
    control_listener.clear_intent()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def claimed_runs(worker: BaseWorker[Any, Any, Any]) -> set[UUID]:
    """Return the runs that a worker has claimed and not yet begun.

    Empty, with a warning, where Prefect does not say it any more: such runs then wait for the rule
    about silent runs when the worker is stopped.
    """
    claimed = getattr(worker, "_submitting_flow_run_ids", None)
    if claimed is None:
        get_logger("worker").warning(
            "Prefect %s lacks BaseWorker._submitting_flow_run_ids: runs that were claimed and not "
            "begun are not requeued.",
            version("prefect"),
        )
        return set()
    return set(claimed)


class GracefulRunner(Runner):
    """Prefect's runner, whose runs all requeue their jobs at once when it is stopped.

    Prefect ends one run after the other, three seconds each, and calls them cancelled by its user.
    It does so where its private parts are missing.
    """

    async def poll_now(self) -> None:
        """Start scheduled runs now, as far as there are slots; nothing where Prefect lacks it.

        Raises what Prefect raises when its server does not answer; the next poll finds the runs.
        """
        poll = getattr(self, "_get_and_submit_flow_runs", None)
        if poll is not None and self.started:
            await poll()

    async def cancel_all(self) -> None:
        """End every run of this runner."""
        try:
            runs, cancel = list(self._process_manager.flow_run_ids()), self._cancel_run
        except AttributeError as error:
            self._logger.warning("Runs are cancelled one after the other: Prefect lacks %s", error)
            await super().cancel_all()
            return
        ends = [cancel(run_id, STOPPED) for run_id in runs]
        for run_id, outcome in zip(
            runs, await asyncio.gather(*ends, return_exceptions=True), strict=True
        ):
            if isinstance(outcome, BaseException):
                self._logger.error("The run %s was not ended: %s", run_id, outcome)

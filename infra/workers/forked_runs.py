"""Flow runs in processes that are forked, not started: each has a process of its own at once.

``python -m prefect.engine`` spends two to three seconds of processor time on importing Prefect and
our flows. A server process (``multiprocessing``'s fork server) has imported them, runs nothing
itself and is forked for each run. So a run still begins with no state of an earlier one, may
exhaust its memory or die, and leaves nothing behind.
"""

from __future__ import annotations

import asyncio
import os
import runpy
import signal
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from multiprocessing import forkserver, get_context
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import anyio
from anyio.abc import TaskStatus
from prefect.context import refresh_global_settings_context
from prefect.logging import get_logger

from infra.workers import prefect_private
from infra.workers.revision import code_revision

PRELOADED_LAST = "infra.workers.run_preload"
ENGINE = ("-m", "prefect.engine")
"""Arguments of the interpreter that runs a flow run; any other command is started, not forked."""


class ForkedRun:
    """A forked process, with what Prefect needs of a process."""

    def __init__(self, process: BaseProcess) -> None:
        assert process.pid is not None  # noqa: S101 - it was started
        self.pid: int = process.pid
        """Process id; Prefect asks for it after the end, too."""
        self._process = process
        self._ended = asyncio.Event()
        self.returncode: int | None = None
        """None while it runs, then its exit status; negative: the signal that ended it."""
        asyncio.get_running_loop().add_reader(process.sentinel, self._collect)

    async def wait(self) -> None:
        """Return when it has ended."""
        await self._ended.wait()

    def terminate(self) -> None:
        """Send it SIGTERM, unless it has ended."""
        if self.returncode is None:
            os.kill(self.pid, signal.SIGTERM)

    def _collect(self) -> None:
        asyncio.get_running_loop().remove_reader(self._process.sentinel)
        self._process.join()
        self.returncode = self._process.exitcode
        self._process.close()
        self._ended.set()


class ForkServer:
    """Starts flow runs as forks, in the place of ``prefect.utilities.processutils.run_process``.

    Where the installed code is no longer what the server has imported, runs are started the plain
    way and so use the new one.
    """

    def __init__(
        self,
        preload: Sequence[str],
        start_process: Callable[..., Any],
        ended: Callable[[], None] = lambda: None,
    ) -> None:
        """``preload`` names modules to import once, ``start_process`` is Prefect's own way.

        ``ended`` is called after each run.
        """
        self._start_process = start_process
        self._ended = ended
        self._context = get_context("forkserver")
        self._context.set_forkserver_preload([*preload, PRELOADED_LAST])
        self._revision = code_revision()
        self._logger = get_logger("runner")

    def start(self) -> None:
        """Start the server process; it imports meanwhile, and ends with this process."""
        forkserver.ensure_running()

    async def run_process(
        self,
        command: list[str],
        *,
        stream_output: bool = False,
        task_status: TaskStatus[Any] = anyio.TASK_STATUS_IGNORED,
        task_status_handler: Callable[[Any], Any] = lambda process: process.pid,
        env: Mapping[str, str] | None = None,
        cwd: Path | str | None = None,
        **options: Any,
    ) -> Any:
        """Run ``command`` to its end and return its process. Cancelled: it gets SIGTERM."""
        try:
            if not self._can_fork(command, options):
                return await self._start_process(
                    command=command,
                    stream_output=stream_output,
                    task_status=task_status,
                    task_status_handler=task_status_handler,
                    env=env,
                    cwd=cwd,
                    **options,
                )
            arguments = (dict(os.environ if env is None else env), str(cwd or Path.cwd()))
            process = self._context.Process(target=run_engine, args=(*arguments, stream_output))
            await asyncio.to_thread(process.start)  # the first waits for the imports
            run = ForkedRun(process)
            try:
                task_status.started(task_status_handler(run))
                await run.wait()
            finally:
                run.terminate()
                with anyio.CancelScope(shield=True):
                    await run.wait()
            return run
        finally:
            self._ended()

    def _can_fork(self, command: list[str], options: Mapping[str, Any]) -> bool:
        if options or tuple(command) != (sys.executable, *ENGINE):
            return False
        if code_revision() == self._revision:
            return True
        self._logger.warning(
            "The installed code has changed since the runner started, so each run starts an "
            "interpreter of its own, which takes some seconds. To start runs quickly again: "
            "reelworks down, then reelworks up."
        )
        return False


def run_engine(environment: Mapping[str, str], folder: str, streams: bool) -> None:
    """Be ``python -m prefect.engine``, inside a new fork. Raises ``SystemExit`` with its status."""
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.path.insert(0, folder)
    sys.argv = list(ENGINE[1:])
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if not streams:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
    refresh_global_settings_context()  # they were read when Prefect was imported
    warnings.filterwarnings("ignore", message=".*found in sys.modules", module="runpy")
    runpy.run_module("prefect.engine", run_name="__main__")


@contextmanager
def forked_runs(preload: Sequence[str], ended: Callable[[], None]) -> Iterator[None]:
    """Have Prefect fork the flow runs that this process starts.

    ``preload`` names the modules of their flows. ``ended`` is called after each run.

    Where the installed Prefect starts them in another way than the one replaced here, they are
    started as it does.
    """
    missing = prefect_private.missing_parts(prefect_private.FORKED_RUN_PARTS)
    if missing:
        get_logger("runner").warning(prefect_private.slow_start_notice("; ".join(missing)))
        yield
        return
    starter: Any = import_module(prefect_private.STARTER)
    before = starter.run_process
    server = ForkServer(preload, before, ended)
    server.start()
    starter.run_process = server.run_process
    try:
        yield
    finally:
        starter.run_process = before

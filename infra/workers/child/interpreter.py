"""Handle of a child interpreter: start it, give it a run, know when either ends."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from subprocess import DEVNULL

from pydantic import ValidationError

from infra.workers.child.messages import PROTOCOL, Ready, RunOutcome, RunRequest, parse_report
from reelworks.errors import ServiceError

LINE_LIMIT = 4 * 1024 * 1024
"""Bytes of the longest message of a child."""
ENDING_SECONDS = 5.0
"""How long an idle child may take to end once its socket is closed."""


@dataclass(frozen=True, slots=True)
class ChildSpec:
    """What makes two children the same: a run is only given to a child of its own kind."""

    environment: tuple[tuple[str, str], ...]
    revision: str
    """Digest of the installed code."""
    preload: tuple[str, ...] = ()
    streams: bool = True
    """Whether what its runs print appears in the worker's own output."""

    def on(self, gpu: str | None) -> ChildSpec:
        """Return the same kind for one GPU."""
        if gpu is None:
            return self
        device = {"CUDA_VISIBLE_DEVICES": gpu}
        return replace(self, environment=child_environment({**dict(self.environment), **device}))


class RunInChild:
    """One flow run in a child; Prefect takes it for a process."""

    def __init__(self, child: Child) -> None:
        self._child = child
        self._ended = asyncio.Event()
        self.returncode: int | None = None

    @property
    def pid(self) -> int:
        """Process id of the child."""
        return self._child.pid

    async def wait(self) -> None:
        """Return when the run has ended or its child is gone."""
        await self._ended.wait()

    def finish(self, status: int) -> None:
        """Record the end of the run; what came first counts."""
        if self.returncode is None:
            self.returncode = status
            self._ended.set()

    def terminate(self) -> None:
        """Ask the run, if it is in progress, to end."""
        if self.returncode is None:
            self._child.signal(signal.SIGTERM)

    def kill(self) -> None:
        """End the child, if the run is in progress, with all that it started."""
        if self.returncode is None:
            self._child.kill()


class Child:
    """One long-lived interpreter."""

    def __init__(
        self,
        spec: ChildSpec,
        process: asyncio.subprocess.Process,
        streams: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        ready: Ready,
        changed: Callable[[], None],
    ) -> None:
        """Wrap a process that has reported ready; ``changed`` is called after each report."""
        self.spec = spec
        self.ready = ready
        self.memory = ready.memory
        """Resident bytes, as last reported."""
        self.models = ready.models
        self.runs = 0
        self.current: RunInChild | None = None
        self._process = process
        self._reader, self._writer = streams
        self._changed = changed
        self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._watch())]

    @property
    def pid(self) -> int:
        """Process id, which is also that of its process group."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """False once the process has ended and was collected."""
        return self._process.returncode is None

    @property
    def growth(self) -> int:
        """Bytes more than at the start that no model explains."""
        models = self.models.host_bytes - self.ready.models.host_bytes
        return self.memory - self.ready.memory - models

    def begin(self, request: RunRequest) -> RunInChild:
        """Send a run to the child."""
        run = RunInChild(self)
        self.runs += 1
        self.current = run
        self._writer.write(request.model_dump_json().encode() + b"\n")
        if not self.alive:
            self._gone(self._process.returncode or 1)
        return run

    def signal(self, number: int) -> None:
        """Signal the child alone."""
        if self.alive:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        """End the child and every program that its runs started."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)

    async def end(self) -> None:
        """Let the child go: gently when it is idle, at once when it is not."""
        self._writer.close()
        try:
            async with asyncio.timeout(0 if self.current else ENDING_SECONDS):
                await self._process.wait()
        except TimeoutError:
            self.kill()
        await asyncio.gather(*self._tasks)

    async def _listen(self) -> None:
        with suppress(ConnectionError):
            while line := await self._reader.readline():
                try:
                    report = parse_report(line)
                except ValidationError:  # its memory is broken, or its code was changed under it
                    self.kill()
                    return
                self.memory, self.models = report.memory, report.models
                if isinstance(report, RunOutcome) and self.current is not None:
                    self.current.finish(report.status)
                    self.current = None
                self._changed()

    async def _watch(self) -> None:
        """Wait for the end of the process: a forked program may keep its socket open."""
        status = await self._process.wait()
        self.kill()  # what its last run left behind
        self._gone(status or 1)  # to end without a word is never well
        self._writer.close()
        self._changed()

    def _gone(self, status: int) -> None:
        if self.current is not None:
            self.current.finish(status)
            self.current = None


async def start_child(spec: ChildSpec, changed: Callable[[], None]) -> Child:
    """Start a child and wait until it has loaded what its kind asks for.

    Raises ``ServiceError`` when it ends before that or is made of other code than the worker.
    """
    ours, theirs = socket.socketpair()
    output = None if spec.streams else DEVNULL
    with theirs:
        process = await asyncio.create_subprocess_exec(
            *(
                sys.executable,
                "-m",
                "infra.workers.child.program",
                str(theirs.fileno()),
                *spec.preload,
            ),
            env=dict(spec.environment),
            pass_fds=(theirs.fileno(),),
            stdin=DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,  # Ctrl-C at the worker is for the worker to handle
        )
    streams = await asyncio.open_connection(sock=ours, limit=LINE_LIMIT)
    try:
        ready = _ready(await streams[0].readline(), process.pid)
    except BaseException:
        streams[1].close()
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        raise
    return Child(spec, process, streams, ready, changed)


def child_environment(variables: Mapping[str, str | None]) -> tuple[tuple[str, str], ...]:
    """Return what a child starts with: without what belongs to one run."""
    return tuple(
        sorted(
            (name, value)
            for name, value in variables.items()
            if value is not None and not name.startswith("PREFECT__")
        )
    )


def _ready(line: bytes, pid: int) -> Ready:
    if not line:
        raise ServiceError(
            f"The interpreter {pid} for flow runs exited during startup; "
            "see the worker's output for the reason."
        )
    try:
        report = parse_report(line)
    except ValidationError:
        report = None
    if not isinstance(report, Ready) or report.protocol != PROTOCOL:
        raise ServiceError(
            "The installed code is newer than the running worker; restart the worker."
        )
    return report

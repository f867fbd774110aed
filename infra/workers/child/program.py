"""A long-lived interpreter for flow runs: `python -m infra.workers.child.program DESCRIPTOR`.

It reads run requests from the socket with that file descriptor and runs one after another on its
main thread, where Prefect can time them out and cancel them. What it imported and loaded stays;
what a run changed around itself (environment, folder, import path) is restored. When the worker is
gone, it ends: at once when idle, else with its run, which gets SIGTERM after ``ORPHAN_SECONDS``.
"""

from __future__ import annotations

import contextvars
import gc
import importlib
import logging
import os
import queue
import runpy
import signal
import socket
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import psutil
from pydantic import BaseModel

from blocks.delivery import deliver
from infra.workers import prefect_private
from infra.workers.child.messages import (
    PROTOCOL,
    Evicted,
    ModelPoolStatus,
    ModelStatus,
    Ready,
    RunOutcome,
    RunRequest,
)
from reelworks.errors import ReelworksError, SettingsError
from reelworks.models.runtime.pool import pool
from reelworks.models.runtime.pool_state import pool_limits
from reelworks.settings import load_settings

log = logging.getLogger("reelworks.child")

ORPHAN_SECONDS = 60.0
"""How long a run may continue without its worker."""
EVICT_SECONDS = 5.0
"""How often an idle child looks for models that were not used for long."""


class WorkerConnection:
    """The socket to the worker, read by a thread so that its end is noticed during a run."""

    def __init__(self, descriptor: int) -> None:
        os.set_inheritable(descriptor, False)  # or a program of a run would hold it open
        self._socket = socket.socket(fileno=descriptor)
        self._requests: queue.SimpleQueue[RunRequest | None] = queue.SimpleQueue()
        self._idle = threading.Event()
        self._idle.set()
        threading.Thread(target=self._listen, name="worker-line", daemon=True).start()

    def requests(self, idle: Callable[[], None]) -> Iterator[RunRequest]:
        """Yield run requests until the worker is gone; ``idle`` is called now and then between."""
        while True:
            try:
                request = self._requests.get(timeout=EVICT_SECONDS)
            except queue.Empty:
                idle()
                continue
            if request is None:
                return
            yield request
            self._idle.set()

    def send(self, report: BaseModel) -> None:
        """Report to the worker; nothing happens when it is gone."""
        try:
            self._socket.sendall(report.model_dump_json().encode() + b"\n")
        except OSError:
            log.debug("The worker (process %s) has ended.", os.getpid())

    def _listen(self) -> None:
        with self._socket.makefile("rb") as lines:
            try:
                for line in lines:
                    request = RunRequest.model_validate_json(line)
                    self._idle.clear()  # now: the worker may be gone before the run begins
                    self._requests.put(request)
            except OSError:
                log.debug("Lost the connection to the worker (process %s).", os.getpid())
        self._requests.put(None)
        if not self._idle.wait(ORPHAN_SECONDS):
            os.kill(os.getpid(), signal.SIGTERM)  # the engine reports the run as crashed
            self._idle.wait(ORPHAN_SECONDS)
            os.kill(os.getpid(), signal.SIGKILL)


def main(descriptor: int, preload: list[str]) -> None:
    """Load what ``preload`` names, then serve run requests until the worker is gone."""
    worker = WorkerConnection(descriptor)
    prefect_private.share_tls_context()
    warnings.filterwarnings("ignore", message=".*found in sys.modules", module="runpy")
    faults = [*_set_limits(), *(fault for name in preload if (fault := _preload(name)))]
    gc.collect()
    gc.freeze()  # what was loaded stays: the collector need not look at it after every run
    worker.send(
        Ready(protocol=PROTOCOL, memory=_memory(), models=model_pool_status(), faults=faults)
    )

    def evict_idle() -> None:
        if pool.evict_idle():
            gc.collect()
            worker.send(Evicted(memory=_memory(), models=model_pool_status()))

    for request in worker.requests(evict_idle):
        status = perform(request)
        gc.collect()
        worker.send(RunOutcome(status=status, memory=_memory(), models=model_pool_status()))


def perform(request: RunRequest) -> int:
    """Run one flow run and return what its own process would have exited with."""
    with run_environment(request):
        try:
            contextvars.copy_context().run(run_engine, request.run_id)
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else int(end.code is not None)
        except BaseException:  # noqa: BLE001  # the end of a run, not of its interpreter
            status = 1
        else:
            status = 0
        deliver()
        prefect_private.forget_last_run()
    return status


def run_engine(run_id: UUID) -> None:
    """Run a flow run by the program ``python -m prefect.engine``, inside this process.

    Ends with ``SystemExit`` where that program would end with a status, and with the run's own
    ``BaseException`` where it would die of it.
    """
    prefect_private.forget_last_run()
    sys.argv = ["prefect.engine", str(run_id)]
    runpy.run_module("prefect.engine", run_name="__main__")


@contextmanager
def run_environment(request: RunRequest) -> Iterator[None]:
    """Lay a run's environment and folder over those of this process, and restore them after."""
    environment, folder, path = dict(os.environ), Path.cwd(), list(sys.path)
    arguments = list(sys.argv)
    modules = set(sys.modules)
    os.environ.update(request.environment)
    os.chdir(request.folder)
    sys.path.insert(0, request.folder)  # as with `python -m`: a flow may lie in the run's folder
    try:
        yield
    finally:
        for name in set(sys.modules) - modules:
            if (getattr(sys.modules[name], "__file__", None) or "").startswith(request.folder):
                del sys.modules[name]  # the next run's folder may hold another one
        os.environ.clear()
        os.environ.update(environment)
        os.chdir(folder)
        sys.path[:] = path
        sys.argv[:] = arguments


def model_pool_status() -> ModelPoolStatus:
    """Return the models of this process's pool and their memory."""
    snapshot = pool.snapshot()
    return ModelPoolStatus(
        models=[
            ModelStatus(
                key=model.key,
                loaded=model.loaded,
                loads=model.loads,
                hits=model.hits,
                load_seconds=model.load_seconds,
                host_bytes=model.memory.host,
                gpu_bytes=model.memory.gpu,
            )
            for model in snapshot.models
        ],
        host_bytes=snapshot.used.host,
        gpu_bytes=snapshot.used.gpu,
        evictions=snapshot.evictions,
    )


def _set_limits() -> list[str]:
    try:
        pool.limit(pool_limits(load_settings()))
    except SettingsError as error:
        return [str(error)]
    return []


def _preload(name: str) -> str | None:
    """Call ``module:function`` and return why it failed, if it did."""
    module, _, function = name.partition(":")
    try:
        called = importlib.import_module(module)
        if function:
            getattr(called, function)()
    except (
        ImportError,
        AttributeError,
        OSError,
        RuntimeError,
        ValueError,
        ReelworksError,
    ) as error:
        return f"{name} could not be preloaded: {error}"
    return None


def _memory() -> int:
    return int(psutil.Process().memory_info().rss)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])

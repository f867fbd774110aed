"""A long-lived interpreter for flow runs: `python -m infra.workers.child DESCRIPTOR`.

It reads orders from the socket with that file descriptor and runs one after another on its main
thread, where Prefect can time them out and cancel them. What it imported and loaded stays; what a
run changed around itself (environment, folder, import path) is put back. When the worker is gone,
it ends: at once when idle, else with its run, and after ``ORPHAN_SECONDS`` by telling the run to.
"""

from __future__ import annotations

import contextvars
import gc
import importlib
import logging
import os
import queue
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
from pydantic import BaseModel

from blocks.delivery import deliver
from infra.workers import prefect_private
from infra.workers.messages import (
    PROTOCOL,
    Evicted,
    ModelPoolStatus,
    ModelStatus,
    Outcome,
    Ready,
    RunRequest,
)
from reelworks.errors import ReelworksError, SettingsError
from reelworks.models.runtime.pool import limits_of, pool
from reelworks.settings import load_settings

log = logging.getLogger("reelworks.child")

ORPHAN_SECONDS = 60.0
"""How long a run may go on without its worker."""
EVICT_SECONDS = 5.0
"""How often an idle child looks for models that nobody has used for long."""


class Line:
    """The socket to the worker, read by a thread so that its end is noticed during a run."""

    def __init__(self, descriptor: int) -> None:
        os.set_inheritable(descriptor, False)  # or a program of a run would hold it open
        self._socket = socket.socket(fileno=descriptor)
        self._orders: queue.SimpleQueue[RunRequest | None] = queue.SimpleQueue()
        self._idle = threading.Event()
        self._idle.set()
        threading.Thread(target=self._listen, name="worker-line", daemon=True).start()

    def orders(self, idle: Callable[[], None]) -> Iterator[RunRequest]:
        """Yield orders until the worker is gone; ``idle`` is called now and then between them."""
        while True:
            try:
                order = self._orders.get(timeout=EVICT_SECONDS)
            except queue.Empty:
                idle()
                continue
            if order is None:
                return
            yield order
            self._idle.set()

    def send(self, report: BaseModel) -> None:
        """Tell the worker; nothing happens when it is gone."""
        try:
            self._socket.sendall(report.model_dump_json().encode() + b"\n")
        except OSError:
            log.debug("The worker of process %s is gone.", os.getpid())

    def _listen(self) -> None:
        with self._socket.makefile("rb") as lines:
            try:
                for line in lines:
                    order = RunRequest.model_validate_json(line)
                    self._idle.clear()  # here: the worker may be gone before the run begins
                    self._orders.put(order)
            except OSError:
                log.debug("The line to the worker of process %s broke.", os.getpid())
        self._orders.put(None)
        if not self._idle.wait(ORPHAN_SECONDS):
            os.kill(os.getpid(), signal.SIGTERM)  # the engine reports the run as crashed
            self._idle.wait(ORPHAN_SECONDS)
            os.kill(os.getpid(), signal.SIGKILL)


def main(descriptor: int, preload: list[str]) -> None:
    """Load what is asked for, then run orders until the worker is gone."""
    line = Line(descriptor)
    prefect_private.share_tls_context()
    faults = [*_set_limits(), *(fault for name in preload if (fault := _preload(name)))]
    gc.collect()
    gc.freeze()  # what is here now stays: the collector need not look at it after every run
    line.send(Ready(protocol=PROTOCOL, memory=_memory(), models=model_pool_status(), faults=faults))

    def evict_idle() -> None:
        if pool.evict_idle():
            gc.collect()
            line.send(Evicted(memory=_memory(), models=model_pool_status()))

    for order in line.orders(evict_idle):
        status = perform(order)
        gc.collect()
        line.send(Outcome(status=status, memory=_memory(), models=model_pool_status()))


def perform(order: RunRequest) -> int:
    """Run one flow run and return what its own process would have exited with."""
    with run_environment(order):
        try:
            contextvars.copy_context().run(prefect_private.execute, order.run_id)
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else int(end.code is not None)
        except BaseException:  # noqa: BLE001  # the end of a run, not of its interpreter
            status = 1
        else:
            status = 0
        deliver()
        prefect_private.forget_last_run()
    return status


@contextmanager
def run_environment(order: RunRequest) -> Iterator[None]:
    """Lay a run's environment and folder over those of this process, and put all back after."""
    environment, folder, path = dict(os.environ), Path.cwd(), list(sys.path)
    modules = set(sys.modules)
    os.environ.update(order.environment)
    os.chdir(order.folder)
    sys.path.insert(0, order.folder)  # as with `python -m`: a flow may lie in the run's folder
    try:
        yield
    finally:
        for name in set(sys.modules) - modules:
            if (getattr(sys.modules[name], "__file__", None) or "").startswith(order.folder):
                del sys.modules[name]  # the next run's folder may hold another one
        os.environ.clear()
        os.environ.update(environment)
        os.chdir(folder)
        sys.path[:] = path


def model_pool_status() -> ModelPoolStatus:
    """Return what the model pool of this process holds."""
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
        pool.limit(limits_of(load_settings()))
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
        return f"{name} could not be loaded ahead: {error}"
    return None


def _memory() -> int:
    return int(psutil.Process().memory_info().rss)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])

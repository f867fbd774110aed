"""Workers of ``bench.fleet.run`` that share one queue, and the phases of the benchmark."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import psutil
from prefect.client.schemas.objects import FlowRun, StateType
from rich.console import Console

from bench.fleet.prefect_runs import ended, runs
from infra.fleet.plan import HEARTBEAT

console = Console(highlight=False)
ROOT = Path(__file__).parents[2]
TIMEOUT_SECONDS = 3600.0
POLL_SECONDS = 1.0


@dataclass
class Phase:
    """A part of the benchmark with the same workers."""

    name: str
    began: datetime
    ended: datetime | None = None
    videos: int = 0

    @property
    def rate(self) -> float:
        """Videos a minute."""
        assert self.ended is not None
        return 60 * self.videos / (self.ended - self.began).total_seconds()


@dataclass
class Fleet:
    """The workers, the phases, and the runs as last seen."""

    folder: Path
    count: int
    workers: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    phases: list[Phase] = field(default_factory=list)
    seen: list[FlowRun] = field(default_factory=list)

    def begin_phase(self, name: str) -> None:
        """End the current phase and begin the next one."""
        now = datetime.now(UTC)
        if self.phases:
            self.phases[-1].ended = now
        self.phases.append(Phase(name, now))
        console.print(f"{len(ended(self.seen)):3d} done: {name}")

    def start(self, name: str, pool: str, cores: set[int] | None) -> None:
        """Start a worker that stands for a host with these cores."""
        threads = {"CPU_THREADS": str(len(cores))} if cores else {}
        query = {"PREFECT_WORKER_QUERY_SECONDS": "1"} if pool == "cpu" else {}
        environment = os.environ | HEARTBEAT | threads | query | {"GPU_POOL": "gpu"}
        command = [sys.executable, "-m", "prefect", "worker", "start", "--pool", pool]
        with (self.folder / f"{name}.log").open("wb") as log:
            worker = subprocess.Popen(
                [*command, "--name", name, "--limit", "1", "--install-policy", "never"],
                cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT,
            )  # fmt: skip
        if cores:
            psutil.Process(worker.pid).cpu_affinity(sorted(cores))  # children inherit it
        self.workers[name] = worker

    def until(self, enough: Callable[[], bool]) -> None:
        """Poll the runs until ``enough``; raises ``TimeoutError`` after an hour."""
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while time.monotonic() < deadline:
            self.seen = runs()
            if enough():
                return
            time.sleep(POLL_SECONDS)
        for run in self.seen:
            if run.state and not run.state.is_completed():
                console.print(
                    f"{run.name}: {run.state.name}, start {run.run_count}", run.state.message
                )
        raise TimeoutError(f"{len(ended(self.seen))} of {self.count} videos after an hour")

    def done(self, share: float) -> Callable[[], bool]:
        """Tell whether this share of the queue is done."""
        return lambda: len(ended(self.seen)) >= share * self.count

    def run_of(self, name: str) -> FlowRun | None:
        """Return the run that a worker is in the middle of."""
        family = {process.pid for process in _family(self.workers[name].pid)}
        for run in self.seen:
            pid = (run.infrastructure_pid or "").rpartition(":")[2]
            if run.state_type is StateType.RUNNING and pid.isdigit() and int(pid) in family:
                return run
        return None

    def kill(self, name: str) -> None:
        """Kill a worker with all its children at once, like a host that loses power."""
        for process in _family(self.workers.pop(name).pid):
            process.kill()

    def stop(self) -> None:
        """Stop the workers that are left."""
        for worker in self.workers.values():
            worker.terminate()
        for worker in self.workers.values():
            family = _family(worker.pid)
            try:
                worker.wait(timeout=30)
            except subprocess.TimeoutExpired:
                for process in family:
                    process.kill()


def _family(pid: int) -> list[psutil.Process]:
    try:
        worker = psutil.Process(pid)
        return [worker, *worker.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []

"""``make bench-fleet``: workers as separate processes share one queue of short videos.

All runs are put into the queue at once. One CPU worker starts on them; after a fifth a second one
joins; after three fifths a warm worker joins, and the stages that benefit from it go there by
themselves; after four fifths one CPU worker is killed with all its children (SIGKILL) in the
middle of a run, and nothing restarts it. Each worker represents a host: it is bound to cores of its
own where the machine has enough, and its models and ffmpeg get as many threads.

Shown: videos a minute in each part, what was computed twice, and what the killed worker cost.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import psutil
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.context import refresh_global_settings_context
from prefect.workers.base import BaseWorker
from rich.console import Console
from rich.table import Table

from bench.fleet_clips import make_clips
from bench.fleet_runs import computed, create, ended, runs, video_of
from infra.fleet.plan import HEARTBEAT
from reelworks.app.cli.environment import use_services
from reelworks.settings import load_settings

console = Console(highlight=False)
ROOT = Path(__file__).parents[1]
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
        """Start a worker that represents a host with these cores."""
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


def main() -> None:
    """Parse the arguments, run the fleet, print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--videos", type=int, default=50, help="number of videos, at least 5")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="reelworks-fleet-") as name:
        folder = Path(name)
        os.environ["DATA_DIR"] = str(folder / "data")
        clips = make_clips(folder, max(5, arguments.videos))
        with use_services(load_settings()):
            refresh_global_settings_context()  # Prefect has read its environment at its import
            subprocess.run(
                [sys.executable, "-m", "reelworks.app.cli", "deploy", "--no-docker"],
                cwd=ROOT, check=True, stdout=subprocess.DEVNULL,
            )  # fmt: skip
            create(clips)
            fleet = Fleet(folder, len(clips))
            try:
                lost = _share_the_queue(fleet)
            finally:
                fleet.stop()
            _print(fleet, lost)


@dataclass(frozen=True, slots=True)
class Lost:
    """The run that the killed worker was in the middle of."""

    run: FlowRun
    killed_at: datetime


def _share_the_queue(fleet: Fleet) -> Lost:
    """Start and kill workers until the queue is empty; return the run that was killed."""
    first, second = _hosts()
    fleet.begin_phase("one CPU worker")
    fleet.start("cpu-1", "cpu", first)
    fleet.until(fleet.done(0.2))
    fleet.begin_phase("two CPU workers")
    fleet.start("cpu-2", "cpu", second)
    fleet.until(fleet.done(0.6))
    if BaseWorker.get_worker_class_from_type("warm-process") is None:
        raise SystemExit("The worker type warm-process is not installed: pip install -e .")
    fleet.begin_phase("two CPU workers and a warm one")
    fleet.start("warm", "gpu", None)
    fleet.until(fleet.done(0.8))
    lost = _kill_one(fleet)
    fleet.until(fleet.done(1.0))
    fleet.phases[-1].ended = datetime.now(UTC)
    return lost


def _kill_one(fleet: Fleet) -> Lost:
    """Kill the first CPU worker that is seen in the middle of a run."""
    found: list[tuple[str, FlowRun]] = []

    def busy() -> bool:
        found[:] = [(name, run) for name in ("cpu-1", "cpu-2") if (run := fleet.run_of(name))]
        return bool(found) or fleet.done(1.0)()

    fleet.until(busy)
    if not found:
        raise SystemExit("The queue was empty before a worker could be killed: more --videos.")
    name, run = found[0]
    fleet.begin_phase("one CPU worker and a warm one, the other killed")
    fleet.kill(name)
    return Lost(run, datetime.now(UTC))


def _hosts() -> tuple[set[int] | None, set[int] | None]:
    """Return the cores of the two CPU workers; None where there are too few."""
    cores = sorted(psutil.Process().cpu_affinity())
    half = len(cores) // 2
    return (set(cores[:half]), set(cores[half : 2 * half])) if half else (None, None)


def _print(fleet: Fleet, lost: Lost) -> None:
    finished = ended(fleet.seen)
    for phase in fleet.phases:
        assert phase.ended is not None
        phase.videos = sum(
            phase.began <= run.end_time < phase.ended for run in finished if run.end_time
        )
    table = Table("workers", "#videos", "seconds", "videos/min", "of one worker", title="Queue")
    for phase in fleet.phases:
        assert phase.ended is not None
        seconds = (phase.ended - phase.began).total_seconds()
        ratio = phase.rate / fleet.phases[0].rate if fleet.phases[0].videos else float("nan")
        table.add_row(
            phase.name, str(phase.videos), f"{seconds:.0f}", f"{phase.rate:.1f}", f"{ratio:.2f}"
        )
    console.print(table)
    computations, answered = computed()
    twice = {call: times for call, times in computations.items() if times > 1}
    videos = len({video for video, _ in computations})
    console.print(
        f"{len(finished)} of {fleet.count} runs completed; {videos} videos, "
        f"{sum(computations.values())} stages computed, {len(twice)} of them twice; "
        f"{answered} answered from the cache."
    )
    for (video, stage), times in twice.items():
        console.print(f"computed {times} times: {stage} of {video}")
    _print_lost(fleet, lost)


def _print_lost(fleet: Fleet, lost: Lost) -> None:
    after = next(run for run in fleet.seen if run.id == lost.run.id)
    assert lost.run.start_time is not None
    assert after.end_time is not None
    spent = (lost.killed_at - lost.run.start_time).total_seconds()
    back = (after.end_time - lost.killed_at).total_seconds()
    console.print(
        f"The killed worker lost {spent:.1f} s of one run ({video_of(after)}); that video was "
        f"ready {back:.0f} s after the kill, at its start number {after.run_count}."
    )


if __name__ == "__main__":
    main()

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
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil
from prefect.client.schemas.objects import FlowRun
from prefect.context import refresh_global_settings_context
from prefect.workers.base import BaseWorker
from rich.console import Console
from rich.table import Table

from bench.fleet.clips import make_clips
from bench.fleet.prefect_runs import computed, create, ended, video_of
from bench.fleet.shared_queue import Fleet
from reelworks.app.cli.environment import use_services
from reelworks.settings import load_settings

console = Console(highlight=False)
ROOT = Path(__file__).parents[2]


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

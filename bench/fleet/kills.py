"""``make bench-kills``: kill one process after another under load, and count the jobs.

Real services and processes on this machine: PostgreSQL, the S3 server, the Prefect server, a
dispatcher and two warm workers. Jobs (naps of a second or so) are queued while one process after
another is killed with SIGKILL and started again, as a supervisor would do. Counted at the end: jobs
that were lost, done twice, or stuck longer than a lease and a heartbeat.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import psutil
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.context import refresh_global_settings_context
from prefect.types.entrypoint import EntrypointType
from rich.console import Console
from rich.table import Table
from sqlalchemy import Engine, text

from bench.fleet.job_flows import nap
from infra.fleet.plan import HEARTBEAT
from infra.services.supervision import supervisor
from infra.services.supervision.state import Service, read_state
from infra.workers.warm_process import WarmProcessWorker
from reelworks.app.cli.environment import open_database, use_environment
from reelworks.domain.jobs.job import JobSelection, JobStatus, NewJob
from reelworks.settings import Settings, load_settings
from reelworks.store.db.database import transaction
from reelworks.store.jobs.dispatchers import has_dispatcher
from reelworks.store.jobs.jobs import add_jobs, count_jobs, list_jobs

console = Console(highlight=False)
error_console = Console(highlight=False, stderr=True)
ROOT = Path(__file__).parents[2]
POOL = "naps"
LEASE_SECONDS = 6.0
HEARTBEAT_SECONDS = LEASE_SECONDS / 3
NAP_SECONDS = 2.0
TARGETS = ("flow process", "worker", "dispatcher", "Prefect server", "PostgreSQL")
EMBEDDED = {"Prefect server": Service.PREFECT, "PostgreSQL": Service.POSTGRES}
POLL_SECONDS = 0.2
RESTART_SECONDS = 1.0
"""From a kill to the restart."""


@dataclass
class Count:
    """Results of the experiment."""

    kills: Counter[str] = field(default_factory=Counter)
    jobs: int = 0
    done: int = 0
    lost: int = 0
    doubled: int = 0
    stuck: int = 0
    restarted: int = 0
    """Jobs that needed more than one attempt."""
    naps: int = 0
    """Completed naps, also those of runs that were killed before they could report them."""
    longest_silence: float = 0.0
    """Longest time, in seconds, that an expired lease was not taken over."""
    longest_while_up: float = 0.0
    """The same, counting only the time in which the dispatcher and the servers were running."""
    seconds: float = 0.0


@dataclass
class LeaseMonitor:
    """Looks for jobs whose lease has expired."""

    engine: Engine
    count: Count
    up_since: datetime | None = None
    """When the dispatcher and the servers were running again, by the database's clock."""

    def outage(self) -> None:
        """Record that a process was killed."""
        self.up_since = None

    def look_for(self, seconds: float) -> None:
        """Look repeatedly for so many seconds."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.look()
            time.sleep(POLL_SECONDS)

    def look(self) -> None:
        """Look once; the servers must be running."""
        has_one = has_dispatcher(self.engine)
        query = text(
            "SELECT now() AS now, max(extract(epoch FROM now() - expires_at)) AS overdue,"
            " max(extract(epoch FROM now() - greatest(expires_at, CAST(:up AS timestamptz))))"
            " AS while_up"
            " FROM jobs WHERE status = 'processing'"
        )
        with transaction(self.engine) as connection:
            row = connection.execute(query, {"up": self.up_since}).one()
        self.count.longest_silence = max(self.count.longest_silence, float(row.overdue or 0.0))
        if self.up_since is not None:
            self.count.longest_while_up = max(self.count.longest_while_up, float(row.while_up or 0))
        elif has_one:
            self.up_since = row.now


class Processes:
    """The processes that are killed, each started again by the benchmark."""

    def __init__(self, folder: Path, settings: Settings, chance: random.Random) -> None:
        self._folder = folder
        self._settings = settings
        self._chance = chance
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self) -> None:
        """Start the dispatcher and two workers, or those of them that are dead."""
        for name, command in self._commands().items():
            process = self._running.get(name)
            if process is None or process.poll() is not None:
                with (self._folder / f"{name}.log").open("ab") as log:
                    self._running[name] = subprocess.Popen(
                        command, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT,
                        env=os.environ | HEARTBEAT | {"PREFECT_WORKER_QUERY_SECONDS": "0.5"},
                    )  # fmt: skip

    def _commands(self) -> dict[str, list[str]]:
        worker = [sys.executable, "-m", "prefect", "worker", "start", "--pool", POOL]
        return {
            "dispatcher": [sys.executable, "-m", "reelworks.app.dispatcher"],
            "worker-1": [*worker, "--name", "one", "--limit", "2"],
            "worker-2": [*worker, "--name", "two", "--limit", "2"],
        }

    def kill(self, target: str) -> bool:
        """Kill a process of this kind; False when there is none at the moment."""
        pid = self._pid(target)
        if pid is None:
            return False
        psutil.Process(pid).kill()
        return True

    def _pid(self, target: str) -> int | None:
        if target == "dispatcher":
            return self._running["dispatcher"].pid
        if target in EMBEDDED:
            state = read_state(self._settings.data_dir / "run")
            running = state.alive(EMBEDDED[target])
            return running.process.pid if running else None
        worker = self._running[self._chance.choice(["worker-1", "worker-2"])]
        if target == "worker":
            return worker.pid
        return next((one.pid for one in _children(worker.pid)), None)

    def stop(self) -> None:
        """Stop all processes, with the workers' children."""
        for process in self._running.values():
            family = _children(process.pid)
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
            for child in family:
                if child.is_running():
                    child.kill()


def _children(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def run_experiment(folder: Path, jobs: int, kills: int, seed: int = 1) -> Count:
    """Run the experiment in ``folder`` and return the count."""
    os.environ |= {"DATA_DIR": str(folder / "data"), "JOB_LEASE_SECONDS": str(LEASE_SECONDS)}
    os.environ |= {"WORKER_POLL_MS": "200", "WORKER_MAX_ATTEMPTS": "20"}
    base = load_settings()
    endpoints = supervisor.up(base, programs=())
    try:
        with use_environment(endpoints.environment()):
            refresh_global_settings_context()  # Prefect has read its environment at its import
            settings = load_settings()
            asyncio.run(_deploy())
            with open_database(settings) as engine:
                chance = random.Random(seed)
                processes = Processes(folder, settings, chance)
                return _experiment(processes, base, engine, (jobs, kills), chance)
    finally:
        supervisor.down(base, force=True)


async def _deploy() -> None:
    template = WarmProcessWorker.get_default_base_job_template()
    async with get_client() as client:
        pool = WorkPoolCreate(name=POOL, type="warm-process", base_job_template=template)
        await client.create_work_pool(pool, overwrite=True)
        made = await nap.ato_deployment(
            POOL, work_pool_name=POOL, entrypoint_type=EntrypointType.MODULE_PATH
        )
        await made.apply()


def _experiment(
    processes: Processes,
    settings: Settings,
    engine: Engine,
    size: tuple[int, int],
    chance: random.Random,
) -> Count:
    jobs, kills = size
    log_file = processes._folder / "naps"
    log_file.touch()
    count = Count(jobs=jobs)
    began = time.monotonic()
    processes.start()
    monitor = LeaseMonitor(engine, count)
    names = [f"nap-{number:04d}" for number in range(jobs)]
    order = [TARGETS[number % len(TARGETS)] for number in range(kills)]
    every = max(1, jobs // max(kills, 1))
    try:
        for number, target in enumerate(order):
            _put(engine, names[number * every : (number + 1) * every], log_file, chance)
            monitor.look_for(chance.uniform(1.0, 3.0))
            count.kills[target] += processes.kill(target)
            monitor.outage()
            time.sleep(RESTART_SECONDS)
            supervisor.restart_dead(settings)
            processes.start()
        _put(engine, names[kills * every :], log_file, chance)
        _wait(engine, monitor, count, jobs)
    finally:
        processes.stop()
    count.seconds = time.monotonic() - began
    _count(engine, names, log_file, count)
    return count


def _put(engine: Engine, names: list[str], log_file: Path, chance: random.Random) -> None:
    add_jobs(
        engine,
        [
            NewJob(
                name,
                None,
                kind="nap",
                params={"seconds": chance.uniform(0.2, 2 * NAP_SECONDS), "log_file": str(log_file)},
            )
            for name in names
        ],
    )


def _wait(engine: Engine, monitor: LeaseMonitor, count: Count, jobs: int) -> None:
    """Wait for the last jobs; jobs without progress for a minute are stuck."""
    last, since = -1, time.monotonic()
    while True:
        counts = count_jobs(engine)
        over = sum(number for status, number in counts.items() if status.is_over)
        monitor.look()
        if over >= jobs:
            return
        if over != last:
            last, since = over, time.monotonic()
        if time.monotonic() - since > 60 + 2 * LEASE_SECONDS:
            count.stuck = jobs - over
            return
        time.sleep(0.5)


def _count(engine: Engine, names: list[str], log_file: Path, count: Count) -> None:
    count.done = count_jobs(engine)[JobStatus.DONE]
    with transaction(engine) as connection:
        repeated = text("SELECT count(*) FROM jobs WHERE attempts > 1")
        count.restarted = connection.scalar(repeated) or 0
        rows = int(connection.scalar(text("SELECT count(*) FROM jobs")) or 0)
        twice = (
            "SELECT count(*) FROM (SELECT job_id FROM job_events WHERE status = 'done'"
            " GROUP BY job_id HAVING count(*) > 1) AS twice"
        )
        count.doubled = connection.scalar(text(twice)) or 0
    count.lost = len(names) - rows + (rows - count.done - count.stuck)
    for job in list_jobs(
        engine, JobSelection(statuses=frozenset(JobStatus) - {JobStatus.DONE}), limit=9
    ):
        error_console.print(
            f"{job.id} is {job.status.value} after {job.attempts} attempts: {job.error}"
        )
    count.naps = len(log_file.read_text(encoding="utf-8").splitlines())


def main() -> None:
    """Run the experiment and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=200)
    parser.add_argument("--kills", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="rwk-", ignore_cleanup_errors=True) as folder:
        count = run_experiment(Path(folder), arguments.jobs, arguments.kills, arguments.seed)
    if arguments.json:
        print(json.dumps(vars(count)))
        return
    table = Table("killed", "#times", title=f"{count.jobs} jobs, {count.seconds:.0f} s")
    for target, times in count.kills.items():
        table.add_row(target, str(times))
    console.print(table)
    console.print(
        f"done {count.done}, lost {count.lost}, done twice {count.doubled}, stuck {count.stuck}; "
        f"{count.restarted} jobs needed another attempt; {count.naps} naps completed; a lease "
        f"of {LEASE_SECONDS:.0f} s was overdue by at most {count.longest_silence:.1f} s, and by "
        f"{count.longest_while_up:.1f} s while the dispatcher and the servers were running."
    )


if __name__ == "__main__":
    main()

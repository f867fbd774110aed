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
import tempfile
import time
from pathlib import Path

from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.context import refresh_global_settings_context
from prefect.types.entrypoint import EntrypointType
from rich.console import Console
from rich.table import Table
from sqlalchemy import Engine, text

from bench.fleet.job_flows import nap
from bench.fleet.kill_targets import POOL, TARGETS, Processes
from bench.fleet.lease_monitor import Count, LeaseMonitor
from infra.services.supervision import supervisor
from infra.workers.warm_process import WarmProcessWorker
from reelworks.app.cli.environment import open_database, use_environment
from reelworks.domain.jobs.job import JobSelection, JobStatus, NewJob
from reelworks.settings import Settings, load_settings
from reelworks.store.db.database import transaction
from reelworks.store.jobs.jobs import add_jobs, count_jobs, list_jobs

console = Console(highlight=False)
error_console = Console(highlight=False, stderr=True)
LEASE_SECONDS = 6.0
HEARTBEAT_SECONDS = LEASE_SECONDS / 3
NAP_SECONDS = 2.0
RESTART_SECONDS = 1.0
"""From a kill to the restart."""


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
    log_file = processes.folder / "naps"
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

"""``make bench-backfill``: a backfill of thousands of videos, and what it costs the servers.

PostgreSQL, the Prefect server, the job queue and the dispatcher are the real ones. Only the work is
simulated: this process takes the runs from the pool as a worker does, and leases their jobs as a
run does, but sleeps instead of computing. So the numbers show the overhead alone, at its limit.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.context import refresh_global_settings_context
from prefect.states import Completed, Pending, Running
from prefect.types.entrypoint import EntrypointType
from rich.console import Console
from rich.table import Table
from sqlalchemy import text

from bench.load.backfill_samples import NAME, BackfillBench
from infra.services.supervision.state import Service
from reelworks.app.cli.environment import open_database, use_services
from reelworks.domain.jobs.backfill import Limits
from reelworks.domain.jobs.progress import StageProgress
from reelworks.domain.jobs.result import JobResult
from reelworks.domain.library.selection import VideoSelection
from reelworks.errors import LeaseLostError
from reelworks.settings import load_settings
from reelworks.store.jobs import leases
from reelworks.store.jobs.attempts import Attempt
from reelworks.store.jobs.backfill.begin import BackfillVideo, NewBackfill, begin_backfill
from reelworks.store.jobs.backfill.slots import claim_of_backfills
from reelworks.store.jobs.handover import Openings
from reelworks.store.jobs.leases import Heartbeat

console = Console(highlight=False)
POOL = "cpu"
LEASE = 120.0
POLL_SECONDS = 5.0
NOTHING = Heartbeat({"ingest": StageProgress("done", seconds=0.0)}, {}, Decimal(0))


async def deploy(client: PrefectClient) -> None:
    """Make the pool and put the flow ``index`` into it."""
    from flows.index import index

    await client.create_work_pool(WorkPoolCreate(name=POOL, type="process"))
    made = await index.ato_deployment(
        POOL, work_pool_name=POOL, entrypoint_type=EntrypointType.MODULE_PATH
    )
    await made.apply()  # type: ignore[misc]  # it is a coroutine inside a running loop


async def work(bench: BackfillBench, stop: asyncio.Event) -> None:
    """Take runs from the pool and simulate them, several at once."""
    free = asyncio.Semaphore(bench.concurrency)
    tasks: set[asyncio.Task[None]] = set()
    async with get_client() as client:
        last_beat = 0.0
        while not stop.is_set():
            if time.monotonic() - last_beat > 10:
                await client.send_worker_heartbeat(POOL, NAME, heartbeat_interval_seconds=30)
                last_beat = time.monotonic()
            found = await client.get_scheduled_flow_runs_for_work_pool(POOL)
            for one in found:
                await free.acquire()
                task = asyncio.ensure_future(_run(bench, client, one.flow_run))
                tasks.add(task)
                task.add_done_callback(tasks.discard)
                task.add_done_callback(lambda _: free.release())
            if not found:
                await asyncio.sleep(0.2)
        await asyncio.gather(*tasks, return_exceptions=True)


async def _run(bench: BackfillBench, client: PrefectClient, run: Any) -> None:
    job = run.parameters["params"]["job"]
    attempt, run_id = Attempt(job["id"], job["attempt"]), str(run.id)
    accepted: Any = await client.set_flow_run_state(run.id, Pending())
    if accepted.status.value != "ACCEPT":
        return
    await client.set_flow_run_state(run.id, Running())
    try:
        await asyncio.to_thread(leases.begin, bench.engine, attempt, run_id, LEASE)
        await asyncio.sleep(bench.work_seconds)
        await asyncio.to_thread(leases.finish, bench.engine, attempt, run_id, NOTHING, JobResult())
    except LeaseLostError:
        bench.late.append(run_id)
    await client.set_flow_run_state(run.id, Completed())


def fill(bench: BackfillBench) -> float:
    """Queue the jobs of the backfill; return the seconds that it took."""
    started = time.monotonic()
    new = NewBackfill(
        id=NAME,
        selection=VideoSelection(source="/simulated"),
        limits=Limits(in_flight=1000),
        plan={"videos": bench.count},
        videos=[
            BackfillVideo(f"sim-{n:06d}", f"/simulated/{n:06d}.mp4") for n in range(bench.count)
        ],
    )
    begin_backfill(bench.engine, new)
    return time.monotonic() - started


def claims(bench: BackfillBench, times: int = 30) -> list[float]:
    """Return how long single claims take while all jobs wait; the dispatcher takes them over."""
    seconds = []
    for _ in range(times):
        started = time.perf_counter()
        claim_of_backfills(bench.engine, "bench", 0.5, Openings(1))
        seconds.append(time.perf_counter() - started)
    return seconds


async def run_all(bench: BackfillBench, window: int, minutes: float) -> None:
    """Let the dispatcher and the workers finish all runs, or as many as they can in ``minutes``."""
    async with get_client() as client:
        await deploy(client)
    stop = asyncio.Event()
    worker = asyncio.ensure_future(work(bench, stop))
    await asyncio.sleep(1.0)
    environment = os.environ | {"JOBS_IN_FLIGHT": str(window), "JOB_LEASE_SECONDS": "60"}
    with (bench.folder / "dispatcher.log").open("wb") as log:
        dispatcher = subprocess.Popen(
            [sys.executable, "-m", "reelworks.app.dispatcher"],
            env=environment, stdout=log, stderr=subprocess.STDOUT,
        )  # fmt: skip
    started = time.monotonic()
    try:
        while True:
            sample = await asyncio.to_thread(bench.measure, started)
            console.print(
                f"{sample.at:6.0f} s  {sample.done:6d} done  Prefect {sample.prefect_mb:.0f} MB"
            )
            if sample.done >= bench.count or sample.at > 60 * minutes:
                break
            assert dispatcher.poll() is None, (bench.folder / "dispatcher.log").read_text()[-2000:]
            await asyncio.sleep(POLL_SECONDS)
    finally:
        stop.set()
        dispatcher.terminate()
        dispatcher.wait(timeout=30)
        await asyncio.wait_for(worker, 60)


def report(bench: BackfillBench, filled: float, claimed: list[float]) -> None:
    """Print the table."""
    first, last = bench.samples[0], bench.samples[-1]
    rate = last.done / last.at
    half = next(one for one in bench.samples if one.done >= last.done / 2)
    late_rate = (last.done - half.done) / max(last.at - half.at, 1e-9)
    cpu = last.prefect_cpu - first.prefect_cpu
    with bench.engine.connect() as connection:
        runs = connection.scalar(text("SELECT count(*) FROM jobs WHERE attempts > 1")) or 0
    table = Table("what", "#value", title=f"{last.done} of {bench.count} simulated runs")
    for name, value in {
        "queueing the jobs": f"{filled:.1f} s",
        "a claim with all of them waiting, median / slowest":
            f"{1000 * statistics.median(claimed):.1f} / {1000 * max(claimed):.1f} ms",
        "throughput": f"{rate:.1f} runs/s ({60 * rate:.0f} a minute)",
        "throughput of the second half": f"{late_rate:.1f} runs/s",
        "CPU of the Prefect server for a run": f"{1000 * cpu / last.done:.0f} ms",
        "share of one core that it used": f"{100 * cpu / last.at:.0f} %",
        "memory of the Prefect server, start / end / most":
            f"{first.prefect_mb:.0f} / {last.prefect_mb:.0f} / "
            f"{max(one.prefect_mb for one in bench.samples):.0f} MB",
        "memory of PostgreSQL, most": f"{max(one.postgres_mb for one in bench.samples):.0f} MB",
        "database of the jobs": f"{first.jobs_mb:.0f} -> {last.jobs_mb:.0f} MB",
        "Prefect's database":
            f"{first.prefect_database_mb:.0f} -> {last.prefect_database_mb:.0f} MB",
        "jobs with a second attempt": str(runs),
        "runs that came too late": str(len(bench.late)),
    }.items():  # fmt: skip
        table.add_row(name, value)
    console.print(table)


def main() -> None:
    """Parse the arguments, run the benchmark, print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--window", type=int, default=64, help="flow runs in Prefect at once")
    parser.add_argument("--concurrency", type=int, default=32, help="runs worked on at once")
    parser.add_argument("--work", type=float, default=0.5, help="seconds of a run")
    parser.add_argument("--minutes", type=float, default=60.0, help="stop after so many minutes")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="reelworks-backfill-") as name:
        folder = Path(name)
        os.environ["DATA_DIR"] = name
        parts = (Service.POSTGRES, Service.STORE, Service.PREFECT)
        with use_services(load_settings(), parts) as settings, open_database(settings) as engine:
            refresh_global_settings_context()  # Prefect has read its environment at its import
            size = (arguments.runs, arguments.work, arguments.concurrency)
            bench = BackfillBench(engine, folder, *size)
            filled, claimed = fill(bench), claims(bench)
            asyncio.run(run_all(bench, arguments.window, arguments.minutes))
            report(bench, filled, claimed)


if __name__ == "__main__":
    main()

"""The stock process worker against the warm worker, in one run on one server.

    make bench-workers                   or: python -m bench.fleet.workers RUNS

Both workers ask for runs every 0.25 s and run one at a time. Times are those of the states that
Prefect records. ``nothing`` is a flow without content; ``embed`` loads MiniLM through the model
pool; a call is a flow that runs ``embed`` as a deployment and waits for it.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
from rich.console import Console
from rich.table import Table

from infra.services.supervision.state import Service
from infra.services.supervision.supervisor import running
from reelworks.settings import Settings

if TYPE_CHECKING:
    from prefect.client.orchestration import PrefectClient

ROOT = Path(__file__).parents[2]
RUNS = int(sys.argv[1]) if len(sys.argv) > 1 else 10
CALLS = 5
QUERY_SECONDS = "0.25"
KINDS = {"process": "stock", "warm-process": "warm"}
HEADER = ("", "to start, 1st", "last", "median", "to end, 1st", "last", "median")
console = Console()


@dataclass
class Timed:
    """Seconds from the creation of runs to their start and to their end."""

    to_start: list[float] = field(default_factory=list)
    to_end: list[float] = field(default_factory=list)

    def row(self, name: str) -> list[str]:
        """Return a line of the table."""
        cells = [name]
        for seconds in (self.to_start, self.to_end):
            cells += [f"{x:.2f}" for x in (seconds[0], seconds[-1], statistics.median(seconds))]
        return cells


@dataclass
class Measured:
    """What one kind of worker did."""

    nothing: Timed
    embed: Timed
    loads: int
    """Times that the model was loaded for all runs of ``embed``, one process after another."""
    to_compute: list[float]
    """Seconds from the call in a flow to the first computation."""
    hop: list[float]
    """Seconds from the call in a flow to the known end."""
    idle: int
    """Bytes of the worker and its children before the first run."""
    loaded: int
    """The same after the last one."""


def main() -> None:
    """Measure both kinds of worker and print a table."""
    with tempfile.TemporaryDirectory(prefix="rw-bench-", ignore_cleanup_errors=True) as folder:
        unset = ("database_url", "prefect_api_url", "s3_endpoint_url")
        bare = Settings(_env_file=None, data_dir=Path(folder), **dict.fromkeys(unset))
        with running(bare, (Service.PREFECT,)) as endpoints:
            os.environ |= {
                **endpoints.environment(),
                "DATA_DIR": folder,
                "PREFECT_HOME": f"{folder}/client",
                "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
                "PYTHONPATH": str(ROOT),
            }
            measured = {kind: _measure(kind, Path(folder)) for kind in KINDS}
    _print(measured)


def _measure(kind: str, folder: Path) -> Measured:
    log_file = folder / f"{kind}.jsonl"
    asyncio.run(_deploy(kind))
    with _worker(kind, folder / f"{kind}.log") as worker:
        idle = _memory(worker.pid)
        nothing = asyncio.run(_run_many("nothing", kind, {}))
        embed = asyncio.run(_run_many("embed", kind, {"log_file": str(log_file)}))
        calls = asyncio.run(_call_many(kind, log_file))
        loaded = _memory(worker.pid)
    records = [json.loads(line) for line in log_file.read_text().splitlines()]
    loads = {one["pid"]: one["loads"] for one in records[:RUNS]}
    return Measured(
        nothing=nothing,
        embed=embed,
        loads=sum(loads.values()),
        to_compute=[
            one["computing"] - called
            for one, (called, _) in zip(records[RUNS:], calls, strict=True)
        ],
        hop=[ended - called for called, ended in calls],
        idle=idle,
        loaded=loaded,
    )


async def _deploy(kind: str) -> None:
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.actions import WorkPoolCreate
    from prefect.types.entrypoint import EntrypointType
    from prefect.workers.base import BaseWorker

    from bench.fleet.worker_flows import embed, nothing

    made = BaseWorker.get_worker_class_from_type(kind)
    if made is None:
        raise SystemExit(f"Prefect knows no worker type {kind}: reinstall the project.")
    async with get_client() as client:
        await client.create_work_pool(
            WorkPoolCreate(
                name=kind, type=kind, base_job_template=made.get_default_base_job_template()
            )
        )
    for flow in (nothing, embed):
        deployment = await flow.ato_deployment(
            kind, work_pool_name=kind, entrypoint_type=EntrypointType.MODULE_PATH
        )
        await deployment.apply()


@contextmanager
def _worker(kind: str, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as output:
        worker = subprocess.Popen(
            [sys.executable, "-m", "prefect", "worker", "start", "--pool", kind, "--limit", "1"],
            env=os.environ | {"PREFECT_WORKER_QUERY_SECONDS": QUERY_SECONDS},
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        deadline = time.monotonic() + 120
        while b"started!" not in log.read_bytes():
            if time.monotonic() > deadline or worker.poll() is not None:
                raise SystemExit(f"The worker did not start:\n{log.read_text()[-2000:]}")
            time.sleep(0.1)
        time.sleep(6)  # a warm worker's child starts meanwhile
        yield worker
    finally:
        worker.terminate()
        worker.wait(90)


async def _run_many(name: str, kind: str, parameters: dict[str, Any]) -> Timed:
    from prefect.client.orchestration import get_client

    timed = Timed()
    async with get_client() as client:
        for _ in range(RUNS):
            created, started, ended = await _run_one(client, f"{name}/{kind}", parameters)
            timed.to_start.append(started - created)
            timed.to_end.append(ended - created)
    return timed


async def _run_one(
    client: PrefectClient, deployment: str, parameters: dict[str, Any]
) -> tuple[float, float, float]:
    found = await client.read_deployment_by_name(deployment)
    made = await client.create_flow_run_from_deployment(found.id, parameters=parameters)
    while True:
        await asyncio.sleep(0.05)
        run = await client.read_flow_run(made.id)
        if run.state is not None and run.state.is_final():
            break
    if not run.state.is_completed():
        raise SystemExit(f"{deployment} ended as {run.state}")
    if run.created is None or run.start_time is None or run.end_time is None:
        raise SystemExit(f"{deployment} has no times.")
    return run.created.timestamp(), run.start_time.timestamp(), run.end_time.timestamp()


async def _call_many(kind: str, log_file: Path) -> list[tuple[float, float]]:
    from bench.fleet.worker_flows import call

    return [await call(f"embed/{kind}", str(log_file)) for _ in range(CALLS)]


def _memory(pid: int) -> int:
    worker = psutil.Process(pid)
    family = (worker, *worker.children(recursive=True))
    return sum(one.memory_full_info().pss for one in family)


def _print(measured: dict[str, Measured]) -> None:
    table = Table(*HEADER, title=f"Seconds from a run's creation, {RUNS} runs one at a time")
    for kind, one in measured.items():
        table.add_row(*one.nothing.row(f"nothing, {KINDS[kind]}"))
    for kind, one in measured.items():
        table.add_row(*one.embed.row(f"embed, {KINDS[kind]}"))
    console.print(table)
    facts = Table("", *(KINDS[kind] for kind in measured), title="A stage as a deployment")
    median = statistics.median
    rows: list[tuple[str, list[str]]] = [
        (f"model loads for {RUNS} runs", [str(m.loads) for m in measured.values()]),
        (
            "s from the call to the first computation (goal 0.3 warm)",
            [f"{median(m.to_compute):.2f}" for m in measured.values()],
        ),
        (
            "s for the whole hop (goal 0.8 warm)",
            [f"{median(m.hop):.2f}" for m in measured.values()],
        ),
        ("MB, worker idle", [f"{m.idle / 1e6:.0f}" for m in measured.values()]),
        ("MB, model loaded", [f"{m.loaded / 1e6:.0f}" for m in measured.values()]),
    ]
    for name, cells in rows:
        facts.add_row(name, *cells)
    console.print(facts)


if __name__ == "__main__":
    main()

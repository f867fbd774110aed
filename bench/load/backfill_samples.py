"""What ``bench.load.backfill`` measures of the servers, and how far the backfill is."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from sqlalchemy import Engine, text

from infra.services.supervision.state import Service, read_state
from reelworks.domain.jobs.job import JobStatus
from reelworks.store.jobs.backfill.backfills import get_backfill

NAME = "bench"
"""Id of the backfill."""


@dataclass
class ServerSample:
    """One measurement of the servers."""

    at: float
    done: int
    prefect_mb: float
    postgres_mb: float
    jobs_mb: float
    prefect_database_mb: float
    prefect_cpu: float
    """Seconds of CPU since its start."""


@dataclass
class BackfillBench:
    """The parts of one benchmark."""

    engine: Engine
    folder: Path
    count: int
    work_seconds: float
    concurrency: int
    samples: list[ServerSample] = field(default_factory=list)
    late: list[str] = field(default_factory=list)
    """Runs whose job another run had taken over."""

    def process(self, part: Service) -> psutil.Process:
        """Return the main process of a service."""
        return psutil.Process(read_state(self.folder / "run").parts[part].process.pid)

    def measure(self, started: float) -> ServerSample:
        """Measure the job queue and the servers."""
        one = get_backfill(self.engine, NAME)
        prefect, postgres = self.process(Service.PREFECT), self.process(Service.POSTGRES)
        with self.engine.connect() as connection:
            rows = connection.execute(
                text("SELECT datname, pg_database_size(datname) AS size FROM pg_database")
            )
            sizes = {str(row.datname): float(row.size) for row in rows}
        sample = ServerSample(
            at=time.monotonic() - started,
            done=one.jobs[JobStatus.DONE],
            prefect_mb=_memory(prefect),
            postgres_mb=_memory(postgres),
            jobs_mb=sizes[str(self.engine.url.database)] / 1e6,
            prefect_database_mb=sizes.get("prefect", 0) / 1e6,
            prefect_cpu=_cpu(prefect),
        )
        self.samples.append(sample)
        return sample


def _memory(process: psutil.Process) -> float:
    """MB that are not shared with other processes."""
    return _sum(process, lambda one: one.memory_full_info().uss) / 1e6


def _cpu(process: psutil.Process) -> float:
    return _sum(process, lambda one: sum(one.cpu_times()[:2]))


def _sum(process: psutil.Process, of: Callable[[psutil.Process], float]) -> float:
    total = 0.0
    for one in (process, *process.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):  # it ended meanwhile
            total += of(one)
    return total

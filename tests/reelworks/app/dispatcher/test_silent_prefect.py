"""A dispatcher beside a frozen Prefect server is well: it says so, and it can be stopped."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from reelworks.domain.jobs.job import JobStatus, NewJob
from reelworks.store.jobs import dispatchers
from reelworks.store.jobs.jobs import add_jobs, get_job
from tests.support.frozen import frozen
from tests.support.own_prefect import OwnServer, own_server

ROOT = Path(__file__).parents[4]
SECONDS = 90.0
DOWN_SECONDS = 15.0
"""After which ``reelworks down`` kills."""


@pytest.fixture(scope="module")
def server(services, tmp_path_factory) -> Iterator[OwnServer]:
    """A Prefect server to be frozen."""
    with own_server(services, tmp_path_factory.mktemp("prefect")) as own:
        yield own


def put_some(engine) -> list[str]:
    """More jobs than a dispatcher starts at once, for a flow that is not deployed yet."""
    names = [f"nap-{secrets.token_hex(4)}" for _ in range(12)]
    add_jobs(engine, [NewJob(name, None, kind="nap") for name in names])
    return names


async def requeued(engine, name: str) -> None:
    """Wait until the dispatcher has claimed a job and requeued it, as Prefect has no deployment."""
    async with asyncio.timeout(SECONDS):
        while (await asyncio.to_thread(get_job, engine, name)).not_before is None:
            await asyncio.sleep(0.05)


@pytest.mark.slow
async def test_it_beats_on_while_prefect_is_frozen_and_ends_in_time(engine, server):
    environment = os.environ | {
        "WORKER_POLL_MS": "50",
        "JOB_LEASE_SECONDS": "60",
        "PREFECT_API_URL": server.address,
        "PYTHONPATH": str(ROOT),
    }
    process = subprocess.Popen([sys.executable, "-m", "reelworks.app.dispatcher"], env=environment)
    try:
        first, *others = put_some(engine)
        await requeued(engine, first)
        with frozen(server.pid):
            longest, began = 0.0, time.monotonic()
            while time.monotonic() - began < 50:
                longest = max(longest, await asyncio.to_thread(dispatchers.silence, engine) or 0.0)
                await asyncio.sleep(0.5)
            assert longest < dispatchers.SILENT_SECONDS, "it is not the dispatcher that is stuck"
            assert process.poll() is None

            process.send_signal(signal.SIGTERM)
            began = time.monotonic()
            assert await asyncio.to_thread(process.wait, SECONDS) == 0
            assert time.monotonic() - began < DOWN_SECONDS
            for name in (first, *others):
                job = await asyncio.to_thread(get_job, engine, name)
                assert job.error is None
                assert job.status in (JobStatus.QUEUED, JobStatus.RUNNING), "it continues later"
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    assert dispatchers.silence(engine) is None, "one that was stopped leaves nothing behind"

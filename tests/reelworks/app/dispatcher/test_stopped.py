"""Workers that are stopped, dispatchers that are frozen, runs that vanish: no job is lost."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from uuid import UUID

import pytest

from reelworks.domain.jobs.job import JobStatus
from reelworks.store.jobs import dispatchers
from reelworks.store.jobs.jobs import get_job
from tests.reelworks.app.dispatcher.test_loop import dispatching, pool, put, until
from tests.support.frozen import frozen

pytestmark = pytest.mark.slow


ROOT = Path(__file__).parents[4]
SECONDS = 90.0
"""For anything: the machine may be busy."""


@asynccontextmanager
async def cpu_pool() -> AsyncIterator[str]:
    """A pool of the type that the pool cpu has, to which the flow nap is deployed."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.actions import WorkPoolCreate
    from prefect.types.entrypoint import EntrypointType

    from bench.fleet.job_flows import nap
    from infra.fleet.plan import POOLS
    from reelworks.app.dispatcher.deployments import clear_cache

    clear_cache()
    name = f"cpu-{secrets.token_hex(4)}"
    kind = next(one.type for one in POOLS if one.name == "cpu")
    async with get_client() as client:
        await client.create_work_pool(WorkPoolCreate(name=name, type=kind))
        made = await nap.ato_deployment(
            name,
            work_pool_name=name,
            work_queue_name="interactive",
            entrypoint_type=EntrypointType.MODULE_PATH,
        )
        deployed = await made.apply()
        yield name
        await client.delete_deployment(deployed)
        await client.delete_work_pool(name)


@contextmanager
def worker(name: str) -> Iterator[subprocess.Popen[bytes]]:
    """A worker, started as a user would."""
    started = subprocess.Popen(
        [sys.executable, "-m", "prefect", "worker", "start", "--pool", name],
        env=os.environ | {"PREFECT_WORKER_QUERY_SECONDS": "0.5", "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield started
    finally:
        if started.poll() is None:
            started.send_signal(signal.SIGTERM)
        started.wait(SECONDS)


async def works(engine, job_id: str) -> None:
    """Wait until a run has the job's lease."""
    async with asyncio.timeout(SECONDS):
        while not str((await asyncio.to_thread(get_job, engine, job_id)).lease).startswith("run:"):
            await asyncio.sleep(0.1)


async def run_of(engine, job_id: str) -> str:
    """Wait until a job has a flow run and return its id."""
    async with asyncio.timeout(SECONDS):
        while not (found := (await asyncio.to_thread(get_job, engine, job_id)).flow_run_id):
            await asyncio.sleep(0.1)
    return found


@pytest.mark.slow
async def test_a_stopped_cpu_worker_gives_its_job_back_at_once(
    chosen, engine, tmp_path, monkeypatch
):
    monkeypatch.setenv("JOB_LEASE_SECONDS", "60")  # so that it cannot be the lease's end
    patient = chosen.with_values(job_lease_seconds=60.0)
    async with cpu_pool() as name, dispatching(patient, engine):
        with worker(name) as first:
            job_id = put(engine, tmp_path / "naps", seconds=20.0)
            await works(engine, job_id)
            first.send_signal(signal.SIGTERM)
            began = time.monotonic()
            assert await asyncio.to_thread(first.wait, SECONDS) == 0
            took = time.monotonic() - began
        job = get_job(engine, job_id)
        assert (job.requeues, job.error) == (1, None)
        assert took < 20
        assert not str(job.lease).startswith("run:")
        with worker(name):
            job = await until(engine, job_id, JobStatus.DONE, SECONDS)
    assert job.attempts == 1
    assert len((tmp_path / "naps").read_text().splitlines()) == 1, "it was done once"


@pytest.mark.slow
async def test_a_job_whose_run_vanished_before_it_began_gets_another_and_loses_no_try(
    chosen, engine, tmp_path
):
    async with pool() as made, dispatching(chosen, engine):
        job_id = put(engine, tmp_path / "naps")
        async with asyncio.timeout(SECONDS):
            while (
                run_id := (await asyncio.to_thread(get_job, engine, job_id)).flow_run_id
            ) is None:
                await asyncio.sleep(0.1)
        await made.client.delete_flow_run(UUID(run_id))
        async with made.worker():
            job = await until(engine, job_id, JobStatus.DONE)
    assert job.flow_run_id != run_id
    assert (job.attempts, job.requeues) == (1, 1)


async def test_a_run_that_a_stop_cancelled_in_prefect_is_no_cancelled_job(chosen, engine, tmp_path):
    from prefect.states import Cancelled

    from infra.fleet.plan import STOPPED

    async with pool() as made, dispatching(chosen, engine):
        job_id = put(engine, tmp_path / "naps")
        async with asyncio.timeout(SECONDS):
            while (
                run_id := (await asyncio.to_thread(get_job, engine, job_id)).flow_run_id
            ) is None:
                await asyncio.sleep(0.1)
        await made.client.set_flow_run_state(UUID(run_id), Cancelled(message=STOPPED), force=True)
        async with made.worker():
            job = await until(engine, job_id, JobStatus.DONE)
    assert (job.attempts, job.requeues) == (1, 1)


@pytest.mark.slow
async def test_a_dispatcher_beats_while_it_works_and_falls_silent_when_it_is_frozen(
    chosen, engine, tmp_path
):
    environment = os.environ | {"WORKER_POLL_MS": "50", "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen([sys.executable, "-m", "reelworks.app.dispatcher"], env=environment)
    try:
        async with asyncio.timeout(SECONDS):
            while (silent := dispatchers.silence(engine)) is None:
                await asyncio.sleep(0.1)
            assert silent < dispatchers.SILENT_SECONDS
            while silent < 5:
                await asyncio.sleep(0.2)
                silent = dispatchers.silence(engine)
            while silent >= 5:  # the next heartbeat comes without any job
                await asyncio.sleep(0.2)
                silent = dispatchers.silence(engine)
        with frozen(process.pid):
            before = dispatchers.silence(engine)
            await asyncio.sleep(12)
            after = dispatchers.silence(engine)
            assert after > before + 11, "a frozen dispatcher writes none"
            assert "stuck or dead" in dispatchers.why_jobs_wait(after + 30)
    finally:
        process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(process.wait, SECONDS) == 0
    assert dispatchers.silence(engine) is None, "one that was stopped leaves nothing behind"


@pytest.mark.slow
async def test_a_run_that_a_user_cancels_in_prefect_ends_its_job_as_cancelled(
    chosen, engine, tmp_path, monkeypatch
):
    from prefect.client.orchestration import get_client
    from prefect.states import Cancelling

    monkeypatch.setenv("JOB_LEASE_SECONDS", "60")  # a busy machine starts a process in 20
    patient = chosen.with_values(job_lease_seconds=60.0)
    async with cpu_pool() as name, dispatching(patient, engine), get_client() as client:
        with worker(name):
            job_id = put(engine, tmp_path / "naps", seconds=60.0)
            await works(engine, job_id)
            run_id = UUID(await run_of(engine, job_id))
            await client.set_flow_run_state(run_id, Cancelling())
            job = await until(engine, job_id, JobStatus.CANCELLED, SECONDS)
            await asyncio.sleep(3)  # time enough to be claimed again
            later = await asyncio.to_thread(get_job, engine, job_id)
        run = await client.read_flow_run(run_id)
    assert (job.error_code, job.error) == ("cancelled", "Its flow run was cancelled in Prefect.")
    assert (later.status, later.flow_run_id) == (JobStatus.CANCELLED, str(run_id))
    assert (later.attempts, later.requeues) == (1, 0)
    assert run.state.is_cancelled()
    assert not (tmp_path / "naps").exists()


@pytest.mark.slow
async def test_a_cancelled_run_whose_process_died_ends_its_job_as_cancelled(
    chosen, engine, tmp_path
):
    from prefect.states import Cancelling, Pending, Running

    async with pool() as made, dispatching(chosen, engine):
        job_id = put(engine, tmp_path / "naps")
        (run,) = await made.requested_runs(seconds=SECONDS)
        await made.report(run, Pending(), Running(), Cancelling())  # and no run continues
        job = await until(engine, job_id, JobStatus.CANCELLED, SECONDS)
        assert (await made.client.read_flow_run(run.id)).state.is_cancelled()
    assert (job.attempts, job.requeues) == (1, 0)

"""Jobs become flow runs, each once, and come back when their run is lost."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import Engine, text

from reelworks.domain.jobs.job import JobEvent, JobSelection, JobStatus, NewJob
from reelworks.settings import Settings
from reelworks.store.db.database import transaction
from reelworks.store.jobs import jobs as job_queue
from reelworks.store.jobs.dispatchers import pause_dispatcher, resume_dispatcher
from reelworks.store.jobs.jobs import add_jobs, cancel_jobs, events_of, get_job, retry_jobs

PATIENCE = 30.0


@asynccontextmanager
async def dispatching(settings: Settings, engine: Engine) -> AsyncIterator[None]:
    """A running dispatcher."""
    from reelworks.app.dispatcher.loop import run_dispatcher

    stop = asyncio.Event()
    running = asyncio.ensure_future(run_dispatcher(settings, engine, stop))
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(running, 10)


@asynccontextmanager
async def pool():
    """A pool to which the flow ``nap`` is deployed."""
    from bench.fleet.job_flows import nap
    from reelworks.app.dispatcher.deployments import clear_cache
    from tests.support.fleet import pool_with

    clear_cache()
    async with pool_with(nap) as made:
        yield made


async def delete_deployments(flow: str) -> None:
    """Delete the deployments of a flow that tests of other modules left on the session's server."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import FlowFilter, FlowFilterName

    from reelworks.app.dispatcher.deployments import clear_cache

    of_flow = FlowFilter(name=FlowFilterName(any_=[flow]))
    async with get_client() as client:
        for one in await client.read_deployments(flow_filter=of_flow):
            await client.delete_deployment(one.id)
    clear_cache()


def put(engine: Engine, log_file: Path, seconds: float = 0.0, **params) -> str:
    job_id = f"nap-{secrets.token_hex(4)}"
    wanted = {"seconds": seconds, "log_file": str(log_file), **params}
    add_jobs(engine, [NewJob(job_id, None, kind="nap", params=wanted)])
    return job_id


async def events(engine: Engine, job_id: str, number: int) -> list[JobEvent]:
    """Wait until so much has become of a job; states that pass in a moment are recorded there."""
    async with asyncio.timeout(PATIENCE):
        while len(found := await asyncio.to_thread(events_of, engine, job_id)) < number:
            await asyncio.sleep(0.05)
    return found


async def until(engine: Engine, job_id: str, status: JobStatus, seconds: float = PATIENCE):
    async with asyncio.timeout(seconds):
        while (job := await asyncio.to_thread(get_job, engine, job_id)).status is not status:
            await asyncio.sleep(0.05)
    return job


async def ended(pool, run_id: str) -> None:
    """Wait until Prefect, too, knows of a run's end; the job's row has it first."""
    async with asyncio.timeout(PATIENCE):
        while not (await pool.client.read_flow_run(UUID(run_id))).state.is_final():
            await asyncio.sleep(0.05)


async def run_of(engine: Engine, job_id: str) -> str:
    """Wait until a job was submitted; the id of its flow run."""
    async with asyncio.timeout(PATIENCE):
        while (run := (await asyncio.to_thread(get_job, engine, job_id)).flow_run_id) is None:
            await asyncio.sleep(0.05)
    return run


def history(engine: Engine, job_id: str) -> list[str]:
    return [event.status.value for event in events_of(engine, job_id)]


async def test_a_row_that_anybody_inserts_is_done_once(chosen, engine, tmp_path):
    async with pool() as made, made.worker(), dispatching(chosen, engine):
        job_id = put(engine, tmp_path / "naps")
        done = await until(engine, job_id, JobStatus.DONE)
        await ended(made, done.flow_run_id)
        (run,) = await made.runs()

    assert history(engine, job_id) == ["queued", "running", "done"]
    assert (done.attempts, done.result.to_json(), done.lease) == (1, {"slept": 0.0}, None)
    assert (str(run.id), run.idempotency_key) == (done.flow_run_id, job_id)
    assert run.state.is_completed()


@pytest.mark.slow
async def test_a_job_that_nothing_does_says_so_after_its_tries(chosen, engine):
    once = chosen.with_values(worker_max_attempts=1)
    add_jobs(engine, [NewJob("odd", None, kind="no-such-flow")])
    with transaction(engine) as connection:
        connection.execute(text("UPDATE jobs SET created_at = now() - interval '1 hour'"))
    async with dispatching(once, engine):
        job = await until(engine, "odd", JobStatus.FAILED)

    assert job.error_code == "deployment_not_found"
    assert "no-such-flow" in (job.error or "")


@pytest.mark.slow
async def test_a_new_job_waits_for_a_deployment_that_is_about_to_be_made(chosen, engine, tmp_path):
    await delete_deployments("nap")
    async with dispatching(chosen, engine):
        job_id = put(engine, tmp_path / "naps")
        async with asyncio.timeout(PATIENCE):
            while get_job(engine, job_id).not_before is None:
                await asyncio.sleep(0.05)
        async with pool() as made, made.worker():
            done = await until(engine, job_id, JobStatus.DONE)
            await ended(made, done.flow_run_id)

    assert history(engine, job_id) == ["queued", "running", "done"]
    assert done.attempts == 1  # looking for a deployment is no try


@pytest.mark.slow
async def test_parameters_that_the_flow_does_not_take_are_refused_for_good(
    chosen, engine, tmp_path
):
    async with pool() as made, dispatching(chosen, engine):
        del made
        job_id = put(engine, tmp_path / "naps", seconds="long")
        job = await until(engine, job_id, JobStatus.FAILED)

    assert (job.error_code, job.attempts) == ("invalid_job_parameters", 1)
    assert "seconds" in (job.error or "")


@pytest.mark.slow
async def test_a_waiting_run_keeps_its_job_however_long_it_waits(chosen, engine, tmp_path):
    async with pool() as made, dispatching(chosen, engine):
        job_id = put(engine, tmp_path / "naps")
        await made.requested_runs()
        await asyncio.sleep(2 * chosen.jobs.lease_seconds)
        assert history(engine, job_id) == ["queued"]
        async with made.worker():
            done = await until(engine, job_id, JobStatus.DONE)

    assert done.attempts == 1


@pytest.mark.slow
async def test_a_run_that_fell_silent_is_replaced(chosen, engine, tmp_path):
    from prefect.states import Pending, Running

    async with pool() as made, dispatching(chosen, engine):
        job_id = put(engine, tmp_path / "naps")
        (lost,) = await made.requested_runs()
        await made.report(lost, Pending(), Running())
        async with asyncio.timeout(PATIENCE):
            while (gone := get_job(engine, job_id)).error is None:
                await asyncio.sleep(0.05)
        with transaction(engine) as connection:
            connection.execute(text("UPDATE jobs SET not_before = NULL"))
        async with made.worker():
            done = await until(engine, job_id, JobStatus.DONE)
            await ended(made, done.flow_run_id)
        runs = await made.runs()

    assert "process" in (gone.error or "")
    assert done.attempts == 2
    states = {str(run.id): run.state.type.value for run in runs}
    assert states == {str(lost.id): "CANCELLED", done.flow_run_id: "COMPLETED"}


@pytest.mark.slow
async def test_a_cancelled_job_stops_its_waiting_run(chosen, engine, tmp_path):
    async with pool() as made, dispatching(chosen, engine):
        job_id = put(engine, tmp_path / "naps")
        (run,) = await made.requested_runs()
        cancel_jobs(engine, JobSelection(ids=(job_id,)))
        async with asyncio.timeout(PATIENCE):
            while not (await made.client.read_flow_run(run.id)).state.is_cancelled():
                await asyncio.sleep(0.05)

    assert history(engine, job_id)[-1] == "cancelled"
    assert not (tmp_path / "naps").exists()


@pytest.mark.slow
async def test_a_cancelled_job_stops_the_run_that_works_on_it(chosen, engine, tmp_path):
    async with pool() as made, made.worker(), dispatching(chosen, engine):
        job_id = put(engine, tmp_path / "naps", seconds=60)
        async with asyncio.timeout(PATIENCE):
            while not (get_job(engine, job_id).lease or "").startswith("run:"):
                await asyncio.sleep(0.05)
        cancel_jobs(engine, JobSelection(ids=(job_id,)))
        run_id = UUID(get_job(engine, job_id).flow_run_id)
        async with asyncio.timeout(PATIENCE):
            while not (await made.client.read_flow_run(run_id)).state.is_final():
                await asyncio.sleep(0.05)

    assert not (tmp_path / "naps").exists()


@pytest.mark.slow
async def test_a_job_that_somebody_retries_gets_a_new_run(chosen, engine, tmp_path):
    async with pool() as made, made.worker(), dispatching(chosen, engine):
        job_id = put(engine, tmp_path / "missing" / "naps")
        failed = await until(engine, job_id, JobStatus.FAILED)
        (tmp_path / "missing").mkdir()
        retry_jobs(engine, JobSelection(statuses=frozenset({JobStatus.FAILED})))
        done = await until(engine, job_id, JobStatus.DONE)

    assert failed.error_code == "internal"
    assert (done.attempts, done.attempts_before) == (2, 1)


@pytest.mark.slow
async def test_two_dispatchers_start_each_job_once(chosen, engine, tmp_path):
    async with pool() as made, dispatching(chosen, engine), dispatching(chosen, engine):
        ids = [put(engine, tmp_path / "naps") for _ in range(12)]
        async with made.worker():
            for job_id in ids:
                await until(engine, job_id, JobStatus.DONE)
        assert len(await made.runs()) == 12

    assert sorted(
        line.split()[0] for line in (tmp_path / "naps").read_text().splitlines()
    ) == sorted(ids)


@pytest.mark.slow
async def test_a_job_that_has_not_begun_is_overtaken_and_held(chosen, engine, tmp_path):
    async with pool() as made, dispatching(chosen, engine):
        ids = [put(engine, tmp_path / "naps") for _ in range(4)]
        (first,) = await made.requested_runs()
        await asyncio.sleep(0.5)
        assert len(await made.runs()) == 1, "no worker begins one, so no second one is submitted"

        job_queue.set_priority(engine, JobSelection(ids=(ids[3],)), 5)
        urgent = await run_of(engine, ids[3])
        assert (await made.client.read_flow_run(first.id)).state.is_cancelled()

        pause_dispatcher(engine)
        async with asyncio.timeout(PATIENCE):
            while not (await made.client.read_flow_run(UUID(urgent))).state.is_cancelled():
                await asyncio.sleep(0.05)
        async with made.worker():
            await asyncio.sleep(1)
            assert not (tmp_path / "naps").exists()
            resume_dispatcher(engine)
            for job_id in ids:
                await until(engine, job_id, JobStatus.DONE)

    done = [line.split()[0] for line in (tmp_path / "naps").read_text().splitlines()]
    assert done == [ids[3], *ids[:3]]
    assert all(history(engine, one) == ["queued", "running", "done"] for one in ids[:3])
    assert {get_job(engine, one).attempts for one in ids} == {1}


async def test_a_server_that_is_away_for_a_while_loses_nothing(chosen, engine, tmp_path):
    from prefect.client.orchestration import get_client

    from reelworks.app.dispatcher.dispatcher import Dispatcher

    async with pool() as made, get_client() as client:
        job_id = put(engine, tmp_path / "naps")
        away = client._client.base_url
        one = Dispatcher(chosen, engine, client)
        client._client.base_url = "http://127.0.0.1:9/api"
        with suppress(Exception):
            await one.run_once()
        assert get_job(engine, job_id).flow_run_id is None
        client._client.base_url = away
        await one.run_once()
        (run,) = await made.requested_runs()

    assert str(run.id) == get_job(engine, job_id).flow_run_id

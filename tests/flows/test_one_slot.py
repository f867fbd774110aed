"""With one slot for flow runs: schedules run, and a run that waits for a backfill occupies none."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text

from reelworks.domain.artifact_keys import report_key
from reelworks.domain.jobs.backfill import BackfillStatus
from reelworks.store.db.database import transaction
from reelworks.store.jobs.backfill.backfills import get_backfill, pause_backfill, resume_backfill
from reelworks.store.jobs.backfill.waits import awaited_backfill
from reelworks.store.jobs.dispatchers import pause_dispatcher, resume_dispatcher
from reelworks.store.objects.artifacts import ArtifactStore
from tests.support.flows.one_slot import OneSlot, one_slot_house

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def house(models_dir: Path) -> Iterator[OneSlot]:
    with one_slot_house(models_dir) as made:
        yield made


@pytest.fixture
def films(tmp_path: Path, media: Path) -> Path:
    folder = tmp_path / "films"
    folder.mkdir()
    for name in ("no_audio.mp4", "single_frame.mp4"):
        shutil.copy(media / "odd" / name, folder / name)
    return folder


def report_of(house: OneSlot, backfill_id: str) -> dict[str, object]:
    store = ArtifactStore.open(house.settings)
    found: dict[str, object] = json.loads(store.get_bytes(report_key(backfill_id)))
    return found


def work(house: OneSlot, backfill_id: str) -> None:
    """Do a backfill's jobs, as flow runs would in minutes."""
    with transaction(house.engine) as connection:
        connection.execute(
            text("UPDATE jobs SET status = 'done', ended_at = now() WHERE backfill_id = :id"),
            {"id": backfill_id},
        )


@pytest.fixture
def paused(house: OneSlot) -> Iterator[None]:
    """No job of a backfill is begun: what becomes of them is up to the test."""
    pause_dispatcher(house.engine)
    yield
    resume_dispatcher(house.engine)


async def suspended(house: OneSlot, films: Path, backfill_id: str) -> UUID:
    """Start a backfill that waits, and wait until it does."""
    run_id = await house.start(
        "backfill/backfill", source=str(films), backfill_id=backfill_id, wait=True
    )
    await house.until(run_id, "Suspended")
    assert get_backfill(house.engine, backfill_id).left == 2
    return run_id


async def test_a_schedule_runs_by_itself(house: OneSlot, tmp_path: Path) -> None:
    """Deployments that are READY prove nothing: a server's scheduler can be dead for days."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.actions import DeploymentScheduleCreate
    from prefect.client.schemas.filters import (
        DeploymentFilter,
        DeploymentFilterId,
        FlowRunFilter,
    )
    from prefect.client.schemas.schedules import CronSchedule

    folder = tmp_path / "empty"
    folder.mkdir()
    async with get_client() as client:
        deployment = await client.read_deployment_by_name("sync/sync")
        (made,) = await client.create_deployment_schedules(
            deployment.id,
            [
                DeploymentScheduleCreate(
                    schedule=CronSchedule(cron="* * * * *", timezone="Europe/Berlin"),
                    parameters={"params": {"source": str(folder), "library": "empty"}},
                    active=True,
                )
            ],
        )
        try:
            async with asyncio.timeout(240):
                while True:
                    runs = await client.read_flow_runs(
                        flow_run_filter=FlowRunFilter(),
                        deployment_filter=DeploymentFilter(
                            id=DeploymentFilterId(any_=[deployment.id])
                        ),
                    )
                    over = [run for run in runs if run.state and run.state.is_final()]
                    if over:
                        break
                    await asyncio.sleep(0.5)
        finally:
            await client.delete_deployment_schedule(deployment.id, made.id)

    assert over[0].auto_scheduled
    assert over[0].state is not None
    assert over[0].state.is_completed(), over[0].state
    assert over[0].parameters["params"]["library"] == "empty"


async def test_a_backfill_that_waits_leaves_its_slot_to_its_videos(
    house: OneSlot, films: Path
) -> None:
    run_id = await house.start("backfill/backfill", source=str(films), wait=True)
    await house.until(run_id, "Suspended")
    backfill_id = awaited_backfill(house.engine, str(run_id))
    assert backfill_id is not None

    await house.until(run_id, "Completed")

    found = report_of(house, backfill_id)
    assert (found["status"], found["failures"]) == ("done", [])
    assert found["jobs"]["done"] == 2  # type: ignore[index]
    assert awaited_backfill(house.engine, str(run_id)) is None


@pytest.mark.usefixtures("paused")
async def test_it_outlives_a_pause_and_the_death_of_the_dispatcher(
    house: OneSlot, films: Path
) -> None:
    from prefect.client.orchestration import get_client

    run_id = await suspended(house, films, "paused")
    pause_backfill(house.engine, "paused")
    house.kill_dispatcher()
    work(house, "paused")
    house.start_dispatcher()
    await asyncio.sleep(3)
    async with get_client() as client:
        during = await client.read_flow_run(run_id)
    resume_dispatcher(house.engine)
    resume_backfill(house.engine, "paused")

    await house.until(run_id, "Completed")

    assert during.state is not None
    assert during.state.name == "Suspended"
    assert report_of(house, "paused")["status"] == "done"


@pytest.mark.usefixtures("paused")
async def test_resumed_too_soon_by_somebody_it_waits_again(house: OneSlot, films: Path) -> None:
    from prefect.client.orchestration import get_client

    run_id = await suspended(house, films, "soon")
    async with get_client() as client:
        before = (await client.read_flow_run(run_id)).state
        await client.resume_flow_run(run_id)
        async with asyncio.timeout(120):
            while True:
                state = (await client.read_flow_run(run_id)).state
                if state and before and state.name == "Suspended" and state.id != before.id:
                    break
                await asyncio.sleep(0.2)
    work(house, "soon")
    resume_dispatcher(house.engine)

    await house.until(run_id, "Completed")

    assert report_of(house, "soon")["status"] == "done"


@pytest.mark.usefixtures("paused")
async def test_cancelled_while_it_waits_the_backfill_goes_on(house: OneSlot, films: Path) -> None:
    from prefect.client.orchestration import get_client
    from prefect.states import Cancelling

    run_id = await suspended(house, films, "alone")
    async with get_client() as client:
        await client.set_flow_run_state(run_id, Cancelling())
    await house.until(run_id, "Cancelled", 30)
    work(house, "alone")
    resume_dispatcher(house.engine)

    async with asyncio.timeout(60):
        while awaited_backfill(house.engine, str(run_id)) is not None:
            await asyncio.sleep(0.2)
    await house.until(run_id, "Cancelled", 1)
    assert get_backfill(house.engine, "alone").status is BackfillStatus.DONE

"""The flow ``sync``: what is new, changed or gone in a library's source."""

from __future__ import annotations

from pathlib import Path

import pytest

from reelworks.domain.jobs.job import JobSelection
from reelworks.settings import Settings
from reelworks.store.db.database import create_database_engine
from reelworks.store.jobs.jobs import list_jobs
from tests.support.flows.runs import artifacts


async def test_a_dry_run_says_what_is_new_and_queues_nothing(
    environment: Settings, films: Path
) -> None:
    from flows.sync import SyncParams, sync

    planned = await sync(SyncParams(source=str(films), library="films", plan=True))

    assert len(planned["new"]) == 3
    assert planned["backfill_id"] is None
    engine = create_database_engine(environment)
    assert list_jobs(engine, JobSelection(), limit=9) == []
    engine.dispose()


@pytest.mark.slow
async def test_a_sync_indexes_what_is_new_within_limits(environment: Settings, films: Path) -> None:
    from flows.sync import SyncParams, sync

    params = SyncParams(source=str(films), library="films")
    planned = await sync(params.model_copy(update={"plan": True}))
    first = await sync(params)
    second = await sync(params)

    assert planned["backfill_id"] is None
    assert planned["new"] == first["new"]
    assert len(first["new"]) == 3
    assert second["same"] == 3
    assert second["backfill_id"] is None
    assert sorted(map(len, await artifacts("sync-films"))) == [0, 3, 3]

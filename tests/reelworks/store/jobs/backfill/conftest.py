"""Fixtures for tests of backfills."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, text

from reelworks.domain.jobs.backfill import Backfill, Limits
from reelworks.domain.library.selection import VideoSelection
from reelworks.store.db.database import transaction
from reelworks.store.jobs.backfill.begin import BackfillVideo, NewBackfill, begin_backfill
from tests.support.backfill_jobs import Begin


@pytest.fixture
def empty_library(engine: Engine) -> None:
    with transaction(engine) as connection:
        tables = "videos, jobs, dispatcher_state, backfills, backfill_waits, sources"
        connection.execute(text(f"TRUNCATE {tables} CASCADE"))


@pytest.fixture
def begin(engine: Engine, empty_library: None) -> Begin:
    def make(count: int = 10, name: str = "bf", cost: str = "0", **limits) -> Backfill:
        new = NewBackfill(
            id=name,
            selection=VideoSelection(source=f"/{name}", library="films"),
            limits=Limits(**limits),
            plan={"videos": count, "to_do": count, "cost": cost},
            videos=[BackfillVideo(f"{name}-v{n:03d}", f"/{name}/{n}.mp4") for n in range(count)],
        )
        return begin_backfill(engine, new)

    return make

"""The history of a job says that it runs when its run begins, before and after a downgrade."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine

from reelworks.domain.jobs.job import NewJob
from reelworks.settings import Settings
from reelworks.store.db.database import create_database_engine, ensure_schema
from reelworks.store.jobs import claims, leases
from reelworks.store.jobs.attempts import attempt_of
from reelworks.store.jobs.dispatchers import resume_dispatcher
from reelworks.store.jobs.jobs import add_jobs, events_of
from tests.reelworks.store.db.migrations.test_v0008_field_names import downgrade, load
from tests.support.queued_jobs import LONG


@pytest.fixture
def old(settings: Settings, empty_database: SecretStr) -> Iterator[Engine]:
    """An engine on the database as an earlier release left it."""
    load(empty_database.get_secret_value())
    made = create_database_engine(settings.with_values(database_url=empty_database))
    yield made
    made.dispose()


def history(engine: Engine, job_id: str) -> tuple[list[str], list[str]]:
    """The history of a job once it was claimed, and once its run began."""
    add_jobs(engine, [NewJob(job_id, None, kind="nap", priority=9)])
    (job,) = claims.claim(engine, "dispatcher", LONG, limit=1)
    claimed = [event.status.value for event in events_of(engine, job_id)]
    leases.begin(engine, attempt_of(job), f"run-{job_id}", LONG)
    return claimed, [event.status.value for event in events_of(engine, job_id)]


def test_a_claim_is_no_start(old: Engine) -> None:
    ensure_schema(old)
    resume_dispatcher(old)
    assert history(old, "after") == (["queued"], ["queued", "running"])

    downgrade(old, "0009")
    assert history(old, "back") == (["queued", "running"],) * 2

    ensure_schema(old)
    assert history(old, "again") == (["queued"], ["queued", "running"])

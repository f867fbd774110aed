"""The trigger of jobs has its new name in a library of the release before, and works once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine

from reelworks.domain.jobs.job import JobSelection, JobStatus, NewJob
from reelworks.settings import Settings
from reelworks.store.db.database import create_database_engine, ensure_schema
from reelworks.store.jobs.jobs import add_jobs, cancel_jobs, events_of
from tests.reelworks.store.db.migrations.test_v0003_search import rows
from tests.reelworks.store.db.migrations.test_v0008_field_names import downgrade, load

OLD, NEW = "reelworks_tell_of_job", "reelworks_notify_job"


@pytest.fixture
def old(settings: Settings, empty_database: SecretStr) -> Iterator[Engine]:
    """An engine on the database as an earlier release left it."""
    load(empty_database.get_secret_value())
    made = create_database_engine(settings.with_values(database_url=empty_database))
    yield made
    made.dispose()


def triggers(engine: Engine) -> list[tuple[object, ...]]:
    """Names of the triggers of jobs and of their functions, and any function left without one."""
    return rows(
        engine,
        "SELECT tgname, proname FROM pg_proc"
        " LEFT JOIN pg_trigger ON tgfoid = pg_proc.oid AND tgrelid = 'jobs'::regclass"
        " WHERE proname LIKE 'reelworks!_%!_job' ESCAPE '!'",
    )


def history(engine: Engine, job_id: str) -> list[JobStatus]:
    add_jobs(engine, [NewJob(job_id, "talk")])
    cancel_jobs(engine, JobSelection(ids=(job_id,)))
    return [event.status for event in events_of(engine, job_id)]


def test_each_change_of_a_job_is_recorded_once_before_and_after(old: Engine) -> None:
    once = [JobStatus.QUEUED, JobStatus.CANCELLED]
    assert triggers(old) == [(OLD, OLD)]

    ensure_schema(old)
    assert triggers(old) == [(NEW, NEW)]
    assert history(old, "after") == once

    downgrade(old, "0008")
    assert triggers(old) == [(OLD, OLD)]
    assert history(old, "back") == once

    ensure_schema(old)
    assert triggers(old) == [(NEW, NEW)]

"""Which suspended flow runs are to be woken, and when."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, text

from reelworks.store.db.database import transaction
from reelworks.store.jobs.backfill import waits as backfill_waits
from reelworks.store.jobs.backfill.waits import (
    add_wait,
    awaited_backfill,
    due_waits,
    note_woken,
    remove_wait,
)

pytestmark = pytest.mark.usefixtures("empty_library")


def put(engine: Engine, backfill_id: str, status: str, job: str | None = None) -> None:
    """Have a backfill that stands so, with a job that stands so."""
    with transaction(engine) as connection:
        connection.execute(
            text("INSERT INTO backfills (id, status) VALUES (:id, :status)"),
            {"id": backfill_id, "status": status},
        )
        if job is not None:
            connection.execute(
                text(
                    "INSERT INTO jobs (id, kind, status, backfill_id)"
                    " VALUES (:id, 'sync', :status, :id)"
                ),
                {"id": backfill_id, "status": job},
            )
    add_wait(engine, backfill_id, f"run-{backfill_id}")


@pytest.mark.parametrize(
    ("status", "job", "due"),
    [
        ("running", None, False),
        ("paused", "done", False),
        ("done", "done", True),
        ("stopped", "pending", True),
        ("stopped", "processing", False),
        ("cancelled", "processing", False),
        ("cancelled", "cancelled", True),
    ],
)
def test_a_run_is_woken_when_nothing_runs_and_nothing_will(
    engine: Engine, status: str, job: str | None, due: bool
) -> None:
    put(engine, "one", status, job)

    assert due_waits(engine, limit=9) == (["run-one"] if due else [])


def test_a_run_is_woken_when_its_backfill_was_deleted(engine: Engine) -> None:
    add_wait(engine, "gone", "run-gone")

    assert due_waits(engine, limit=9) == ["run-gone"]


def test_a_woken_run_is_looked_at_again_when_it_does_not_report(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(engine, "one", "done")
    note_woken(engine, "run-one")
    assert due_waits(engine, limit=9) == []

    monkeypatch.setattr(backfill_waits, "WAKE_AGAIN", -60.0)  # as if a while had passed
    assert due_waits(engine, limit=9) == ["run-one"]


def test_a_run_knows_its_backfill_until_it_has_reported(engine: Engine) -> None:
    put(engine, "one", "done")
    note_woken(engine, "run-one")
    add_wait(engine, "one", "run-one")  # it was resumed, and waits again
    assert awaited_backfill(engine, "run-one") == "one"
    assert due_waits(engine, limit=9) == ["run-one"]

    remove_wait(engine, "run-one")
    assert awaited_backfill(engine, "run-one") is None
    assert due_waits(engine, limit=9) == []

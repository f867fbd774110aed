"""Webhook deliveries: due once the job is over, tried again later each time, for a day."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Engine, text

from reelworks.domain.jobs.job import JobSelection, NewJob
from reelworks.store.db.database import transaction
from reelworks.store.jobs.jobs import add_jobs, cancel_jobs
from reelworks.store.jobs.webhook_deliveries import (
    FIRST_WAIT,
    GIVEN_UP_AFTER,
    LONGEST_WAIT,
    MOST_TRIES,
    DeliveryOutcome,
    retry_delay,
    settle,
    take_due,
    tries_in,
)

BUSY = DeliveryOutcome(503, "It answers with 503.")


def queue(engine: Engine) -> None:
    add_jobs(engine, [NewJob("j", "v", webhook_url="http://hook.example")])


def row(engine: Engine) -> tuple[object, ...]:
    query = "SELECT status, error, delivered_at IS NOT NULL, next_at IS NOT NULL"
    with transaction(engine) as connection:
        return tuple(connection.execute(text(f"{query} FROM webhook_deliveries")).one())


def make_due(engine: Engine, attempts: int = 0) -> None:
    with transaction(engine) as connection:
        connection.execute(
            text("UPDATE webhook_deliveries SET next_at = now(), attempts = :attempts"),
            {"attempts": attempts},
        )


def test_each_wait_is_twice_as_long_until_the_longest() -> None:
    assert [retry_delay(one) for one in (1, 2, 3)] == [FIRST_WAIT, 2 * FIRST_WAIT, 4 * FIRST_WAIT]
    assert retry_delay(99) == LONGEST_WAIT
    waits = [retry_delay(one) for one in range(1, MOST_TRIES + 1)]
    assert sum(waits[:-1]) <= GIVEN_UP_AFTER.total_seconds() < sum(waits)
    assert tries_in(timedelta(seconds=1)) == 1


@pytest.mark.usefixtures("empty_queue")
def test_a_call_is_due_when_its_job_is_over_and_goes_to_one_caller(engine: Engine) -> None:
    queue(engine)
    assert take_due(engine, limit=5) == []
    cancel_jobs(engine, JobSelection(ids=("j",)))
    (one,) = take_due(engine, limit=5)
    assert (one.url, one.attempt, one.job.id) == ("http://hook.example", 1, "j")
    assert take_due(engine, limit=5) == []


@pytest.mark.usefixtures("empty_queue")
@pytest.mark.parametrize(
    ("outcome", "attempts", "stored"),
    [
        (DeliveryOutcome(200, None), 0, (200, None, True, False)),
        (BUSY, 0, (503, BUSY.error, False, True)),
        (DeliveryOutcome(None, "No\x00where.", True), 0, (None, "Nowhere.", False, False)),
        (BUSY, MOST_TRIES - 1, (503, BUSY.error, False, False)),
    ],
)
def test_how_a_call_ended_decides_whether_it_is_made_again(
    engine: Engine, outcome: DeliveryOutcome, attempts: int, stored: tuple[object, ...]
) -> None:
    queue(engine)
    cancel_jobs(engine, JobSelection(ids=("j",)))
    make_due(engine, attempts)
    (one,) = take_due(engine, limit=5)
    settle(engine, one, outcome)
    assert row(engine) == stored


@pytest.mark.usefixtures("empty_queue")
def test_who_was_silent_too_long_cannot_settle_the_next_one_s_call(engine: Engine) -> None:
    queue(engine)
    cancel_jobs(engine, JobSelection(ids=("j",)))
    (slow,) = take_due(engine, limit=5)
    make_due(engine, 1)
    (_,) = take_due(engine, limit=5)
    settle(engine, slow, DeliveryOutcome(200, None))
    assert row(engine) == (None, None, False, True)

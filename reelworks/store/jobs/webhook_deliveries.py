"""Webhook deliveries: HTTP calls that report the end of jobs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Engine, and_, func, select, update

from reelworks.domain.jobs.job import OVER, Job
from reelworks.store.db.database import transaction
from reelworks.store.db.table_ops import sanitize_text
from reelworks.store.jobs.job_rows import JOBS, job_of
from reelworks.store.jobs.jobs import DELIVERIES

GIVEN_UP_AFTER = timedelta(days=1)
"""From the first try."""
FIRST_WAIT = 10.0
"""Seconds before the second try; each further wait is twice as long."""
LONGEST_WAIT = 3600.0
_CLAIM_TIME = timedelta(seconds=120)
"""A sender that is silent for so long has died: another one tries."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A call that is to be made now."""

    id: int
    url: str
    attempt: int
    """Counted from 1."""
    job: Job


@dataclass(frozen=True, slots=True)
class DeliveryOutcome:
    """How a call ended."""

    status: int | None
    """HTTP status, None without an answer."""
    error: str | None
    """One sentence; None when it was delivered."""
    for_good: bool = False
    """True when another try cannot help."""


def take_due(engine: Engine, *, limit: int) -> list[Delivery]:
    """Take calls whose time has come; each goes to one caller, and comes back if that dies.

    A call for a job that was retried meanwhile waits until that ends again.
    """
    ended = select(JOBS.c.id).where(JOBS.c.status.in_(OVER))
    due = (
        select(DELIVERIES.c.id)
        .where(DELIVERIES.c.next_at <= func.now(), DELIVERIES.c.job_id.in_(ended))
        .order_by(DELIVERIES.c.next_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    taken = (
        update(DELIVERIES)
        .where(DELIVERIES.c.id.in_(due))
        .values(attempts=DELIVERIES.c.attempts + 1, next_at=func.now() + _CLAIM_TIME)
        .returning(DELIVERIES.c.id, DELIVERIES.c.job_id, DELIVERIES.c.url, DELIVERIES.c.attempts)
    )
    with transaction(engine) as connection:
        rows = connection.execute(taken).all()
        wanted = select(JOBS).where(JOBS.c.id.in_({row.job_id for row in rows}))
        jobs = {row.id: job_of(row) for row in connection.execute(wanted)}
    return [Delivery(row.id, row.url, row.attempts, jobs[row.job_id]) for row in rows]


def settle(engine: Engine, delivery: Delivery, outcome: DeliveryOutcome) -> None:
    """Write down how a call ended, and when the next try follows, if one does."""
    values = {"status": outcome.status, "error": sanitize_text(outcome.error)}
    if outcome.error is None:
        values |= {"delivered_at": func.now(), "next_at": None}
    elif outcome.for_good or delivery.attempt >= MOST_TRIES:
        values |= {"next_at": None}
    else:
        values |= {"next_at": func.now() + timedelta(seconds=retry_delay(delivery.attempt))}
    mine = and_(DELIVERIES.c.id == delivery.id, DELIVERIES.c.attempts == delivery.attempt)
    with transaction(engine) as connection:
        connection.execute(update(DELIVERIES).where(mine).values(**values))


def retry_delay(attempt: int) -> float:
    """Return how many seconds follow the ``attempt``-th try that failed."""
    return min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** (attempt - 1))


def tries_in(period: timedelta) -> int:
    """Return how many tries fit into ``period``."""
    spent, tries = 0.0, 1
    while (spent := spent + retry_delay(tries)) <= period.total_seconds():
        tries += 1
    return tries


MOST_TRIES = tries_in(GIVEN_UP_AFTER)

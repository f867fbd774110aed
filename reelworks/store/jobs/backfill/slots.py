"""Slots of backfills: how many of their jobs may start now, by their limits and budgets.

It is computed from the jobs each time, never counted up in memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Engine, Row, and_, exists, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert

from reelworks.domain.jobs.backfill import BackfillStatus, Limits
from reelworks.domain.jobs.job import Job, StoredStatus
from reelworks.store.db.database import transaction
from reelworks.store.jobs.backfill.backfills import BACKFILLS, KIND, OVER, tally
from reelworks.store.jobs.handover import Openings, claim_openings
from reelworks.store.jobs.job_rows import JOBS
from reelworks.store.jobs.jobs import new_job_id

_STARTED_THIS_HOUR = text(
    "SELECT (SELECT count(*) FROM job_events AS e JOIN jobs AS j ON j.id = e.job_id"
    " WHERE e.status = 'processing' AND e.at > now() - interval '1 hour'"
    " AND j.backfill_id = :id) + (SELECT count(*) FROM jobs WHERE backfill_id = :id"
    " AND status = 'processing' AND coalesce(lease, '') NOT LIKE 'run:%')"
)


def claim_of_backfills(
    engine: Engine, dispatcher: str, seconds: float, openings: Openings
) -> list[Job]:
    """Claim pending jobs of backfills, as their limits and ``openings`` allow.

    A backfill is looked at by one caller at a time, and its jobs are taken before the next one
    looks: several dispatchers together never start more than it may. Others continue with the next.
    """
    taken: list[Job] = []
    for backfill_id in _open(engine):
        if openings.total < 1:
            break
        with transaction(engine) as connection:
            slots = _slots(connection, backfill_id)
            if slots > 0:
                taken += claim_openings(
                    engine, dispatcher, seconds, openings, backfill_id=backfill_id, limit=slots
                )
    return taken


def open_slots(engine: Engine) -> list[tuple[str, int]]:
    """Return how many more jobs each backfill may start now, the oldest backfill first.

    A backfill whose jobs are all over is marked as done, and one whose budget is used up as
    stopped. Two callers may both take the same slots: ``claim_of_backfills`` does not let them.
    """
    found = []
    for backfill_id in _open(engine):
        with transaction(engine) as connection:
            found.append((backfill_id, _slots(connection, backfill_id)))
    return [(backfill_id, slots) for backfill_id, slots in found if slots > 0]


def _open(engine: Engine) -> list[str]:
    """Return the backfills that may have something to start, or to be closed.

    Jobs of one that is over may have been retried: they still belong to it.
    """
    pending = exists().where(
        JOBS.c.backfill_id == BACKFILLS.c.id, JOBS.c.status == StoredStatus.PENDING.value
    )
    again = and_(BACKFILLS.c.status.in_(OVER), pending)
    query = select(BACKFILLS.c.id).where(or_(BACKFILLS.c.status == "running", again))
    with transaction(engine) as connection:
        return list(connection.scalars(query.order_by(BACKFILLS.c.created_at, BACKFILLS.c.id)))


def _slots(connection: Connection, backfill_id: str) -> int:
    """Lock a backfill and return what it may start now; 0 when another process has the lock."""
    mine = select(BACKFILLS).where(BACKFILLS.c.id == backfill_id)
    row = connection.execute(mine.with_for_update(skip_locked=True, key_share=True)).one_or_none()
    if row is None or row.status in ("paused", "stopped"):
        return 0
    counts, cost = tally(connection, [backfill_id]).get(backfill_id, ({}, Decimal(0)))
    waiting, running = counts.get("pending", 0), counts.get("processing", 0)
    if waiting + running == 0:
        # Its jobs are put in after its row: one without any may still be at its beginning.
        if row.status == "running" and (counts or row.plan.get("videos") == 0):
            _close(connection, row, BackfillStatus.DONE)
        return 0
    limits = Limits.from_dict(row.limits)
    free = min(waiting, max(0, limits.in_flight - running))
    if limits.per_hour is not None:
        started = connection.scalar(_STARTED_THIS_HOUR, {"id": backfill_id}) or 0
        free = min(free, max(0, limits.per_hour - started))
    if row.status in OVER:
        _close(connection, row, BackfillStatus.RUNNING)
    if limits.budget is None:
        return free
    return min(free, _affordable(connection, row, Spent(limits.budget, cost, counts)))


@dataclass(frozen=True, slots=True)
class Spent:
    """How a budget stands."""

    budget: Decimal
    cost: Decimal
    counts: Mapping[str, int]

    @property
    def running(self) -> int:
        """Jobs under way, whose cost is not known yet."""
        return self.counts.get("processing", 0)

    def each(self, planned: Decimal) -> Decimal:
        """Return what to reckon for one more job: the plan's mean, or the real one if dearer."""
        over = self.counts.get("done", 0) + self.counts.get("failed", 0)
        return max(planned, self.cost / over if over else Decimal(0))


def _affordable(connection: Connection, row: Row[Any], spent: Spent) -> int:
    """Return how many more jobs the budget allows; stops the backfill once it allows none."""
    videos = int(row.plan.get("to_do") or row.plan.get("videos") or 1)
    each = spent.each(Decimal(str(row.plan.get("cost", "0"))) / max(1, videos))
    left = spent.budget - spent.cost - each * spent.running
    if spent.cost < spent.budget and each == 0:
        return spent.counts.get("pending", 0)
    if left >= each > 0:
        return int(left / each)
    if spent.running == 0:
        reason = (
            f"The budget of {spent.budget} USD does not cover another video: {spent.cost:.4f} USD "
            f"are spent and one costs about {each:.4f} USD. Raise it to continue."
        )
        _close(connection, row, BackfillStatus.STOPPED, reason)
    return 0


def _close(
    connection: Connection, row: Row[Any], status: BackfillStatus, reason: str | None = None
) -> None:
    """Change how a backfill stands; one that comes to an end has its report written by a job."""
    over = func.now() if status is BackfillStatus.DONE else None
    change = update(BACKFILLS).where(BACKFILLS.c.id == row.id)
    connection.execute(change.values(status=status.value, reason=reason, ended_at=over))
    if status is not BackfillStatus.RUNNING:
        params = {"backfill_id": row.id, "report": True}
        report = {"id": new_job_id(), "kind": KIND, "params": params}
        connection.execute(insert(JOBS).values(report))

"""Handover of jobs to Prefect: how many may be submitted, and which are taken back.

What is submitted can no longer be held or overtaken in our queue, so no more is submitted than can
begin soon, and what has not begun is taken back when it should wait.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy import Engine, and_, exists, func, not_, or_, select, true, tuple_, update

from reelworks.domain.jobs.job import Job, StoredStatus
from reelworks.domain.jobs.lease import QUEUED
from reelworks.store.db.database import transaction
from reelworks.store.db.schema import BackfillRow
from reelworks.store.db.table_ops import table_of
from reelworks.store.jobs.attempts import REQUEUED, attempt_of, of_attempt
from reelworks.store.jobs.claims import claim
from reelworks.store.jobs.dispatchers import DISPATCHER_STATE
from reelworks.store.jobs.job_rows import IS_RUNNING, JOBS, SUBMITTED, job_of

BACKFILLS = table_of(BackfillRow)
ANY_POOL = ""
"""Stands for the pool of jobs that name none."""
Group = tuple[str, str]
"""Kind and pool: jobs that the same workers begin."""
_GROUP = (JOBS.c.kind, func.coalesce(JOBS.c.pool, ANY_POOL))


@dataclass
class Openings:
    """How many more jobs may be submitted now, together and for each kind and pool.

    As many of a group may wait for a worker as run, and one where none does. So a worker finds its
    next run at once, a fleet fills up by doubling, and a pool without workers holds up no other.
    """

    total: int
    submitted: Counter[Group] = field(default_factory=Counter)
    running: Counter[Group] = field(default_factory=Counter)

    def of(self, group: Group) -> int:
        """Return how many more jobs of a group may be submitted."""
        return max(0, min(self.total, max(1, self.running[group]) - self.submitted[group]))

    def take(self, jobs: Iterable[Job]) -> None:
        """Count jobs that were claimed meanwhile."""
        for job in jobs:
            self.total -= 1
            self.submitted[(job.kind, job.pool or ANY_POOL)] += 1


def read_openings(engine: Engine, in_flight: int) -> Openings:
    """Return the openings, with ``in_flight`` jobs at most submitted or running at once."""
    waits, runs = func.count().filter(SUBMITTED), func.count().filter(IS_RUNNING)
    processing = JOBS.c.status == StoredStatus.PROCESSING.value
    query = select(*_GROUP, waits, runs).where(processing).group_by(*_GROUP)
    found = Openings(in_flight)
    with transaction(engine) as connection:
        for kind, pool, submitted, running in connection.execute(query):
            found.submitted[(kind, pool)] = submitted
            found.running[(kind, pool)] = running
            found.total -= submitted + running
    return found


def claim_openings(
    engine: Engine,
    dispatcher: str,
    seconds: float,
    openings: Openings,
    *,
    backfill_id: str | None = None,
    limit: int | None = None,
) -> list[Job]:
    """Claim due jobs, the urgent first, as far as there are openings; count them there.

    ``backfill_id`` as in ``claim``; ``limit`` None: as many as there are openings for.
    """
    taken: list[Job] = []
    tried: list[Group] = []
    left = openings.total if limit is None else min(limit, openings.total)
    while len(taken) < left:
        group = _next_group(engine, backfill_id, tried)
        if group is None:
            break
        tried.append(group)
        most = min(left - len(taken), openings.of(group))
        if most > 0:
            jobs = claim(
                engine, dispatcher, seconds, limit=most, backfill_id=backfill_id, group=group
            )
            openings.take(jobs)
            taken += jobs
    return taken


def _next_group(engine: Engine, backfill_id: str | None, tried: list[Group]) -> Group | None:
    """Return kind and pool of the next due job that is in none of the groups ``tried``."""
    due = or_(JOBS.c.not_before.is_(None), JOBS.c.not_before <= func.now())
    mine = (
        JOBS.c.backfill_id.is_(None) if backfill_id is None else JOBS.c.backfill_id == backfill_id
    )
    others = not_(tuple_(*_GROUP).in_(tried)) if tried else true()
    query = select(*_GROUP).where(JOBS.c.status == StoredStatus.PENDING.value, due, mine, others)
    order = (JOBS.c.priority.desc(), JOBS.c.created_at, JOBS.c.id)
    with transaction(engine) as connection:
        row = connection.execute(query.order_by(*order).limit(1)).one_or_none()
    return None if row is None else (row[0], row[1])


def jobs_to_recall(engine: Engine, *, limit: int) -> list[Job]:
    """Return submitted jobs whose runs have not begun and that should wait instead.

    The dispatcher or their backfill is paused, or a job of their kind and pool that is due has a
    higher priority.
    """
    waits = and_(SUBMITTED, JOBS.c.lease == QUEUED, JOBS.c.flow_run_id.is_not(None))
    paused = exists().where(DISPATCHER_STATE.c.paused)
    stopped = exists().where(
        BACKFILLS.c.id == JOBS.c.backfill_id, BACKFILLS.c.status.in_(("paused", "stopped"))
    )
    other = JOBS.alias()
    overtaken = exists().where(
        other.c.status == StoredStatus.PENDING.value,
        or_(other.c.not_before.is_(None), other.c.not_before <= func.now()),
        other.c.backfill_id.is_(None),
        other.c.kind == JOBS.c.kind,
        other.c.pool.is_not_distinct_from(JOBS.c.pool),
        other.c.priority > JOBS.c.priority,
    )
    query = select(JOBS).where(waits, or_(paused, stopped, overtaken))
    with transaction(engine) as connection:
        rows = connection.execute(query.order_by(JOBS.c.priority, JOBS.c.id).limit(limit))
        return [job_of(row) for row in rows]


def recall(engine: Engine, job: Job) -> bool:
    """Put a submitted job back into the queue; False when its run has begun meanwhile.

    The attempt does not count.
    """
    unbegun = and_(JOBS.c.lease == QUEUED, JOBS.c.flow_run_id == job.flow_run_id)
    mine = and_(of_attempt(attempt_of(job)), unbegun)
    with transaction(engine) as connection:
        return connection.execute(update(JOBS).where(mine).values(**REQUEUED)).rowcount == 1

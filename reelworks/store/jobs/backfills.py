"""Backfills: many jobs under one id, started as the backfill's limits allow.

A backfill's jobs are inserted at the start, so nothing is lost when the process that started it
dies. What it may start is computed from the jobs each time, never counted up in memory.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Engine, Row, and_, exists, func, or_, select, text, true, update
from sqlalchemy.dialects.postgresql import insert

from reelworks.domain.jobs.backfill import Backfill, BackfillStatus, Limits, Selection
from reelworks.domain.jobs.job import Job, JobSelection, JobStatus
from reelworks.errors import InputError, UnknownBackfillError
from reelworks.store.db.database import transaction
from reelworks.store.db.schema import BackfillRow
from reelworks.store.db.schema.jobs import WORK_CHANNEL
from reelworks.store.db.table_ops import sanitize_text, table_of
from reelworks.store.jobs import claims
from reelworks.store.jobs.jobs import JOBS, cancel_jobs, new_job_id

BACKFILLS = table_of(BackfillRow)
KIND = "backfill"
"""The kind of the job that writes a backfill's report: the name of its flow."""
_OVER = [BackfillStatus.DONE.value, BackfillStatus.CANCELLED.value]
_STARTED_THIS_HOUR = text(
    "SELECT count(*) FROM job_events AS e JOIN jobs AS j ON j.id = e.job_id"
    " WHERE e.status = 'processing' AND e.at > now() - interval '1 hour'"
    " AND j.backfill_id = :id"
)


def get_backfill(engine: Engine, backfill_id: str) -> Backfill:
    """Return a backfill. Raises ``UnknownBackfillError``."""
    with transaction(engine) as connection:
        found = _read(connection, BACKFILLS.c.id == backfill_id)
    if not found:
        raise UnknownBackfillError(f"No backfill has the id {backfill_id}.")
    return found[0]


def list_backfills(engine: Engine, *, limit: int = 100) -> list[Backfill]:
    """Return backfills, the newest first."""
    with transaction(engine) as connection:
        return _read(connection, true(), limit)


def same_under_way(engine: Engine, selection: Selection) -> Backfill | None:
    """Return the backfill with this selection that is not over, if there is one."""
    same = BACKFILLS.c.selection == sanitize_text(selection.to_dict())
    with transaction(engine) as connection:
        found = _read(connection, and_(same, BACKFILLS.c.status.not_in(_OVER)))
    return found[0] if found else None


def calls_per_minute(engine: Engine, backfill_id: str) -> int | None:
    """Return how many calls a minute to each provider a backfill's runs may make together."""
    limits = select(BACKFILLS.c.limits).where(BACKFILLS.c.id == backfill_id)
    with transaction(engine) as connection:
        found = connection.scalar(limits)
    return Limits.from_dict(found or {}).calls_per_minute


def pause_backfill(engine: Engine, backfill_id: str, *, note: str = "It was paused.") -> None:
    """Let no more of its jobs start; running ones continue. Raises ``UnknownBackfillError``."""
    _set(engine, backfill_id, BackfillStatus.PAUSED, note)


def resume_backfill(engine: Engine, backfill_id: str, limits: Limits | None = None) -> Backfill:
    """Let its jobs start again, within other ``limits`` if any are given.

    Raises ``UnknownBackfillError``, and ``InputError`` when it was cancelled.
    """
    if limits is not None:
        with transaction(engine) as connection:
            row = update(BACKFILLS).where(BACKFILLS.c.id == backfill_id)
            connection.execute(row.values(limits=limits.to_dict()))
    _set(engine, backfill_id, BackfillStatus.RUNNING, None)
    with transaction(engine) as connection:
        connection.execute(select(func.pg_notify(WORK_CHANNEL, "")))
    return get_backfill(engine, backfill_id)


def cancel_backfill(engine: Engine, backfill_id: str) -> list[str]:
    """Cancel all of its jobs that are not over; return their ids."""
    get_backfill(engine, backfill_id)
    with transaction(engine) as connection:
        row = update(BACKFILLS).where(
            BACKFILLS.c.id == backfill_id, BACKFILLS.c.status.not_in(_OVER)
        )
        connection.execute(
            row.values(status="cancelled", reason="It was cancelled.", ended_at=func.now())
        )
    return cancel_jobs(
        engine, JobSelection(backfill_id=backfill_id), reason="Its backfill was cancelled."
    )


def _set(engine: Engine, backfill_id: str, status: BackfillStatus, reason: str | None) -> None:
    with transaction(engine) as connection:
        row = update(BACKFILLS).where(
            BACKFILLS.c.id == backfill_id, BACKFILLS.c.status.not_in(_OVER)
        )
        done = connection.execute(row.values(status=status.value, reason=reason))
    if done.rowcount == 0:
        found = get_backfill(engine, backfill_id)
        raise InputError(f"The backfill {backfill_id} is {found.status.value}; start another one.")


def claim_of_backfills(engine: Engine, dispatcher: str, seconds: float, *, limit: int) -> list[Job]:
    """Claim up to ``limit`` pending jobs of backfills, as their limits allow.

    A backfill is looked at by one caller at a time, and its jobs are taken before the next one
    looks: several dispatchers together never start more than it may. Others continue with the next.
    """
    taken: list[Job] = []
    for backfill_id in _open(engine):
        if len(taken) >= limit:
            break
        with transaction(engine) as connection:
            slots = _slots(connection, backfill_id)
            most = min(limit - len(taken), slots)
            if most > 0:
                taken += claims.claim(
                    engine, dispatcher, seconds, limit=most, backfill_id=backfill_id
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
        JOBS.c.backfill_id == BACKFILLS.c.id, JOBS.c.status == JobStatus.PENDING.value
    )
    again = and_(BACKFILLS.c.status.in_(_OVER), pending)
    query = select(BACKFILLS.c.id).where(or_(BACKFILLS.c.status == "running", again))
    with transaction(engine) as connection:
        return list(connection.scalars(query.order_by(BACKFILLS.c.created_at, BACKFILLS.c.id)))


def _slots(connection: Connection, backfill_id: str) -> int:
    """Lock a backfill and return what it may start now; 0 when another process has the lock."""
    mine = select(BACKFILLS).where(BACKFILLS.c.id == backfill_id)
    row = connection.execute(mine.with_for_update(skip_locked=True, key_share=True)).one_or_none()
    if row is None or row.status in ("paused", "stopped"):
        return 0
    counts, cost = _tally(connection, [backfill_id]).get(backfill_id, ({}, Decimal(0)))
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
    if row.status in _OVER:
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


def _read(connection: Connection, where: Any, limit: int = 1) -> list[Backfill]:
    query = select(BACKFILLS).where(where).order_by(BACKFILLS.c.created_at.desc(), BACKFILLS.c.id)
    rows = connection.execute(query.limit(limit)).all()
    tallies = _tally(connection, [row.id for row in rows])
    return [_backfill(row, *tallies.get(row.id, ({}, Decimal(0)))) for row in rows]


def _tally(connection: Connection, ids: Sequence[str]) -> dict[str, tuple[dict[str, int], Decimal]]:
    """Return by backfill how many jobs have each status, and their cost together."""
    query = (
        select(JOBS.c.backfill_id, JOBS.c.status, func.count(), func.sum(JOBS.c.cost))
        .where(JOBS.c.backfill_id.in_(ids))
        .group_by(JOBS.c.backfill_id, JOBS.c.status)
    )
    found: dict[str, tuple[dict[str, int], Decimal]] = {}
    for backfill_id, status, number, cost in connection.execute(query):
        counts, total = found.get(backfill_id, ({}, Decimal(0)))
        found[backfill_id] = (counts | {status: number}, total + cost)
    return found


def _current_plan(plan: Mapping[str, Any]) -> dict[str, Any]:
    """Return a stored plan under its names of now: ``skipped`` was ``passed_over`` until 0008."""
    before = {"skipped": plan["passed_over"]} if "passed_over" in plan else {}
    return before | {name: value for name, value in plan.items() if name != "passed_over"}


def _backfill(row: Row[Any], counts: Mapping[str, int], cost: Decimal) -> Backfill:
    return Backfill(
        id=row.id,
        selection=Selection.from_dict(row.selection),
        limits=Limits.from_dict(row.limits),
        plan=_current_plan(row.plan),
        status=BackfillStatus(row.status),
        reason=row.reason,
        created_at=row.created_at,
        ended_at=row.ended_at,
        jobs=dict.fromkeys(JobStatus, 0)
        | {JobStatus(status): number for status, number in counts.items()},
        cost=cost,
    )

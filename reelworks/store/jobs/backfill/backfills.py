"""Backfills: many jobs under one id, started as the backfill's limits allow.

A backfill's jobs are inserted at the start, so nothing is lost when the process that started it
dies. How many of them may start is in ``store.jobs.backfill.slots``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Engine, Row, and_, func, select, true, update
from sqlalchemy.sql import ColumnElement

from reelworks.domain.jobs.backfill import Backfill, BackfillStatus, Limits
from reelworks.domain.jobs.job import JobSelection, JobStatus
from reelworks.domain.library.selection import VideoSelection
from reelworks.errors import InputError, UnknownBackfillError
from reelworks.store.db.database import transaction
from reelworks.store.db.schema import BackfillRow
from reelworks.store.db.schema.jobs import WORK_CHANNEL
from reelworks.store.db.table_ops import sanitize_text, table_of
from reelworks.store.jobs.job_rows import JOBS, STATUS
from reelworks.store.jobs.jobs import cancel_jobs

BACKFILLS = table_of(BackfillRow)
KIND = "backfill"
"""The kind of the job that writes a backfill's report: the name of its flow."""
OVER = [BackfillStatus.DONE.value, BackfillStatus.CANCELLED.value]
"""Statuses of backfills of which no job starts any more."""


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


def same_under_way(engine: Engine, selection: VideoSelection) -> Backfill | None:
    """Return the backfill with this selection that is not over, if there is one."""
    same = BACKFILLS.c.selection == sanitize_text(selection.to_dict())
    with transaction(engine) as connection:
        found = _read(connection, and_(same, BACKFILLS.c.status.not_in(OVER)))
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
            BACKFILLS.c.id == backfill_id, BACKFILLS.c.status.not_in(OVER)
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
            BACKFILLS.c.id == backfill_id, BACKFILLS.c.status.not_in(OVER)
        )
        done = connection.execute(row.values(status=status.value, reason=reason))
    if done.rowcount == 0:
        found = get_backfill(engine, backfill_id)
        raise InputError(f"The backfill {backfill_id} is {found.status.value}; start another one.")


def _read(connection: Connection, where: Any, limit: int = 1) -> list[Backfill]:
    query = select(BACKFILLS).where(where).order_by(BACKFILLS.c.created_at.desc(), BACKFILLS.c.id)
    rows = connection.execute(query.limit(limit)).all()
    tallies = _tally(connection, [row.id for row in rows], STATUS)
    return [_backfill(row, *tallies.get(row.id, ({}, Decimal(0)))) for row in rows]


def tally(connection: Connection, ids: Sequence[str]) -> dict[str, tuple[dict[str, int], Decimal]]:
    """Return by backfill how many jobs have each stored status, and their cost together."""
    return _tally(connection, ids, JOBS.c.status)


def _tally(
    connection: Connection, ids: Sequence[str], status: ColumnElement[str]
) -> dict[str, tuple[dict[str, int], Decimal]]:
    query = (
        select(JOBS.c.backfill_id, status, func.count(), func.sum(JOBS.c.cost))
        .where(JOBS.c.backfill_id.in_(ids))
        .group_by(JOBS.c.backfill_id, status)
    )
    found: dict[str, tuple[dict[str, int], Decimal]] = {}
    for backfill_id, name, number, cost in connection.execute(query):
        counts, total = found.get(backfill_id, ({}, Decimal(0)))
        found[backfill_id] = (counts | {name: number}, total + cost)
    return found


def _current_plan(plan: Mapping[str, Any]) -> dict[str, Any]:
    """Return a stored plan under its names of now: ``skipped`` was ``passed_over`` until 0008."""
    before = {"skipped": plan["passed_over"]} if "passed_over" in plan else {}
    return before | {name: value for name, value in plan.items() if name != "passed_over"}


def _backfill(row: Row[Any], counts: Mapping[str, int], cost: Decimal) -> Backfill:
    return Backfill(
        id=row.id,
        selection=VideoSelection.from_dict(row.selection),
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

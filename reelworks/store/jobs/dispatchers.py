"""Dispatchers: heartbeats, whether any runs, and whether they are paused.

Times are those of the database's clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Engine, and_, delete, exists, func, select
from sqlalchemy.dialects.postgresql import insert

from reelworks.domain.jobs.job import StoredStatus
from reelworks.domain.jobs.lease import QUEUED, RUN_LEASES
from reelworks.store.db.database import transaction
from reelworks.store.db.schema import DispatcherRow, DispatcherStateRow
from reelworks.store.db.schema.jobs import WORK_CHANNEL
from reelworks.store.db.table_ops import sanitize_text, table_of
from reelworks.store.jobs.job_rows import JOBS

DISPATCHERS, DISPATCHER_STATE = table_of(DispatcherRow), table_of(DispatcherStateRow)
PROCESSING = StoredStatus.PROCESSING.value
BEAT_SECONDS = 5.0
"""The longest pause between two heartbeats of a dispatcher that is well and has work."""
SILENT_SECONDS = 30.0
"""A dispatcher from which nothing was heard for so long does not count as running."""
STALLED_SECONDS = 120.0
"""A worker begins a run within seconds; after so long, none will."""
_FORGOTTEN = timedelta(days=1)


def beat(engine: Engine, name: str) -> None:
    """Write a dispatcher's heartbeat, and forget those that were silent for a day."""
    now = func.clock_timestamp()
    statement = insert(DISPATCHERS).values(name=name, started_at=now, seen_at=now)
    renewed = statement.on_conflict_do_update(index_elements=["name"], set_={"seen_at": now})
    with transaction(engine) as connection:
        connection.execute(renewed)
        old = DISPATCHERS.c.seen_at < func.now() - _FORGOTTEN
        connection.execute(delete(DISPATCHERS).where(old))


def leave(engine: Engine, name: str) -> None:
    """Take a dispatcher's heartbeat away: it was stopped on purpose."""
    with transaction(engine) as connection:
        connection.execute(delete(DISPATCHERS).where(DISPATCHERS.c.name == name))


def silence(engine: Engine) -> float | None:
    """Return for how many seconds nothing was heard of any dispatcher; None: there is none."""
    query = select(func.clock_timestamp() - func.max(DISPATCHERS.c.seen_at))
    with transaction(engine) as connection:
        found: timedelta | None = connection.scalar(query)
    return None if found is None else max(0.0, found.total_seconds())


def has_dispatcher(engine: Engine) -> bool:
    """Tell whether a dispatcher is at work: without one, jobs wait."""
    silent = silence(engine)
    return silent is not None and silent < SILENT_SECONDS


def why_jobs_wait(silent: float | None) -> str | None:
    """Say why no job starts, given what ``silence`` returned; None when a dispatcher works."""
    if silent is None:
        return (
            "No dispatcher is running; start one with reelworks up or "
            "python -m reelworks.app.dispatcher."
        )
    if silent < SILENT_SECONDS:
        return None
    return (
        f"The dispatcher has sent no heartbeat for {silent:.0f} s: it is stuck or dead; restart it."
    )


@dataclass(frozen=True, slots=True)
class Stalled:
    """Jobs that were submitted to Prefect and that no worker begins."""

    number: int
    seconds: float
    """Since the first of them was handed over."""


def stalled_jobs(engine: Engine) -> Stalled | None:
    """Return the jobs that wait for a run to begin while no run of any job works, if any do.

    Where at least one run works, the others wait for its worker, however long that takes; where
    none does and none has begun for ``STALLED_SECONDS``, no worker is there to begin it.
    """
    late = func.now() - timedelta(seconds=STALLED_SECONDS)
    handed = and_(JOBS.c.status == PROCESSING, JOBS.c.lease == QUEUED, JOBS.c.updated_at < late)
    others = JOBS.alias()
    works = and_(
        others.c.status == PROCESSING,
        others.c.lease.like(RUN_LEASES),
        others.c.expires_at > func.now(),
    )
    waited = func.extract("epoch", func.now() - func.min(JOBS.c.updated_at))
    query = select(func.count(), waited).where(handed, ~exists().where(works))
    with transaction(engine) as connection:
        number, longest = connection.execute(query).one()
    return Stalled(number, float(longest)) if number else None


def pause_dispatcher(engine: Engine, *, note: str | None = None) -> None:
    """Let no pending job start; running ones continue."""
    _switch(engine, paused=True, note=note)


def resume_dispatcher(engine: Engine) -> None:
    """Let pending jobs start again."""
    _switch(engine, paused=False, note=None)


def is_paused(engine: Engine) -> bool:
    """Tell whether dispatchers are paused."""
    with transaction(engine) as connection:
        return connection.scalar(select(DISPATCHER_STATE.c.paused)) is True


def _switch(engine: Engine, *, paused: bool, note: str | None) -> None:
    values = {"paused": paused, "note": sanitize_text(note), "changed_at": func.now()}
    statement = insert(DISPATCHER_STATE).values(id=1, **values)
    with transaction(engine) as connection:
        connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=values))
        connection.execute(select(func.pg_notify(WORK_CHANNEL, "")))

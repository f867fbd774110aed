"""Tables of jobs, backfills, dispatchers and the sources of libraries."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Connection,
    ForeignKey,
    Identity,
    Index,
    Numeric,
    event,
)
from sqlalchemy import func as fn
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from reelworks.store.db.schema.base import Base

CHANNEL = "reelworks_jobs"
"""Where PostgreSQL notifies of jobs (see ``NOTIFY_TRIGGER``): the changed
one's id, or "" for new ones."""
WORK_CHANNEL = "reelworks_work"
"""Where it notifies dispatchers that a job may be due; progress alone does not count."""
RUNS_CHANNEL = "reelworks_runs"
"""Where dispatchers notify runners that a flow run is scheduled."""

_STATUSES = "('pending', 'processing', 'done', 'failed', 'cancelled')"
_NOTHING = sql("'{}'::jsonb")


class JobRow(Base):
    """A job: one run of a flow. ``INSERT INTO jobs (id, video_id)`` alone is enough."""

    __tablename__ = "jobs"
    __table_args__ = (
        CheckConstraint(f"status IN {_STATUSES}", name="status"),
        CheckConstraint("kind <> 'index' OR video_id IS NOT NULL", name="index_has_video"),
        Index("ix_jobs_status_created_at", "status", "created_at"),
        Index("ix_jobs_newest", sql("created_at DESC"), sql("id DESC")),
        Index(
            "ix_jobs_waiting",
            sql("priority DESC"),
            "created_at",
            "id",
            postgresql_where=sql("status = 'pending'"),
        ),
        Index("ix_jobs_leased", "expires_at", postgresql_where=sql("status = 'processing'")),
        Index(
            "ix_jobs_to_stop",
            "id",
            postgresql_where=sql("status = 'cancelled' AND lease IS NOT NULL"),
        ),
        Index(
            "ix_jobs_backfill_id",
            "backfill_id",
            "status",
            postgresql_where=sql("backfill_id IS NOT NULL"),
        ),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(server_default="index", doc="name of the flow")
    video_id: Mapped[str | None] = mapped_column(
        ForeignKey("videos.id", ondelete="CASCADE"), index=True
    )
    params: Mapped[dict[str, Any]] = mapped_column(server_default=_NOTHING)
    status: Mapped[str] = mapped_column(server_default="pending")
    attempts: Mapped[int] = mapped_column(server_default="0", doc="flow runs so far; the fence")
    attempts_before: Mapped[int] = mapped_column(
        server_default="0", doc="those made before the last retry"
    )
    requeues: Mapped[int] = mapped_column(
        server_default="0", doc="stops on purpose that requeued it; none is an attempt"
    )
    error: Mapped[str | None]
    error_code: Mapped[str | None]
    error_stage: Mapped[str | None]
    flow_run_id: Mapped[str | None]
    lease: Mapped[str | None] = mapped_column(doc="who has it: see domain.jobs.lease")
    expires_at: Mapped[datetime | None] = mapped_column(doc="end of the lease")
    created_at: Mapped[datetime] = mapped_column(server_default=fn.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=fn.now())
    started_at: Mapped[datetime | None] = mapped_column(doc="first taken up by a flow run")
    ended_at: Mapped[datetime | None]
    not_before: Mapped[datetime | None] = mapped_column(doc="when the next try may start")
    pool: Mapped[str | None] = mapped_column(doc="work pool that shall do it; null: any")
    priority: Mapped[int] = mapped_column(server_default="0", doc="higher goes first")
    backfill_id: Mapped[str | None] = mapped_column(ForeignKey("backfills.id", ondelete="SET NULL"))
    requested_by: Mapped[str | None] = mapped_column(doc="name of the token, or null for us")
    progress: Mapped[dict[str, Any]] = mapped_column(server_default=_NOTHING, doc="by stage")
    usage: Mapped[dict[str, Any]] = mapped_column(server_default=_NOTHING, doc="by hosted model")
    cost: Mapped[Decimal] = mapped_column(Numeric(14, 6), server_default="0", doc="so far, in USD")
    result: Mapped[dict[str, Any]] = mapped_column(server_default=_NOTHING)


class JobEventRow(Base):
    """A change of a job's status; a trigger writes it, whatever made the change."""

    __tablename__ = "job_events"
    __table_args__ = (Index("ix_job_events_status_at", "status", "at"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime] = mapped_column(server_default=sql("clock_timestamp()"))
    status: Mapped[str]
    attempt: Mapped[int]
    note: Mapped[str | None]


class BackfillRow(Base):
    """A backfill: many jobs, with limits of speed and cost."""

    __tablename__ = "backfills"
    __table_args__ = (
        CheckConstraint(
            "status IN ('running', 'paused', 'stopped', 'done', 'cancelled')", name="status"
        ),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    selection: Mapped[dict[str, Any]] = mapped_column(server_default=_NOTHING)
    limits: Mapped[dict[str, Any]] = mapped_column(server_default=_NOTHING)
    plan: Mapped[dict[str, Any]] = mapped_column(server_default=_NOTHING)
    status: Mapped[str] = mapped_column(server_default="running")
    reason: Mapped[str | None] = mapped_column(doc="why it does not run")
    created_at: Mapped[datetime] = mapped_column(server_default=fn.now())
    ended_at: Mapped[datetime | None]


class BackfillWaitRow(Base):
    """A flow run that is suspended until a backfill is over."""

    __tablename__ = "backfill_waits"

    flow_run_id: Mapped[str] = mapped_column(primary_key=True)
    backfill_id: Mapped[str] = mapped_column(doc="no reference: its end wakes the run, too")
    woken_at: Mapped[datetime | None] = mapped_column(doc="when a dispatcher last resumed the run")


class RateLimitRow(Base):
    """When the next call to a hosted model may be made, for all processes and hosts."""

    __tablename__ = "rate_limits"

    name: Mapped[str] = mapped_column(primary_key=True, doc="provider, alone or of a backfill")
    next_at: Mapped[datetime]


class DispatcherStateRow(Base):
    """Whether dispatchers are paused: one row, or none while they were never paused."""

    __tablename__ = "dispatcher_state"
    __table_args__ = (CheckConstraint("id = 1", name="one"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    paused: Mapped[bool]
    note: Mapped[str | None]
    changed_at: Mapped[datetime] = mapped_column(server_default=fn.now())


class DispatcherRow(Base):
    """A dispatcher's heartbeat: written in each of its rounds, so a stuck one falls silent."""

    __tablename__ = "dispatchers"

    name: Mapped[str] = mapped_column(primary_key=True, doc="host, process and a random number")
    started_at: Mapped[datetime] = mapped_column(server_default=fn.now())
    seen_at: Mapped[datetime] = mapped_column(server_default=fn.now(), doc="the last heartbeat")


class SourceRow(Base):
    """A file of a synced source, as it was last seen."""

    __tablename__ = "sources"
    __table_args__ = (Index("ix_sources_sha256", "sha256"),)

    library: Mapped[str] = mapped_column(primary_key=True)
    locator: Mapped[str] = mapped_column(primary_key=True, doc="path, s3:// key or address")
    root: Mapped[str] = mapped_column(doc="the folder or prefix that was listed")
    size: Mapped[int] = mapped_column(BigInteger)
    stamp: Mapped[str] = mapped_column(doc="changes when the content may have: time or ETag")
    sha256: Mapped[str | None] = mapped_column(doc="null until it was read")
    duration_sec: Mapped[float | None] = mapped_column(doc="as its header states it")
    video_id: Mapped[str | None] = mapped_column(
        ForeignKey("videos.id", ondelete="SET NULL"), index=True
    )
    first_seen: Mapped[datetime] = mapped_column(server_default=fn.now())
    seen_at: Mapped[datetime] = mapped_column(server_default=fn.now())
    gone_at: Mapped[datetime | None] = mapped_column(doc="when it was first missed")


NOTIFY_TRIGGER = """
CREATE OR REPLACE FUNCTION reelworks_notify_job() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changed boolean := TG_OP = 'INSERT' OR NEW.status IS DISTINCT FROM OLD.status;
    begun boolean := NEW.status = 'processing' AND coalesce(NEW.lease, '') LIKE 'run:%'
        AND (TG_OP = 'INSERT' OR NEW.lease IS DISTINCT FROM OLD.lease);
    reason text := nullif(current_setting('reelworks.note', true), '');
    latest text;
BEGIN
    IF begun OR changed AND NEW.status <> 'processing' THEN
        IF TG_OP = 'UPDATE' THEN
            SELECT status INTO latest FROM job_events
            WHERE job_id = NEW.id ORDER BY id DESC LIMIT 1;
        END IF;
        IF NOT begun THEN
            reason := coalesce(reason, NEW.error);
        END IF;
        IF latest IS DISTINCT FROM NEW.status OR (changed AND reason IS NOT NULL) THEN
            INSERT INTO job_events (job_id, status, attempt, note)
            VALUES (NEW.id, NEW.status, NEW.attempts, reason);
        END IF;
        PERFORM pg_notify('reelworks_work', '');
    ELSIF TG_OP = 'UPDATE' AND NEW.priority IS DISTINCT FROM OLD.priority THEN
        PERFORM pg_notify('reelworks_work', '');
    END IF;
    PERFORM pg_notify('reelworks_jobs', CASE WHEN TG_OP = 'INSERT' THEN '' ELSE NEW.id END);
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER reelworks_notify_job
    AFTER INSERT OR UPDATE OF status, progress, priority, lease ON jobs
    FOR EACH ROW EXECUTE FUNCTION reelworks_notify_job();
"""
"""Whatever writes the table, by hand too: the change is recorded and listeners are notified.

A job that a dispatcher submitted is still queued, so the history has ``processing`` from the moment
a run takes the lease. ``reelworks.note``, set for a transaction, says who made a change and why.
"""


def _create_trigger(table: Any, connection: Connection, **_: Any) -> None:
    del table
    connection.execute(sql(NOTIFY_TRIGGER))


event.listen(JobEventRow.__table__, "after_create", _create_trigger)

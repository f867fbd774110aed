"""Backfill start: the backfill's row and all its jobs are inserted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, select
from sqlalchemy.dialects.postgresql import insert

from reelworks.domain.jobs.backfill import Backfill, Limits
from reelworks.domain.jobs.job import BACKFILL, INDEX, NewJob, StoredStatus
from reelworks.domain.library.library import DEFAULT_LIBRARY
from reelworks.domain.library.selection import VideoSelection
from reelworks.store.db.database import transaction
from reelworks.store.db.table_ops import sanitize_text
from reelworks.store.jobs.backfill.backfills import BACKFILLS, get_backfill
from reelworks.store.jobs.job_rows import JOBS, VIDEOS
from reelworks.store.jobs.jobs import add_jobs

_BATCH = 1000


@dataclass(frozen=True, slots=True)
class BackfillVideo:
    """A video of a backfill: the row that its job belongs to."""

    video_id: str
    source: str | None
    """None: the source of a video that the library has."""


@dataclass(frozen=True, slots=True)
class NewBackfill:
    """A backfill to be inserted."""

    id: str
    selection: VideoSelection
    limits: Limits
    plan: Mapping[str, Any]
    videos: Sequence[BackfillVideo]
    recompute: Sequence[str] = ()
    """Stages to run although their results are cached."""
    requested_by: str | None = None


def begin_backfill(engine: Engine, new: NewBackfill) -> Backfill:
    """Insert a backfill and all its jobs; one that was begun before is completed.

    The row comes first and the jobs after it, each once: interrupted in between, the same call
    continues where it stopped.
    """
    row = {
        "id": new.id,
        "selection": sanitize_text(new.selection.to_dict()),
        "limits": new.limits.to_dict(),
        "plan": sanitize_text(dict(new.plan)),
    }
    with transaction(engine) as connection:
        connection.execute(insert(BACKFILLS).values(row).on_conflict_do_nothing())
        _make_videos(connection, new)
    add_jobs(engine, [_job(new, video) for video in new.videos])
    return get_backfill(engine, new.id)


def _make_videos(connection: Connection, new: NewBackfill) -> None:
    library = new.selection.library or DEFAULT_LIBRARY
    rows = [
        {
            "id": video.video_id,
            "original_path": sanitize_text(video.source),
            "library": library,
            "status": "pending",
        }
        for video in new.videos
        if video.source is not None
    ]
    for start in range(0, len(rows), _BATCH):
        statement = insert(VIDEOS).values(rows[start : start + _BATCH])
        connection.execute(statement.on_conflict_do_nothing(index_elements=["id"]))


def _job(new: NewBackfill, video: BackfillVideo) -> NewJob:
    params = {
        "source": video.source,
        "library": new.selection.library if video.source else None,
        "language": new.selection.language if video.source else None,
        "recompute": list(new.recompute),
    }
    return NewJob(
        id=f"{new.id}-{video.video_id}",
        video_id=video.video_id,
        params={name: value for name, value in params.items() if value},
        priority=BACKFILL,
        backfill_id=new.id,
        requested_by=new.requested_by,
    )


def waiting_videos(engine: Engine, video_ids: Sequence[str]) -> frozenset[str]:
    """Return those of the videos that have a job which has not begun."""
    waits = JOBS.c.status == StoredStatus.PENDING.value
    query = select(JOBS.c.video_id).where(JOBS.c.kind == INDEX, waits)
    with transaction(engine) as connection:
        return frozenset(
            video_id
            for start in range(0, len(video_ids), _BATCH)
            for video_id in connection.scalars(
                query.where(JOBS.c.video_id.in_(video_ids[start : start + _BATCH]))
            )
        )

"""Reads of the library: one video, lists, counts."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine, Row, delete, func, select

from reelworks.domain.library.library import Counts, VideoSummary
from reelworks.errors import UnknownVideoError
from reelworks.store.db.database import transaction
from reelworks.store.db.membership import in_library
from reelworks.store.db.schema import (
    CaptionRow,
    CaptionVectorRow,
    FrameRow,
    SceneRow,
    SegmentRow,
    SegmentVectorRow,
    SourceRow,
    Video,
)
from reelworks.store.db.table_ops import table_of
from reelworks.store.library.video_locations import OTHER_LIBRARIES, libraries_of

VIDEOS, SCENES, FRAMES, SEGMENTS, CAPTIONS = (
    table_of(kind) for kind in (Video, SceneRow, FrameRow, SegmentRow, CaptionRow)
)

_SOURCES = table_of(SourceRow)
_GONE_AT = (
    select(func.max(_SOURCES.c.gone_at))
    .where(_SOURCES.c.video_id == VIDEOS.c.id)
    .having(func.bool_and(_SOURCES.c.gone_at.is_not(None)))
    .scalar_subquery()
    .label("gone_at")
)
VIDEO = select(VIDEOS, OTHER_LIBRARIES, _GONE_AT)


def get_summary(engine: Engine, video_id: str) -> VideoSummary:
    """Return a video as one line. Raises ``UnknownVideoError``."""
    with transaction(engine) as connection:
        row = connection.execute(VIDEO.where(VIDEOS.c.id == video_id)).one_or_none()
    if row is None:
        raise UnknownVideoError(f"No video has the id {video_id}.")
    return summary_of(row)


def list_videos(engine: Engine, *, library: str | None = None) -> list[VideoSummary]:
    """Return all videos, or those of one library, newest first."""
    query = VIDEO.order_by(VIDEOS.c.created_at.desc(), VIDEOS.c.id)
    if library is not None:
        query = query.where(in_library(library))
    with transaction(engine) as connection:
        return [summary_of(row) for row in connection.execute(query)]


def count_all(engine: Engine) -> Counts:
    """Return how much the library holds."""
    by_status = select(VIDEOS.c.status, func.count().label("number")).group_by(VIDEOS.c.status)
    with transaction(engine) as connection:
        scenes, frames, segments, captions = (
            connection.scalar(select(func.count()).select_from(table)) or 0
            for table in (SCENES, FRAMES, SEGMENTS, CAPTIONS)
        )
        embeddings: dict[str, int] = {}
        for made_by in (
            SEGMENTS.c.embedding_model,
            CAPTIONS.c.embedding_model,
            table_of(SegmentVectorRow).c.model,
            table_of(CaptionVectorRow).c.model,
        ):
            counted = select(made_by, func.count()).where(made_by.is_not(None)).group_by(made_by)
            for model, count in connection.execute(counted):
                embeddings[model] = embeddings.get(model, 0) + count
        return Counts(
            videos={row.status: row.number for row in connection.execute(by_status)},
            hours=(connection.scalar(select(func.sum(VIDEOS.c.duration_sec))) or 0.0) / 3600,
            scenes=scenes,
            frames=frames,
            segments=segments,
            captions=captions,
            embeddings=embeddings,
        )


def delete_video(engine: Engine, video_id: str) -> None:
    """Remove a video's rows; its artifacts stay. Raises ``UnknownVideoError``."""
    with transaction(engine) as connection:
        gone = connection.execute(delete(VIDEOS).where(VIDEOS.c.id == video_id))
        if gone.rowcount == 0:
            raise UnknownVideoError(f"No video has the id {video_id}.")


def summary_of(row: Row[Any]) -> VideoSummary:
    """Return a row of the table as one line of the library."""
    return VideoSummary(
        id=row.id,
        title=row.title or row.id,
        library=row.library,
        status=row.status,
        error=row.error,
        duration=row.duration_sec,
        language=row.language,
        original_path=row.original_path,
        created_at=row.created_at,
        updated_at=row.updated_at,
        gone_at=getattr(row, "gone_at", None),
        added_by=row.added_by,
        libraries=libraries_of(row.library, row.other_libraries),
    )

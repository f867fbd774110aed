"""Rows of videos that are restored from the bucket."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, exists, select
from sqlalchemy.dialects.postgresql import insert

from reelworks.domain.library.library import VideoStatus
from reelworks.store.db.database import transaction
from reelworks.store.db.table_ops import sanitize_text
from reelworks.store.jobs.job_rows import JOBS
from reelworks.store.library.video_locations import VideoLocation, record_locations
from reelworks.store.library.video_metadata import VideoMetadata
from reelworks.store.library.video_reads import VIDEOS


@dataclass(frozen=True, slots=True)
class RestoredVideo:
    """A video of the bucket, and how it stands in the library now."""

    id: str
    is_new: bool
    """The library did not have it."""
    is_due: bool
    """It waits to be indexed, and no job does it."""
    has_source: bool
    made_at: datetime
    """When its row was written."""


def insert_videos(
    engine: Engine, videos: Sequence[VideoMetadata], *, with_source: Collection[str]
) -> list[RestoredVideo]:
    """Make the rows of videos that are not there; those that are stay as they are."""
    if not videos:
        return []
    ids = [one.id for one in videos]
    statement = insert(VIDEOS).values([_row(one) for one in videos])
    made = statement.on_conflict_do_nothing(index_elements=["id"]).returning(VIDEOS.c.id)
    waits = VIDEOS.c.status == VideoStatus.PENDING.value
    undone = waits & ~exists().where(JOBS.c.video_id == VIDEOS.c.id)
    query = select(VIDEOS.c.id, VIDEOS.c.updated_at, undone.label("due"))
    with transaction(engine) as connection:
        new = set(connection.scalars(made))
        record_locations(connection, [location for one in videos for location in _locations(one)])
        found = {row.id: row for row in connection.execute(query.where(VIDEOS.c.id.in_(ids)))}
    return [
        RestoredVideo(one, one in new, found[one].due, one in with_source, found[one].updated_at)
        for one in ids
        if one in found
    ]


def _row(video: VideoMetadata) -> dict[str, object]:
    values: dict[str, object] = sanitize_text(
        {
            "id": video.id,
            "title": video.title,
            "library": video.library,
            "stated_language": video.language,
            "stated_audio_track": video.audio_track,
            "original_path": video.original_path,
            "upload_path": video.upload_path,
            "ingested_path": video.original_path if video.upload_path else None,
            "digests": {"source": video.sha256} if video.sha256 else {},
            "added_by": video.added_by,
        }
    )
    return values | {"created_at": video.created_at}


def _locations(video: VideoMetadata) -> list[VideoLocation]:
    return [
        VideoLocation(
            video_id=video.id,
            library=one["library"] or video.library,
            location=one["location"] or "",
            title=one["title"],
            added_by=one["added_by"],
        )
        for one in video.locations
    ]

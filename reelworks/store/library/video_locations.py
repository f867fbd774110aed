"""Locations of videos: the libraries that a video is in, and under which names and locations.

All raise the errors of ``store.db.error_mapping``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, func, select
from sqlalchemy.dialects.postgresql import insert

from reelworks.domain.library.known_content import KnownVideo
from reelworks.store.db.database import transaction
from reelworks.store.db.schema import Video, VideoLocationRow
from reelworks.store.db.table_ops import sanitize_text, table_of

VIDEOS, LOCATIONS = table_of(Video), table_of(VideoLocationRow)
_BATCH = 1000

OTHER_LIBRARIES = (
    select(func.array_agg(LOCATIONS.c.library.distinct()))
    .where(LOCATIONS.c.video_id == VIDEOS.c.id, LOCATIONS.c.library != VIDEOS.c.library)
    .correlate(VIDEOS)
    .scalar_subquery()
    .label("other_libraries")
)
"""The libraries of a video beside its own, by name; null for none."""


@dataclass(frozen=True, slots=True)
class VideoLocation:
    """A location that a video was given by."""

    video_id: str
    library: str
    location: str
    """Without passwords and signatures."""
    title: str | None = None
    added_by: str | None = None


def libraries_of(library: str, others: Sequence[str] | None) -> tuple[str, ...]:
    """Return the libraries of a video, its own first; ``others`` are ``OTHER_LIBRARIES``."""
    return (library, *sorted(others or ()))


def known_videos(
    connection: Connection, *, video_id: str, sha256: str | None
) -> list[tuple[KnownVideo, Any]]:
    """Return the videos with this id or these bytes and their rows, the oldest first."""
    which = VIDEOS.c.id == video_id
    if sha256 is not None:
        which |= VIDEOS.c.digests["source"].astext == sha256
    query = select(VIDEOS, OTHER_LIBRARIES).where(which)
    rows = connection.execute(query.order_by(VIDEOS.c.created_at, VIDEOS.c.id))
    return [
        (
            KnownVideo(
                id=row.id,
                title=row.title or row.id,
                libraries=libraries_of(row.library, row.other_libraries),
                sha256=row.digests.get("source"),
                was_ready=row.ready_at is not None,
            ),
            row,
        )
        for row in rows
    ]


def record_locations(connection: Connection, locations: Sequence[VideoLocation]) -> list[str]:
    """Record locations; return the ids of the videos that have a new one.

    A video's own library and source are in its row and not recorded again. A video that is not
    there is left out.
    """
    recorded: dict[str, None] = {}
    for start in range(0, len(locations), _BATCH):
        some = locations[start : start + _BATCH]
        columns = (VIDEOS.c.id, VIDEOS.c.library, VIDEOS.c.original_path, VIDEOS.c.upload_path)
        rows = connection.execute(
            select(*columns).where(VIDEOS.c.id.in_({one.video_id for one in some}))
        )
        known = {row.id: row for row in rows}
        values = {
            (one.video_id, one.library, location): {
                "video_id": one.video_id,
                "library": one.library,
                "location": location,
                "title": sanitize_text(one.title),
                "added_by": one.added_by,
            }
            for one in some
            for location in [sanitize_text(one.location)]
            if one.video_id in known and not _is_own(known[one.video_id], one.library, location)
        }
        if values:
            statement = insert(LOCATIONS).values(list(values.values())).on_conflict_do_nothing()
            added = connection.scalars(statement.returning(LOCATIONS.c.video_id))
            recorded |= dict.fromkeys(added)
    return list(recorded)


def _is_own(row: Any, library: str, location: str) -> bool:
    """True for a video's own library with its own source, however that is spelled."""
    if library != row.library:
        return False
    scheme, _, address = location.partition("://")
    key = address.partition("/")[2] if scheme == "s3" else None
    is_relative = "://" not in row.original_path and not row.original_path.startswith("/")
    return (
        location == row.original_path
        or (key is not None and key in (row.upload_path, row.original_path))
        or (is_relative and location.endswith(f"/{row.original_path}"))
        or (row.upload_path is not None and row.upload_path.endswith(f"/{row.id}_{location}"))
    )


def join_library(engine: Engine, library: str, given: Sequence[tuple[str, str]]) -> list[str]:
    """Record that these videos, each with its location, were given to a library.

    Returns the ids of the videos that have a new location.
    """
    with transaction(engine) as connection:
        return record_locations(connection, [VideoLocation(one, library, at) for one, at in given])


def locations_of(engine: Engine, video_id: str) -> list[VideoLocation]:
    """Return the locations of a video beside its own, the oldest first."""
    query = select(LOCATIONS).where(LOCATIONS.c.video_id == video_id)
    order = (LOCATIONS.c.created_at, LOCATIONS.c.library, LOCATIONS.c.location)
    with transaction(engine) as connection:
        return [
            VideoLocation(row.video_id, row.library, row.location, row.title, row.added_by)
            for row in connection.execute(query.order_by(*order))
        ]


def count_by_library(connection: Connection) -> dict[str, int]:
    """Return how many videos each library has, by name; one in two libraries counts in both."""
    own = select(VIDEOS.c.library, VIDEOS.c.id)
    given = select(LOCATIONS.c.library, LOCATIONS.c.video_id)
    both = own.union(given).subquery()
    query = select(both.c.library, func.count().label("number")).group_by(both.c.library)
    rows = connection.execute(query.order_by(both.c.library))
    return {row.library: row.number for row in rows}

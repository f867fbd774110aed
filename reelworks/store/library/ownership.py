"""Ownership of videos: the token that added one, and what a request would change."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, Engine, exists, select

from reelworks.domain.printable import one_line
from reelworks.errors import UnknownVideoError
from reelworks.store.db.database import transaction
from reelworks.store.db.table_ops import sanitize_text
from reelworks.store.jobs.job_rows import JOBS
from reelworks.store.library.video_locations import OTHER_LIBRARIES, libraries_of
from reelworks.store.library.video_reads import VIDEOS


@dataclass(frozen=True, slots=True)
class VideoWishes:
    """What a request says of a video; what is None stays as it is."""

    source: str | None = None
    """An http(s) address, ``s3://bucket/key`` or a path, with all its secrets."""
    library: str | None = None
    language: str | None = None
    audio_track: int | None = None


@dataclass(frozen=True, slots=True)
class Changes:
    """What a request would change."""

    added_by: str | None
    """Name of the token that added the video; None: added without a token."""
    names: tuple[str, ...]
    """Of ``source``, ``library``, ``language`` and ``audio track``."""


def owner_of(engine: Engine, video_id: str) -> str | None:
    """Return the name of the token that added a video; None: added without a token."""
    return changes_of(engine, video_id, VideoWishes(), bucket="").added_by


def changes_of(engine: Engine, video_id: str, wishes: VideoWishes, *, bucket: str) -> Changes:
    """Return what ``wishes`` would change of a video; ``bucket`` is the store's."""
    stated = ("library", "stated_language", "stated_audio_track")
    columns = ("added_by", "original_path", "upload_path", *stated)
    query = select(*(VIDEOS.c[name] for name in columns), OTHER_LIBRARIES)
    query = query.where(VIDEOS.c.id == video_id)
    with transaction(engine) as connection:
        row = connection.execute(query).one_or_none()
        if row is None:
            raise UnknownVideoError(f"No video has the id {video_id}.")
        upload = f"s3://{bucket}/{row.upload_path}" if row.upload_path else None
        differs = {
            "source": wishes.source not in (None, upload)
            and not _is_known_source(connection, video_id, wishes.source or "", row.original_path),
            "library": wishes.library
            not in (None, *libraries_of(row.library, row.other_libraries)),
            "language": wishes.language not in (None, row.stated_language),
            "audio track": wishes.audio_track not in (None, row.stated_audio_track),
        }
    return Changes(row.added_by, tuple(name for name, other in differs.items() if other))


def _is_known_source(connection: Connection, video_id: str, source: str, original: str) -> bool:
    """Tell whether a video was made from this very source.

    Rows keep addresses without passwords and queries, and the query may be what chooses the file:
    such an address is known only when a job of the video names it in full.
    """
    if "://" not in source or source.startswith("s3://"):
        return one_line(source) == original
    if "?" not in source and "#" not in source and "@" not in source:
        return source == original
    named = JOBS.c.params["source"].astext == sanitize_text(source)
    return bool(connection.scalar(select(exists().where(JOBS.c.video_id == video_id, named))))

"""The row of a video under way: a run claims it, and its status says how the run stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, func, update
from sqlalchemy.dialects.postgresql import insert

from reelworks.domain.library.library import VideoStatus
from reelworks.domain.locators import file_name, title_of
from reelworks.errors import UnknownVideoError
from reelworks.store.db.database import transaction
from reelworks.store.db.schema import Video
from reelworks.store.db.table_ops import sanitize_text
from reelworks.store.library.video_locations import VIDEOS, VideoLocation, record_locations
from reelworks.store.search.vocabulary import add_words


@dataclass(frozen=True, slots=True)
class ClaimedVideo:
    """A video that a run has claimed."""

    library: str
    language: str | None
    """As a caller stated it, now or before; None: to be detected."""
    audio_track: int | None = None
    """Number of the audio track, the same; None: chosen by speech."""
    sha256: str | None = None
    """Of its source; None: not read yet."""
    upload_path: str | None = None
    """Store key of its source; None: not stored yet."""
    given: frozenset[str] = frozenset()
    """Locations of its source as its row has them: now, and when the upload was stored."""


def claim_video(
    engine: Engine,
    video_id: str,
    *,
    original_path: str,
    library: str | None = None,
    language: str | None = None,
    audio_track: int | None = None,
) -> ClaimedVideo:
    """Make the video's row, or take it up again: its status becomes ``processing``.

    A known video joins ``library`` and leaves none; ``language`` and ``audio_track`` None keep what
    was stated. The ``original_path`` that a row has stays, since a user gave it: another location
    is recorded beside it.
    """
    title = title_of(file_name(original_path))
    values = sanitize_text({"original_path": original_path, "title": title, "status": "processing"})
    given = {"stated_language": language, "stated_audio_track": audio_track}
    stated = {name: value for name, value in given.items() if value is not None}
    own = {} if library is None else {"library": library}
    statement = insert(Video).values(id=video_id, **values, **stated, **own)
    upsert = statement.on_conflict_do_update(
        index_elements=["id"],
        set_={
            "title": func.coalesce(Video.title, statement.excluded.title),
            "status": "processing",
            "error": None,
            "updated_at": func.now(),
            **stated,
        },
    )
    with transaction(engine) as connection:
        row = connection.execute(upsert.returning(VIDEOS)).one()
        location = VideoLocation(video_id, library or row.library, original_path)
        record_locations(connection, [location])
    return ClaimedVideo(
        library=row.library,
        language=row.stated_language,
        audio_track=row.stated_audio_track,
        sha256=row.digests.get("source"),
        upload_path=row.upload_path,
        given=frozenset({row.original_path, row.ingested_path} - {None}),
    )


def set_status(
    engine: Engine, video_id: str, status: VideoStatus, *, error: str | None = None
) -> None:
    """Say how the video's run stands; ``ready`` makes it findable from then on."""
    values: dict[str, Any] = {
        "status": status.value,
        "error": sanitize_text(error),
        "updated_at": func.now(),
    }
    if status is VideoStatus.READY:
        values["ready_at"] = func.coalesce(Video.ready_at, func.now())
    with transaction(engine) as connection:
        done = connection.execute(update(Video).where(Video.id == video_id).values(values))
        if done.rowcount == 0:
            raise UnknownVideoError(f"No video has the id {video_id}.")
        if status is VideoStatus.READY:
            add_words(connection, video_id)

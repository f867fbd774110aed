"""The row of a video under way: a run claims it, and its status says how the run stands."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from sqlalchemy import Engine, case, func, update
from sqlalchemy.dialects.postgresql import insert

from reelworks.domain.library.library import VideoStatus
from reelworks.errors import UnknownVideoError
from reelworks.store.db.database import transaction
from reelworks.store.db.schema import Video
from reelworks.store.db.table_ops import sanitize_text
from reelworks.store.search.vocabulary import add_words


@dataclass(frozen=True, slots=True)
class ClaimedVideo:
    """A video that a run has claimed."""

    library: str
    language: str | None
    """As a caller stated it, now or before; None: to be detected."""


def claim_video(
    engine: Engine,
    video_id: str,
    *,
    original_path: str,
    library: str | None = None,
    language: str | None = None,
    bucket: str = "",
) -> ClaimedVideo:
    """Make the video's row, or take it up again: its status becomes ``processing``.

    ``library`` None leaves a known video where it is, ``language`` None keeps what was stated. A
    source that is the video's own upload, in ``bucket``, does not hide where it came from first.
    """
    title = PurePosixPath(original_path.partition("?")[0]).stem
    values = sanitize_text({"original_path": original_path, "title": title, "status": "processing"})
    given = {"library": library, "stated_language": language}
    stated = {name: value for name, value in given.items() if value is not None}
    values |= stated
    statement = insert(Video).values(id=video_id, **values)
    upsert = statement.on_conflict_do_update(
        index_elements=["id"],
        set_={
            "original_path": case(
                (
                    statement.excluded.original_path == f"s3://{bucket}/" + Video.upload_path,
                    Video.original_path,
                ),
                else_=statement.excluded.original_path,
            ),
            "title": func.coalesce(Video.title, statement.excluded.title),
            "status": "processing",
            "error": None,
            "updated_at": func.now(),
            **stated,
        },
    )
    with transaction(engine) as connection:
        row = connection.execute(upsert.returning(Video.library, Video.stated_language)).one()
    return ClaimedVideo(row.library, row.stated_language)


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

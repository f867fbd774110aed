"""The rows of videos: pages of them, and those that wait to be indexed.

All raise the errors of ``reelworks.store.db.error_mapping``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, and_, func, select, true
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.sql import ColumnElement

from reelworks.domain.library.library import DEFAULT_LIBRARY, VideoSummary
from reelworks.domain.library.listing import PageKey
from reelworks.domain.library.selection import VideoSelection
from reelworks.errors import ConflictError, InputError, UnknownFrameError, UnknownVideoError
from reelworks.store.db.advisory_locks import lock_number
from reelworks.store.db.database import transaction
from reelworks.store.db.table_ops import check_known, page_after, sanitize_text
from reelworks.store.library.upload_keys import claim_upload
from reelworks.store.library.video_reads import FRAMES, VIDEOS, summary_of

_FIRST_FRAMES = 5


@dataclass(frozen=True, slots=True)
class NewVideo:
    """A video that is known but not indexed yet."""

    id: str
    original_path: str
    title: str
    library: str | None = None
    upload_path: str | None = None
    """Store key of the source, when it is in the store."""
    sha256: str | None = None
    """Of the source, when it is known."""
    language: str | None = None
    """As a caller states it; None: to be detected."""
    audio_track: int | None = None
    """Number from 1, as a caller states it; None: chosen by speech."""
    added_by: str | None = None
    """Name of the token that adds it; None: added without a token."""


def page_of_videos(
    engine: Engine, which: VideoSelection, *, limit: int, after: PageKey | None = None
) -> list[VideoSummary]:
    """Return up to ``limit`` videos, newest first; new ones never move what follows ``after``."""
    query = page_after(select(VIDEOS).where(where_clause(which)), VIDEOS, limit=limit, after=after)
    with transaction(engine) as connection:
        return [summary_of(row) for row in connection.execute(query)]


def ids_of_videos(engine: Engine, which: VideoSelection) -> list[str]:
    """Return the ids of all these videos, the oldest first.

    Raises ``UnknownVideoError`` for an id that no video has, and what ``where_clause`` raises.
    """
    query = select(VIDEOS.c.id).where(where_clause(which))
    with transaction(engine) as connection:
        check_known(connection, which.ids or ())
        return list(connection.scalars(query.order_by(VIDEOS.c.created_at, VIDEOS.c.id)))


def where_clause(which: VideoSelection) -> ColumnElement[bool]:
    """Return the condition on videos' rows.

    Raises ``InputError`` for a source, a kind, a missing stage or a limit: only a backfill's plan
    can tell which videos those select.
    """
    if which != which.of_rows:
        raise InputError("Only a backfill selects videos by source, kind, missing stage or limit.")
    conditions: list[ColumnElement[bool]] = [true()]
    if which.ids is not None:
        conditions.append(VIDEOS.c.id.in_(sanitize_text(list(which.ids))))
    for name in ("library", "status", "language"):
        wanted = getattr(which, name)
        if wanted is not None:
            conditions.append(VIDEOS.c[name] == wanted)
    if which.title is not None:
        named = func.coalesce(VIDEOS.c.title, "") + " " + VIDEOS.c.id
        conditions.append(named.icontains(sanitize_text(which.title), autoescape=True))
    bounds = (
        (VIDEOS.c.duration_sec, which.min_seconds, which.max_seconds),
        (VIDEOS.c.created_at, which.created_from, None),
    )
    for column, least, most in bounds:
        if least is not None:
            conditions.append(column >= least)
        if most is not None:
            conditions.append(column <= most)
    if which.created_to is not None:
        conditions.append(VIDEOS.c.created_at < which.created_to)
    return and_(*conditions)


def add_video(engine: Engine, new: NewVideo) -> tuple[str, bool]:
    """Put a video into the library, status ``pending``; return its id and whether it is new.

    A source whose bytes are there already is the video that has them, whatever its name. Of two
    calls at once for the same bytes one is first. Raises ``ConflictError`` when the id belongs to
    another source, and what ``claim_upload`` raises for the key of its file.
    """
    values = _values(new)
    with transaction(engine) as connection:
        if new.sha256 is not None:
            connection.execute(select(func.pg_advisory_xact_lock(lock_number(new.sha256))))
            known = _with_bytes(connection, new.sha256)
            if known is not None:
                return known, False
        made = insert(VIDEOS).values(**values).on_conflict_do_nothing(index_elements=["id"])
        if connection.scalar(made.returning(VIDEOS.c.id)) is not None:
            if new.upload_path is not None:
                claim_upload(connection, new.id, new.upload_path)
            return new.id, True
        row = connection.execute(select(VIDEOS).where(VIDEOS.c.id == new.id)).one()
        same_path = row.original_path == values["original_path"]
        if not (same_path if new.sha256 is None else row.digests.get("source") == new.sha256):
            raise ConflictError(
                f"The video {new.id} has another source; choose another id or delete it first."
            )
        return new.id, False


def _values(new: NewVideo) -> Mapping[str, Any]:
    values: Mapping[str, Any] = sanitize_text(
        {
            "id": new.id,
            "original_path": new.original_path,
            "title": new.title,
            "library": new.library or DEFAULT_LIBRARY,
            "upload_path": new.upload_path,
            "digests": {"source": new.sha256} if new.sha256 else {},
            "stated_language": new.language,
            "stated_audio_track": new.audio_track,
            "added_by": new.added_by,
        }
    )
    return values


def _with_bytes(connection: Connection, sha256: str) -> str | None:
    same = VIDEOS.c.digests["source"].astext == sha256
    oldest = select(VIDEOS.c.id).where(same).order_by(VIDEOS.c.created_at).limit(1)
    return connection.scalar(oldest)


@dataclass(frozen=True, slots=True)
class MediaKeys:
    """Where the files of a video lie in the store."""

    upload: str | None
    normalized: str | None
    title: str


def media_keys(engine: Engine, video_id: str) -> MediaKeys:
    """Return the store keys of a video's files. Raises ``UnknownVideoError``."""
    columns = (VIDEOS.c.upload_path, VIDEOS.c.normalized_path, VIDEOS.c.title, VIDEOS.c.id)
    with transaction(engine) as connection:
        row = connection.execute(select(*columns).where(VIDEOS.c.id == video_id)).one_or_none()
    if row is None:
        raise UnknownVideoError(f"No video has the id {video_id}.")
    return MediaKeys(row.upload_path, row.normalized_path, row.title or row.id)


def frame_key(engine: Engine, video_id: str, frame_id: str | None) -> str:
    """Return the store key of a frame's JPEG; ``frame_id`` None: the video's own.

    Raises ``UnknownFrameError``.
    """
    query = select(FRAMES.c.path).where(FRAMES.c.video_id == video_id)
    if frame_id is not None:
        query = query.where(FRAMES.c.id == frame_id)
    # A poster: the sharpest of the first pictures, since many films begin in black.
    first = query.order_by(FRAMES.c.t, FRAMES.c.id).limit(_FIRST_FRAMES).subquery()
    sharpest = (
        select(first.c.path)
        .select_from(first.join(FRAMES, FRAMES.c.path == first.c.path))
        .order_by(FRAMES.c.sharpness.desc(), FRAMES.c.id)
        .limit(1)
    )
    with transaction(engine) as connection:
        key: str | None = connection.scalar(sharpest)
    if key is None:
        named = f"frame {frame_id}" if frame_id else "frame yet"
        raise UnknownFrameError(f"The video {video_id} has no {named}.")
    return key

"""The rows of videos: pages of them, and those that wait to be indexed.

All raise the errors of ``reelworks.store.db.error_mapping``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from sqlalchemy import Connection, Engine, Row, and_, func, select, true
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.sql import ColumnElement

from reelworks.domain.library.known_content import GivenSource, match_video, notes_of
from reelworks.domain.library.library import DEFAULT_LIBRARY, VideoSummary
from reelworks.domain.library.listing import PageKey
from reelworks.domain.library.selection import VideoSelection
from reelworks.errors import ConflictError, InputError, UnknownFrameError, UnknownVideoError
from reelworks.store.db.advisory_locks import lock_number
from reelworks.store.db.database import transaction
from reelworks.store.db.membership import in_library
from reelworks.store.db.table_ops import check_known, page_after, sanitize_text
from reelworks.store.library.upload_keys import claim_upload
from reelworks.store.library.video_locations import (
    OTHER_LIBRARIES,
    VideoLocation,
    known_videos,
    record_locations,
)
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
    is_id_stated: bool = False
    """False: the id was made from name and content, and the content decides which video it is."""
    is_title_stated: bool = False
    """False: the title was made from the file's name."""


@dataclass(frozen=True, slots=True)
class AddedVideo:
    """The video that a source is."""

    id: str
    new: bool
    """False when the library had it already."""
    notes: tuple[str, ...] = ()
    """What happened beside that, a sentence each: see ``domain.library.known_content``."""


def page_of_videos(
    engine: Engine, which: VideoSelection, *, limit: int, after: PageKey | None = None
) -> list[VideoSummary]:
    """Return up to ``limit`` videos, newest first; new ones never move what follows ``after``."""
    selected = select(VIDEOS, OTHER_LIBRARIES).where(where_clause(which))
    query = page_after(selected, VIDEOS, limit=limit, after=after)
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
    if which.library is not None:
        conditions.append(in_library(which.library))
    for name in ("status", "language"):
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


def add_video(
    engine: Engine,
    new: NewVideo,
    *,
    check: Callable[[str], None] = lambda _: None,
    replace_source: bool = False,
) -> AddedVideo:
    """Put a source into the library: as a new video, status ``pending``, or as one that is known.

    Which video it is, and what happens to names, locations and libraries, says
    ``domain.library.known_content``. Of two calls at once for the same bytes one is first.
    ``check`` gets the id of a known video before anything is recorded of it, and may raise.

    Raises ``ConflictError`` when the id belongs to another source, unless ``replace_source`` gives
    the video a new one, and what ``claim_upload`` raises for the key of its file.
    """
    title = new.title if new.is_title_stated else None
    given = GivenSource(new.id, new.is_id_stated, new.sha256, new.library, title)
    with transaction(engine) as connection:
        if new.sha256 is not None:
            connection.execute(select(func.pg_advisory_xact_lock(lock_number(new.sha256))))
        found = known_videos(connection, video_id=new.id, sha256=new.sha256)
        match = match_video(given, [one for one, _ in found])
        notes = notes_of(given, match, [one for one, _ in found])
        if match is None and _insert(connection, new):
            return AddedVideo(new.id, True, notes)
        if match is None:  # another caller has just added it under this id
            found = known_videos(connection, video_id=new.id, sha256=new.sha256)
            match = next(one for one, _ in found if one.id == new.id)
        row = next(row for one, row in found if one.id == match.id)
        if not replace_source and not _is_same_source(row, new):
            raise ConflictError(
                f"The video {new.id} has another source; choose another id or delete it first."
            )
        check(match.id)
        library = new.library or match.libraries[0]
        given_by = new.original_path if new.upload_path is None else _file_name(new)
        location = VideoLocation(match.id, library, given_by, new.title, new.added_by)
        record_locations(connection, [location])
        return AddedVideo(match.id, False, notes)


def _insert(connection: Connection, new: NewVideo) -> bool:
    made = insert(VIDEOS).values(**_values(new)).on_conflict_do_nothing(index_elements=["id"])
    if connection.scalar(made.returning(VIDEOS.c.id)) is None:
        return False
    if new.upload_path is not None:
        claim_upload(connection, new.id, new.upload_path)
    return True


def _file_name(upload: NewVideo) -> str:
    """Return the name of a file that was sent and is not stored again."""
    return PurePosixPath(upload.upload_path or "").name.removeprefix(f"{upload.id}_")


def _is_same_source(row: Row[Any], new: NewVideo) -> bool:
    if new.sha256 is not None and "source" in row.digests:
        return bool(row.digests["source"] == new.sha256)
    return bool(row.original_path == sanitize_text(new.original_path))


def _values(new: NewVideo) -> Mapping[str, Any]:
    values: Mapping[str, Any] = sanitize_text(
        {
            "id": new.id,
            "original_path": new.original_path,
            "title": new.title,
            "library": new.library or DEFAULT_LIBRARY,
            "upload_path": new.upload_path,
            "ingested_path": new.original_path if new.upload_path else None,
            "digests": {"source": new.sha256} if new.sha256 else {},
            "stated_language": new.language,
            "stated_audio_track": new.audio_track,
            "added_by": new.added_by,
        }
    )
    return values


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

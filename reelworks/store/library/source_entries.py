"""Source entries: a library's files as they were last seen, so that none is read twice."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, Table, Text, and_, case, cast, func, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.sql import ColumnElement

from reelworks.store.db.database import transaction
from reelworks.store.db.schema import SourceRow, Video
from reelworks.store.db.table_ops import sanitize_text, table_of

SOURCES, VIDEOS = table_of(SourceRow), table_of(Video)
_BATCH = 1000


@dataclass(frozen=True, slots=True)
class SeenSource:
    """A file as it was last seen."""

    locator: str
    root: str
    size: int
    stamp: str
    sha256: str | None
    seconds: float | None
    """Length that its header states."""
    video_id: str | None
    gone_at: datetime | None = None


def sources_of(engine: Engine, library: str, root: str | None = None) -> dict[str, SeenSource]:
    """Return what is known of a library's files, or of those under one root, by locator."""
    query = select(SOURCES).where(SOURCES.c.library == library)
    if root is not None:
        query = query.where(SOURCES.c.root == root)
    with transaction(engine) as connection:
        return {
            row.locator: SeenSource(
                locator=row.locator,
                root=row.root,
                size=row.size,
                stamp=row.stamp,
                sha256=row.sha256,
                seconds=row.duration_sec,
                video_id=row.video_id,
                gone_at=row.gone_at,
            )
            for row in connection.execute(query)
        }


def remember_sources(engine: Engine, library: str, seen: Sequence[SeenSource]) -> None:
    """Write down what was seen of a library's files; a file that was missed is there again.

    The video that a file is known to be stays, unless another one is named.
    """
    for start in range(0, len(seen), _BATCH):
        rows = [_row(library, one) for one in seen[start : start + _BATCH]]
        statement = insert(SOURCES).values(rows)
        new = statement.excluded
        changes: dict[str, Any] = {name: new[name] for name in rows[0] if name != "video_id"}
        changes |= {
            "video_id": func.coalesce(new.video_id, SOURCES.c.video_id),
            "seen_at": func.now(),
            "gone_at": None,
        }
        with transaction(engine) as connection:
            connection.execute(
                statement.on_conflict_do_update(index_elements=["library", "locator"], set_=changes)
            )


def remember_copies(engine: Engine, library: str) -> None:
    """Let files that were seen without a video be the one that a file of the same content is."""
    content = _content(SOURCES)
    in_library = SOURCES.c.library == library
    known = (
        select(content.label("content"), func.min(SOURCES.c.video_id).label("video_id"))
        .where(in_library, content.is_not(None), SOURCES.c.video_id.is_not(None))
        .group_by(content)
        .subquery()
    )
    without = and_(in_library, SOURCES.c.video_id.is_(None), content == known.c.content)
    with transaction(engine) as connection:
        connection.execute(update(SOURCES).where(without).values(video_id=known.c.video_id))


def _content(table: Table) -> ColumnElement[str | None]:
    """Return what rows of the same content share: the digest, or an object's tag and size."""
    tag = table.c.stamp + ":" + cast(table.c.size, Text())
    return func.coalesce(table.c.sha256, case((table.c.locator.startswith("s3://"), tag)))


def move_video(engine: Engine, video_id: str, before: str, locator: str) -> None:
    """Let a video's row follow its file; one that names another file stays."""
    mine = and_(VIDEOS.c.id == video_id, VIDEOS.c.original_path == sanitize_text(before))
    with transaction(engine) as connection:
        to = sanitize_text(locator)
        same = VIDEOS.c.ingested_path == VIDEOS.c.original_path  # its content is the same
        ingested = case((same, to), else_=VIDEOS.c.ingested_path)
        row = update(VIDEOS).where(mine)
        connection.execute(row.values(original_path=to, ingested_path=ingested))


def miss_sources(engine: Engine, library: str, locators: Iterable[str]) -> None:
    """Note that files are gone; their videos stay."""
    missing = [(library, locator) for locator in locators]
    with transaction(engine) as connection:
        for start in range(0, len(missing), _BATCH):
            keys = tuple_(SOURCES.c.library, SOURCES.c.locator)
            gone = and_(keys.in_(missing[start : start + _BATCH]), SOURCES.c.gone_at.is_(None))
            connection.execute(update(SOURCES).where(gone).values(gone_at=func.now()))


def forget_sources(engine: Engine, library: str, locators: Iterable[str]) -> None:
    """Remove files that are known by another name now."""
    moved = list(locators)
    with transaction(engine) as connection:
        for start in range(0, len(moved), _BATCH):
            some = SOURCES.c.locator.in_(moved[start : start + _BATCH])
            connection.execute(SOURCES.delete().where(SOURCES.c.library == library, some))


def _row(library: str, seen: SeenSource) -> dict[str, Any]:
    return {
        "library": library,
        "locator": sanitize_text(seen.locator),
        "root": sanitize_text(seen.root),
        "size": seen.size,
        "stamp": seen.stamp,
        "sha256": seen.sha256,
        "duration_sec": seen.seconds,
        "video_id": seen.video_id,
    }

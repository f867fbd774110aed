"""Membership: which videos are in a library."""

from __future__ import annotations

from sqlalchemy import ColumnElement, or_, select

from reelworks.store.db.schema import Video, VideoLocationRow
from reelworks.store.db.table_ops import table_of

_VIDEOS, _LOCATIONS = table_of(Video), table_of(VideoLocationRow)


def in_library(library: str) -> ColumnElement[bool]:
    """Return the condition that a row of ``videos`` is in a library, its own or another."""
    given = select(_LOCATIONS.c.video_id).where(_LOCATIONS.c.library == library)
    return or_(_VIDEOS.c.library == library, _VIDEOS.c.id.in_(given))

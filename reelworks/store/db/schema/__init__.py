"""The tables. ``migrations/`` makes them; a test keeps the two in step."""

from __future__ import annotations

from reelworks.store.db.schema.access import DeliveryRow, RequestRow, TokenRow
from reelworks.store.db.schema.base import Base
from reelworks.store.db.schema.jobs import (
    BackfillRow,
    BackfillWaitRow,
    DispatcherRow,
    IntakeRow,
    JobEventRow,
    JobRow,
    PaceRow,
    SourceRow,
)
from reelworks.store.db.schema.library import CaptionRow, FrameRow, SceneRow, SegmentRow, Video
from reelworks.store.db.schema.search import (
    CaptionVectorRow,
    EmbeddingModelRow,
    SearchPageRow,
    SegmentVectorRow,
)

REVISION = "0007"
"""The newest migration."""

__all__ = [
    "REVISION",
    "BackfillRow",
    "BackfillWaitRow",
    "Base",
    "CaptionRow",
    "CaptionVectorRow",
    "DeliveryRow",
    "DispatcherRow",
    "EmbeddingModelRow",
    "FrameRow",
    "IntakeRow",
    "JobEventRow",
    "JobRow",
    "PaceRow",
    "RequestRow",
    "SceneRow",
    "SearchPageRow",
    "SegmentRow",
    "SegmentVectorRow",
    "SourceRow",
    "TokenRow",
    "Video",
]

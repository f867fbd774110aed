"""The tables. ``migrations/`` makes them; a test keeps the two in step."""

from __future__ import annotations

from reelworks.store.db.schema.access import IdempotencyKeyRow, TokenRow, WebhookDeliveryRow
from reelworks.store.db.schema.base import Base
from reelworks.store.db.schema.jobs import (
    BackfillRow,
    BackfillWaitRow,
    DispatcherRow,
    DispatcherStateRow,
    JobEventRow,
    JobRow,
    RateLimitRow,
    SourceRow,
)
from reelworks.store.db.schema.library import (
    CaptionRow,
    FrameRow,
    PendingRemovalRow,
    SceneRow,
    SegmentRow,
    Video,
    VideoLocationRow,
)
from reelworks.store.db.schema.search import (
    CaptionVectorRow,
    EmbeddingModelRow,
    SearchPageRow,
    SearchWordRow,
    SegmentVectorRow,
)

REVISION = "0014"
"""The newest migration."""

__all__ = [
    "REVISION",
    "BackfillRow",
    "BackfillWaitRow",
    "Base",
    "CaptionRow",
    "CaptionVectorRow",
    "DispatcherRow",
    "DispatcherStateRow",
    "EmbeddingModelRow",
    "FrameRow",
    "IdempotencyKeyRow",
    "JobEventRow",
    "JobRow",
    "PendingRemovalRow",
    "RateLimitRow",
    "SceneRow",
    "SearchPageRow",
    "SearchWordRow",
    "SegmentRow",
    "SegmentVectorRow",
    "SourceRow",
    "TokenRow",
    "Video",
    "VideoLocationRow",
    "WebhookDeliveryRow",
]

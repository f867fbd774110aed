"""The tables. ``migrations/`` makes them; a test keeps the two in step."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from pgvector.sqlalchemy import VECTOR
from sqlalchemy import (
    CheckConstraint,
    Computed,
    ForeignKey,
    Index,
    MetaData,
    Text,
    func,
)
from sqlalchemy import (
    text as sql,
)
from sqlalchemy.dialects.postgresql import JSONB, REGCONFIG, TIMESTAMP, TSVECTOR
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column

REVISION = "0001"
"""The newest migration."""

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

SPOKEN_TSV = "to_tsvector(ts_config, text) || to_tsvector('simple', text)"
SEEN_TSV = "to_tsvector('english', seen_text) || to_tsvector('simple', seen_text)"
SCREEN_TSV = "to_tsvector(ts_config, screen_text) || to_tsvector('simple', screen_text)"


class Base(DeclarativeBase):
    """The base of all tables."""

    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        str: Text(),
        datetime: TIMESTAMP(timezone=True),
        dict[str, Any]: JSONB(),
        list[Any]: JSONB(),
    }


class OfVideo:
    """Columns of every row that a stage produced."""

    id: Mapped[str] = mapped_column(primary_key=True)
    model: Mapped[str] = mapped_column(doc="provider/name of what made the row")
    revision: Mapped[str] = mapped_column(server_default="")

    @declared_attr
    @classmethod
    def video_id(cls) -> Mapped[str]:
        """The video that the row belongs to."""
        return mapped_column(ForeignKey("videos.id", ondelete="CASCADE"), index=True)


class Embedded:
    """A vector and the model that made it. No fixed size: models of any size live side by side."""

    embedding: Mapped[list[float] | None] = mapped_column(VECTOR())
    embedding_model: Mapped[str | None] = mapped_column(index=True)


def _both_or_none() -> CheckConstraint:
    rule = "(embedding IS NULL) = (embedding_model IS NULL)"
    return CheckConstraint(rule, name="embedding_has_model")


class Video(Base):
    """A video of the library."""

    __tablename__ = "videos"
    __table_args__ = (
        CheckConstraint("status IN ('pending', 'processing', 'ready', 'failed')", name="status"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    original_path: Mapped[str]
    upload_path: Mapped[str | None]
    normalized_path: Mapped[str | None]
    duration_sec: Mapped[float | None]
    status: Mapped[str] = mapped_column(server_default="pending")
    error: Mapped[str | None]
    title: Mapped[str | None]
    library: Mapped[str] = mapped_column(server_default="default")
    language: Mapped[str | None]
    digests: Mapped[dict[str, Any]] = mapped_column(server_default=sql("'{}'::jsonb"))
    probe: Mapped[dict[str, Any]] = mapped_column(server_default=sql("'{}'::jsonb"))
    warnings: Mapped[dict[str, Any]] = mapped_column(
        server_default=sql("'{}'::jsonb"), doc="sentences by stage"
    )
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    ready_at: Mapped[datetime | None] = mapped_column(doc="first ready; search shows it since")


class Job(Base):
    """Work that somebody asked for."""

    __tablename__ = "jobs"
    __table_args__ = (
        CheckConstraint(
            "status IN ('pending', 'processing', 'done', 'failed', 'cancelled')", name="status"
        ),
        Index("ix_jobs_status_created_at", "status", "created_at"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(server_default="index")
    video_id: Mapped[str] = mapped_column(ForeignKey("videos.id", ondelete="CASCADE"), index=True)
    params: Mapped[dict[str, Any]] = mapped_column(server_default=sql("'{}'::jsonb"))
    status: Mapped[str] = mapped_column(server_default="pending")
    attempts: Mapped[int] = mapped_column(server_default="0")
    error: Mapped[str | None]
    flow_run_id: Mapped[str | None]
    lease: Mapped[str | None] = mapped_column(doc="who works on it")
    expires_at: Mapped[datetime | None] = mapped_column(doc="end of the lease")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


class SceneRow(OfVideo, Base):
    """A shot."""

    __tablename__ = "scenes"
    __table_args__ = (CheckConstraint("t_start <= t_end", name="times"),)

    t_start: Mapped[float]
    t_end: Mapped[float]


class FrameRow(OfVideo, Base):
    """The picture that stands for a scene."""

    __tablename__ = "frames"

    scene_id: Mapped[str] = mapped_column(ForeignKey("scenes.id", ondelete="CASCADE"), index=True)
    t: Mapped[float]
    phash: Mapped[str]
    path: Mapped[str] = mapped_column(doc="store key of the JPEG")
    sha256: Mapped[str]
    width: Mapped[int]
    height: Mapped[int]
    sharpness: Mapped[float]
    duplicate_of: Mapped[str | None] = mapped_column(
        ForeignKey("frames.id", ondelete="SET NULL"), index=True
    )


class SegmentRow(OfVideo, Embedded, Base):
    """A line of speech."""

    __tablename__ = "transcript_segments"
    __table_args__ = (
        CheckConstraint("t_start <= t_end", name="times"),
        _both_or_none(),
        Index("ix_transcript_segments_tsv", "tsv", postgresql_using="gin"),
    )

    t_start: Mapped[float]
    t_end: Mapped[float]
    text: Mapped[str]
    words: Mapped[list[Any]] = mapped_column(server_default=sql("'[]'::jsonb"))
    speaker: Mapped[str | None]
    language: Mapped[str | None]
    ts_config: Mapped[Any] = mapped_column(
        REGCONFIG(), server_default=sql("'simple'::regconfig"), nullable=False
    )
    tsv: Mapped[Any] = mapped_column(TSVECTOR(), Computed(SPOKEN_TSV, persisted=True))


class CaptionRow(OfVideo, Embedded, Base):
    """What a frame shows."""

    __tablename__ = "frame_captions"
    __table_args__ = (
        _both_or_none(),
        Index("ix_frame_captions_seen_tsv", "seen_tsv", postgresql_using="gin"),
        Index("ix_frame_captions_screen_tsv", "screen_tsv", postgresql_using="gin"),
        Index(
            "ix_frame_captions_screen_text",
            "screen_text",
            postgresql_using="gin",
            postgresql_ops={"screen_text": "gin_trgm_ops"},
        ),
    )

    frame_id: Mapped[str] = mapped_column(ForeignKey("frames.id", ondelete="CASCADE"), index=True)
    caption: Mapped[str | None]
    entities: Mapped[dict[str, Any]] = mapped_column(server_default=sql("'{}'::jsonb"))
    seen_text: Mapped[str] = mapped_column(
        server_default="", doc="caption, objects and controls as words"
    )
    screen_text: Mapped[str] = mapped_column(
        server_default="", doc="all text on the picture, one line each"
    )
    ts_config: Mapped[Any] = mapped_column(
        REGCONFIG(), server_default=sql("'simple'::regconfig"), nullable=False
    )
    seen_tsv: Mapped[Any] = mapped_column(TSVECTOR(), Computed(SEEN_TSV, persisted=True))
    screen_tsv: Mapped[Any] = mapped_column(TSVECTOR(), Computed(SCREEN_TSV, persisted=True))

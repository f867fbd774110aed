"""Videos and what the stages found in them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pgvector.sqlalchemy import VECTOR
from sqlalchemy import (
    CheckConstraint,
    Computed,
    Connection,
    ForeignKey,
    Index,
    event,
    func,
)
from sqlalchemy import (
    text as sql,
)
from sqlalchemy.dialects.postgresql import BIT, REGCONFIG, TSVECTOR
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from reelworks.domain.ids import VIDEO_ID_PATTERN, VIDEO_ID_RULE
from reelworks.store.db.schema.base import Base
from reelworks.store.db.schema.search import tsv_of

SPOKEN_TSV = tsv_of("text", "ts_config")
SEEN_TSV = tsv_of("seen_text", "'english'::regconfig")
SCREEN_TSV = tsv_of("screen_text", "ts_config")
NAMES = "reelworks_names(title, original_path)"
NAMES_TSV = "reelworks_names_tsv(title, original_path)"
PHASH_BITS = "('x' || phash)::bit(64)"


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
        Index("ix_videos_source_digest", sql("(digests ->> 'source')")),
        Index("ix_videos_hidden", "id", postgresql_where=sql("ready_at IS NULL")),
        Index("ix_videos_library_created_at", "library", "created_at"),
        Index("ix_videos_names_tsv", "names_tsv", postgresql_using="gin"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    original_path: Mapped[str]
    ingested_path: Mapped[str | None] = mapped_column(
        doc="original_path when the upload was stored; another one now is another source"
    )
    upload_path: Mapped[str | None]
    normalized_path: Mapped[str | None]
    duration_sec: Mapped[float | None]
    status: Mapped[str] = mapped_column(server_default="pending")
    error: Mapped[str | None]
    title: Mapped[str | None]
    library: Mapped[str] = mapped_column(server_default="default")
    language: Mapped[str | None]
    stated_language: Mapped[str | None] = mapped_column(doc="as a caller stated it; null: detected")
    stated_audio_track: Mapped[int | None] = mapped_column(
        doc="number from 1, as a caller stated it; null: chosen by speech"
    )
    added_by: Mapped[str | None] = mapped_column(
        doc="name of the token that added it; null: added without one"
    )
    digests: Mapped[dict[str, Any]] = mapped_column(server_default=sql("'{}'::jsonb"))
    probe: Mapped[dict[str, Any]] = mapped_column(server_default=sql("'{}'::jsonb"))
    warnings: Mapped[dict[str, Any]] = mapped_column(
        server_default=sql("'{}'::jsonb"), doc="sentences by stage"
    )
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    ready_at: Mapped[datetime | None] = mapped_column(doc="first ready; search shows it since")
    names_tsv: Mapped[Any] = mapped_column(TSVECTOR(), Computed(NAMES_TSV, persisted=True))


class PendingRemovalRow(Base):
    """A removed video whose files are not all gone yet."""

    __tablename__ = "pending_removals"

    video_id: Mapped[str] = mapped_column(primary_key=True)
    upload_path: Mapped[str | None] = mapped_column(doc="store key that the video's row named")
    requested_at: Mapped[datetime] = mapped_column(server_default=func.now())


class VideoLocationRow(Base):
    """A location that a video was given by, and the library that it was given to.

    A video is in its own library (``videos.library``) and in those of its locations.
    """

    __tablename__ = "video_locations"
    __table_args__ = (Index("ix_video_locations_library", "library", "video_id"),)

    video_id: Mapped[str] = mapped_column(
        ForeignKey("videos.id", ondelete="CASCADE"), primary_key=True
    )
    library: Mapped[str] = mapped_column(primary_key=True)
    location: Mapped[str] = mapped_column(primary_key=True, doc="path, s3:// key or address")
    title: Mapped[str | None] = mapped_column(doc="what it was called when it was given")
    added_by: Mapped[str | None] = mapped_column(doc="name of the token; null: without one")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class SceneRow(OfVideo, Base):
    """A shot."""

    __tablename__ = "scenes"
    __table_args__ = (CheckConstraint("t_start <= t_end", name="times"),)

    t_start: Mapped[float]
    t_end: Mapped[float]


class FrameRow(OfVideo, Base):
    """The keyframe of a scene."""

    __tablename__ = "frames"
    __table_args__ = (
        Index(
            "ix_frames_phash_bits",
            "phash_bits",
            postgresql_using="hnsw",
            postgresql_ops={"phash_bits": "bit_hamming_ops"},
        ),
    )

    scene_id: Mapped[str] = mapped_column(ForeignKey("scenes.id", ondelete="CASCADE"), index=True)
    t: Mapped[float]
    phash: Mapped[str]
    phash_bits: Mapped[Any] = mapped_column(BIT(64), Computed(PHASH_BITS, persisted=True))
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
        Index(
            "ix_transcript_segments_speaker",
            "speaker",
            postgresql_where=sql("speaker IS NOT NULL"),
        ),
    )

    t_start: Mapped[float]
    t_end: Mapped[float]
    text: Mapped[str]
    words: Mapped[list[Any]] = mapped_column(server_default=sql("'[]'::jsonb"))
    speaker: Mapped[str | None]
    language: Mapped[str | None] = mapped_column(index=True)
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


ID_TRIGGER = f"""
CREATE OR REPLACE FUNCTION reelworks_check_video_id() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.id !~ '{VIDEO_ID_PATTERN}' THEN
        RAISE EXCEPTION USING ERRCODE = 'check_violation', MESSAGE =
            format('%L cannot be a video id: {VIDEO_ID_RULE.replace("'", "''")}.', NEW.id);
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER reelworks_check_video_id
    BEFORE INSERT ON videos FOR EACH ROW EXECUTE FUNCTION reelworks_check_video_id();
"""
"""An id that no job could work with is refused at once, from a program or by hand. Rows that were
there before stay as they are."""


def _create_id_trigger(table: Any, connection: Connection, **_: Any) -> None:
    del table
    connection.execute(sql(ID_TRIGGER.replace(":", "\\:")))


event.listen(Video.__table__, "after_create", _create_id_trigger)

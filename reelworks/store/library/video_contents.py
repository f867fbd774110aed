"""A video with its scenes, frames, captions and speech, as the library stores them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Row, Table, case, exists, select

from reelworks.domain.library.library import StoredFrame, StoredScene, StoredSegment, VideoView
from reelworks.domain.video.scene import Frame, Scene
from reelworks.domain.video.transcript import Segment, Word
from reelworks.domain.video.vision import Box, Control, ControlKind, FrameDescription, ScreenText
from reelworks.errors import UnknownVideoError
from reelworks.store.db.database import transaction
from reelworks.store.db.schema import Base, CaptionVectorRow, EmbeddingModelRow, SegmentVectorRow
from reelworks.store.db.table_ops import table_of
from reelworks.store.library.video_reads import (
    CAPTIONS,
    FRAMES,
    SCENES,
    SEGMENTS,
    VIDEO,
    VIDEOS,
    summary_of,
)


def get_video(engine: Engine, video_id: str) -> VideoView:
    """Return a video with its scenes, frames, captions and speech. Raises ``UnknownVideoError``."""
    with transaction(engine) as connection:
        row = _video(connection, video_id)
        return VideoView(
            summary=summary_of(row),
            upload_path=row.upload_path,
            normalized_path=row.normalized_path,
            digests=row.digests,
            probe=row.probe,
            warnings=tuple(line for stage in sorted(row.warnings) for line in row.warnings[stage]),
            scenes=_scenes(connection, video_id),
            frames=_frames(connection, video_id),
            segments=_segments(connection, video_id),
        )


def get_scenes(engine: Engine, video_id: str) -> tuple[StoredScene, ...]:
    """Return the scenes of a video. Raises ``UnknownVideoError``."""
    with transaction(engine) as connection:
        _video(connection, video_id)
        return _scenes(connection, video_id)


def get_frames(engine: Engine, video_id: str) -> tuple[StoredFrame, ...]:
    """Return the frames of a video with their captions. Raises ``UnknownVideoError``."""
    with transaction(engine) as connection:
        _video(connection, video_id)
        return _frames(connection, video_id)


def get_segments(engine: Engine, video_id: str) -> tuple[str | None, tuple[StoredSegment, ...]]:
    """Return the language and the speech of a video. Raises ``UnknownVideoError``."""
    with transaction(engine) as connection:
        row = _video(connection, video_id)
        return summary_of(row).language, _segments(connection, video_id)


def _video(connection: Connection, video_id: str) -> Row[Any]:
    row = connection.execute(VIDEO.where(VIDEOS.c.id == video_id)).one_or_none()
    if row is None:
        raise UnknownVideoError(f"No video has the id {video_id}.")
    return row


def _scenes(connection: Connection, video_id: str) -> tuple[StoredScene, ...]:
    rows = connection.execute(
        select(SCENES).where(SCENES.c.video_id == video_id).order_by(SCENES.c.t_start, SCENES.c.id)
    )
    return tuple(
        StoredScene(row.id, Scene(_index(row.id), row.t_start, row.t_end), _model(row))
        for row in rows
    )


def _frames(connection: Connection, video_id: str) -> tuple[StoredFrame, ...]:
    columns = [
        CAPTIONS.c.model.label("described_by"),
        CAPTIONS.c.revision.label("described_at"),
        CAPTIONS.c.caption,
        CAPTIONS.c.entities,
        _embedded_by(CAPTIONS, CaptionVectorRow),
    ]
    joined = FRAMES.outerjoin(CAPTIONS, CAPTIONS.c.frame_id == FRAMES.c.id)
    query = select(FRAMES, *columns).select_from(joined).where(FRAMES.c.video_id == video_id)
    rows = connection.execute(query.order_by(FRAMES.c.t, FRAMES.c.id))
    return tuple(_frame(row) for row in rows)


def _frame(row: Row[Any]) -> StoredFrame:
    described = row.described_by is not None
    return StoredFrame(
        id=row.id,
        scene_id=row.scene_id,
        path=row.path,
        frame=Frame(
            index=_index(row.id),
            scene_index=_index(row.scene_id),
            t=row._mapping["t"],  # Row.t is the whole row as a tuple
            phash=row.phash,
            sha256=row.sha256,
            width=row.width,
            height=row.height,
            sharpness=row.sharpness,
            duplicate_of=None if row.duplicate_of is None else _index(row.duplicate_of),
        ),
        model=_model(row),
        description=_description(row.caption, row.entities) if described else None,
        description_model=_name(row.described_by, row.described_at) if described else None,
        embedding_model=row.embedded_by,
    )


def _description(caption: str | None, entities: dict[str, Any]) -> FrameDescription:
    return FrameDescription(
        caption=caption,
        objects=tuple(entities["objects"]),
        controls=tuple(
            Control(ControlKind(one["kind"]), one["label"], Box(**one["box"]), one["confidence"])
            for one in entities["controls"]
        ),
        text=tuple(
            ScreenText(one["text"], Box(**one["box"]), one["confidence"])
            for one in entities["text"]
        ),
    )


def _segments(connection: Connection, video_id: str) -> tuple[StoredSegment, ...]:
    columns: list[ColumnElement[Any]] = [
        *(column for column in SEGMENTS.c if column.name not in ("embedding", "tsv")),
        _embedded_by(SEGMENTS, SegmentVectorRow),
    ]
    query = select(*columns).where(SEGMENTS.c.video_id == video_id)
    rows = connection.execute(query.order_by(SEGMENTS.c.t_start, SEGMENTS.c.id))
    return tuple(
        StoredSegment(
            row.id,
            Segment(
                t_start=row.t_start,
                t_end=row.t_end,
                text=row.text,
                words=tuple(Word(**word) for word in row.words),
                language=row.language,
                speaker=row.speaker,
            ),
            _model(row),
            row.embedded_by,
        )
        for row in rows
    )


def _embedded_by(rows: Table, side_table: type[Base]) -> ColumnElement[str | None]:
    """Return the column that names the live model where it has a vector of the row.

    Elsewhere it names the model whose vector is in the row.
    """
    models, vectors = table_of(EmbeddingModelRow), table_of(side_table)
    live = select(models.c.model).where(models.c.live).scalar_subquery()
    has_vector = exists().where(vectors.c.row_id == rows.c.id, vectors.c.model == live)
    return case((has_vector, live), else_=rows.c.embedding_model).label("embedded_by")


def _index(row_id: str) -> int:
    return int(row_id.rpartition("_")[2])


def _model(row: Row[Any]) -> str:
    return _name(row.model, row.revision)


def _name(model: str, revision: str) -> str:
    return f"{model}@{revision}" if revision else model

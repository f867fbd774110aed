"""Reads of the library: one video, lists, counts."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Row,
    Table,
    case,
    delete,
    exists,
    func,
    select,
)

from reelworks.domain.library.library import (
    Counts,
    StoredFrame,
    StoredScene,
    StoredSegment,
    VideoSummary,
    VideoView,
)
from reelworks.domain.video.scene import Frame, Scene
from reelworks.domain.video.transcript import Segment, Word
from reelworks.domain.video.vision import Box, Control, ControlKind, FrameDescription, ScreenText
from reelworks.errors import UnknownVideoError
from reelworks.store.db.database import transaction
from reelworks.store.db.schema import (
    Base,
    CaptionRow,
    CaptionVectorRow,
    EmbeddingModelRow,
    FrameRow,
    SceneRow,
    SegmentRow,
    SegmentVectorRow,
    SourceRow,
    Video,
)
from reelworks.store.db.table_ops import table_of

VIDEOS, SCENES, FRAMES, SEGMENTS, CAPTIONS = (
    table_of(kind) for kind in (Video, SceneRow, FrameRow, SegmentRow, CaptionRow)
)

_SOURCES = table_of(SourceRow)
_GONE_AT = (
    select(func.max(_SOURCES.c.gone_at))
    .where(_SOURCES.c.video_id == VIDEOS.c.id)
    .having(func.bool_and(_SOURCES.c.gone_at.is_not(None)))
    .scalar_subquery()
    .label("gone_at")
)
_VIDEO = select(VIDEOS, _GONE_AT)


def get_video(engine: Engine, video_id: str) -> VideoView:
    """Return a video with its scenes, frames, captions and speech. Raises ``UnknownVideoError``."""
    with transaction(engine) as connection:
        row = connection.execute(_VIDEO.where(VIDEOS.c.id == video_id)).one_or_none()
        if row is None:
            raise UnknownVideoError(f"No video has the id {video_id}.")
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


def get_summary(engine: Engine, video_id: str) -> VideoSummary:
    """Return a video as one line. Raises ``UnknownVideoError``."""
    with transaction(engine) as connection:
        row = connection.execute(_VIDEO.where(VIDEOS.c.id == video_id)).one_or_none()
    if row is None:
        raise UnknownVideoError(f"No video has the id {video_id}.")
    return summary_of(row)


def list_videos(engine: Engine, *, library: str | None = None) -> list[VideoSummary]:
    """Return all videos, or those of one library, newest first."""
    query = _VIDEO.order_by(VIDEOS.c.created_at.desc(), VIDEOS.c.id)
    if library is not None:
        query = query.where(VIDEOS.c.library == library)
    with transaction(engine) as connection:
        return [summary_of(row) for row in connection.execute(query)]


def count_all(engine: Engine) -> Counts:
    """Return how much the library holds."""
    by_status = select(VIDEOS.c.status, func.count().label("number")).group_by(VIDEOS.c.status)
    with transaction(engine) as connection:
        scenes, frames, segments, captions = (
            connection.scalar(select(func.count()).select_from(table)) or 0
            for table in (SCENES, FRAMES, SEGMENTS, CAPTIONS)
        )
        embeddings: dict[str, int] = {}
        for made_by in (
            SEGMENTS.c.embedding_model,
            CAPTIONS.c.embedding_model,
            table_of(SegmentVectorRow).c.model,
            table_of(CaptionVectorRow).c.model,
        ):
            counted = select(made_by, func.count()).where(made_by.is_not(None)).group_by(made_by)
            for model, count in connection.execute(counted):
                embeddings[model] = embeddings.get(model, 0) + count
        return Counts(
            videos={row.status: row.number for row in connection.execute(by_status)},
            hours=(connection.scalar(select(func.sum(VIDEOS.c.duration_sec))) or 0.0) / 3600,
            scenes=scenes,
            frames=frames,
            segments=segments,
            captions=captions,
            embeddings=embeddings,
        )


def delete_video(engine: Engine, video_id: str) -> None:
    """Remove a video's rows; its artifacts stay. Raises ``UnknownVideoError``."""
    with transaction(engine) as connection:
        gone = connection.execute(delete(VIDEOS).where(VIDEOS.c.id == video_id))
        if gone.rowcount == 0:
            raise UnknownVideoError(f"No video has the id {video_id}.")


def summary_of(row: Row[Any]) -> VideoSummary:
    """Return a row of the table as one line of the library."""
    return VideoSummary(
        id=row.id,
        title=row.title or row.id,
        library=row.library,
        status=row.status,
        error=row.error,
        duration=row.duration_sec,
        language=row.language,
        original_path=row.original_path,
        created_at=row.created_at,
        updated_at=row.updated_at,
        gone_at=getattr(row, "gone_at", None),
        added_by=row.added_by,
    )


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

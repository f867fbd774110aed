"""Publishing: a stage's result becomes rows, each call in one transaction.

Calling again with the same result changes nothing; rows that a new result no longer has are
removed in the same transaction. ``model`` is ``str(ModelRef)``. Each raises ``UnknownVideoError``
for a video that was never claimed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Engine, Text, cast, func, literal, or_, select, update
from sqlalchemy.dialects.postgresql import JSONB, REGCONFIG

from reelworks.domain.ids import caption_id, frame_id, scene_id, segment_id
from reelworks.domain.video.scene import Frame, Scene
from reelworks.domain.video.transcript import Transcript
from reelworks.domain.video.video import NormalizedAudio, NormalizedVideo, Probe
from reelworks.domain.video.vision import FrameDescription, VisionResult
from reelworks.store.db.schema import CaptionRow, FrameRow, SceneRow, SegmentRow, Video
from reelworks.store.db.table_ops import (
    Row,
    composed,
    replace_rows,
    sanitize_text,
    table_of,
    video_locked,
)
from reelworks.store.db.text_search_configs import configuration_for

CUT_DETECTOR = "local/adaptive-detector"
FRAME_PICKER = "local/sharpest-frame"


def publish_probe(
    engine: Engine, video_id: str, probe: Probe, *, upload_path: str, sha256: str
) -> None:
    """Write what the source is and where its upload lies.

    The title that the container states stays in ``probe``: it is often the same in many files, and
    people look for the name that they gave. See docs/decisions/0037.
    """
    without_mix = {name: value for name, value in asdict(probe).items() if name != "mix"}
    values: dict[str, Any] = {
        # The mix follows with the audio, which knows all of it.
        "probe": Video.probe.op("||")(literal(without_mix, JSONB())),
        "upload_path": upload_path,
        "ingested_path": Video.original_path,
        "digests": Video.digests.op("||")(literal({"source": sha256}, JSONB())),
    }
    with video_locked(engine, video_id) as connection:
        _set_video(connection, video_id, values)


def publish_normalized(
    engine: Engine, video_id: str, video: NormalizedVideo | None, *, normalized_path: str | None
) -> None:
    """Write the normalized video's path and duration; None for audio alone."""
    values: dict[str, Any] = {"normalized_path": normalized_path}
    if video is not None:
        values["duration_sec"] = video.duration
    with video_locked(engine, video_id) as connection:
        warnings = video.warnings if video else ()
        _set_video(connection, video_id, values | _warned("normalize", warnings))


def publish_audio(
    engine: Engine, video_id: str, audio: NormalizedAudio | None, *, has_picture: bool
) -> None:
    """Write the audio's mix and warnings, and its duration where no picture gives one."""
    values = _warned("extract_audio", audio.warnings if audio else ())
    mix = asdict(audio.mix) if audio and audio.mix else None
    values["probe"] = Video.probe.op("||")(literal({"mix": mix}, JSONB()))
    if audio is not None and not has_picture:
        values["duration_sec"] = audio.duration
    with video_locked(engine, video_id) as connection:
        _set_video(connection, video_id, values)


def publish_transcript(engine: Engine, video_id: str, transcript: Transcript, model: str) -> None:
    """Write the segments and the video's language."""
    rows = [
        {
            "id": segment_id(video_id, index),
            "video_id": video_id,
            **_made_by(model),
            "t_start": segment.t_start,
            "t_end": segment.t_end,
            "text": composed(segment.text),
            "words": [composed(asdict(word)) for word in segment.words],
            "speaker": segment.speaker,
            "language": segment.language or transcript.language,
            "ts_config": configuration_for(segment.language or transcript.language),
        }
        for index, segment in enumerate(transcript.segments)
    ]
    captions = table_of(CaptionRow)
    config = cast(literal(configuration_for(transcript.language), Text()), REGCONFIG())
    with video_locked(engine, video_id) as connection:
        _set_video(connection, video_id, {"language": transcript.language})
        replace_rows(connection, table_of(SegmentRow), video_id, rows, embedded=("text",))
        connection.execute(
            update(captions)
            .where(captions.c.video_id == video_id, captions.c.ts_config != config)
            .values(ts_config=config)
        )


def publish_scenes(
    engine: Engine, video_id: str, scenes: Sequence[Scene], model: str = CUT_DETECTOR
) -> None:
    """Write the shots; frames of shots that are gone go with them."""
    rows = [
        {
            "id": scene_id(video_id, scene.index),
            "video_id": video_id,
            **_made_by(model),
            "t_start": scene.t_start,
            "t_end": scene.t_end,
        }
        for scene in scenes
    ]
    with video_locked(engine, video_id) as connection:
        replace_rows(connection, table_of(SceneRow), video_id, rows)


def publish_frames(
    engine: Engine,
    video_id: str,
    frames: Sequence[Frame],
    paths: Mapping[int, str],
    model: str = FRAME_PICKER,
) -> None:
    """Write the frames; ``paths`` gives the store key of each JPEG by the frame's index."""
    rows = [
        {
            "id": frame_id(video_id, frame.index),
            "video_id": video_id,
            **_made_by(model),
            "scene_id": scene_id(video_id, frame.scene_index),
            "t": frame.t,
            "phash": frame.phash,
            "path": paths[frame.index],
            "sha256": frame.sha256,
            "width": frame.width,
            "height": frame.height,
            "sharpness": frame.sharpness,
            "duplicate_of": None
            if frame.duplicate_of is None
            else frame_id(video_id, frame.duplicate_of),
        }
        for frame in frames
    ]
    with video_locked(engine, video_id) as connection:
        replace_rows(connection, table_of(FrameRow), video_id, rows)


def publish_captions(engine: Engine, video_id: str, vision: VisionResult, model: str) -> None:
    """Write what the frames show."""
    with video_locked(engine, video_id) as connection:
        language = connection.scalar(select(Video.language).where(Video.id == video_id))
        rows = [
            {
                "id": caption_id(video_id, one.frame_index),
                "video_id": video_id,
                **_made_by(model),
                "frame_id": frame_id(video_id, one.frame_index),
                "caption": composed(one.description.caption),
                "entities": composed(_entities(one.description)),
                "seen_text": composed(seen_words(one.description)),
                "screen_text": composed("\n".join(line.text for line in one.description.text)),
                "ts_config": configuration_for(language),
            }
            for one in vision.described
        ]
        table = table_of(CaptionRow)
        replace_rows(connection, table, video_id, rows, embedded=("seen_text", "screen_text"))


def seen_words(description: FrameDescription) -> str:
    """Return caption, objects and controls as words to search in."""
    controls = [f"{one.label} {one.kind.value}".strip() for one in description.controls]
    parts = [description.caption or "", ", ".join(description.objects), ", ".join(controls)]
    return "\n".join(part for part in parts if part)


def _set_video(connection: Connection, video_id: str, values: Mapping[str, Any]) -> None:
    """Write columns of the video's row; ``updated_at`` moves only when one of them changes."""
    clean = sanitize_text(values)
    table = table_of(Video)
    changed = or_(*(table.c[name].is_distinct_from(value) for name, value in clean.items()))
    connection.execute(
        update(table).where(table.c.id == video_id, changed).values(**clean, updated_at=func.now())
    )


def _warned(stage: str, warnings: Sequence[str]) -> dict[str, Any]:
    """Return the change that makes these the stage's warnings and leaves other stages' alone."""
    ours = literal({stage: sanitize_text(warnings)}, JSONB())
    return {
        "warnings": Video.warnings.op("||")(ours) if warnings else Video.warnings.op("-")(stage)
    }


def _made_by(model: str) -> Row:
    name, _, revision = model.partition("@")
    return {"model": name, "revision": revision}


def _entities(description: FrameDescription) -> dict[str, Any]:
    whole = asdict(description)
    return {name: whole[name] for name in ("objects", "controls", "text")}

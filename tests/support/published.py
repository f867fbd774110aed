"""Results of every stage of a made video, and their rows."""

from __future__ import annotations

from sqlalchemy import Engine, text

from reelworks.domain.library.library import VideoStatus
from reelworks.domain.video.scene import Frame, Scene
from reelworks.domain.video.transcript import Segment, Transcript
from reelworks.domain.video.video import (
    AudioMix,
    NormalizedAudio,
    NormalizedVideo,
    Probe,
    VideoTrack,
)
from reelworks.domain.video.vision import (
    Box,
    Control,
    ControlKind,
    Described,
    FrameDescription,
    ScreenText,
    VisionResult,
)
from reelworks.store.library.publish import (
    publish_audio,
    publish_captions,
    publish_frames,
    publish_normalized,
    publish_probe,
    publish_scenes,
    publish_transcript,
)
from reelworks.store.library.video_status import claim_video, set_status
from reelworks.store.search.publish_vectors import publish_caption_vectors, publish_segment_vectors

BOX = Box(0.1, 0.2, 0.3, 0.4)
HEARD = "local/whisper-base@ebe41f70"
SEEN = "local/rapidocr@3.10"
EMBEDDED = "local/minilm@1"


def shots(count: int) -> tuple[Scene, ...]:
    return tuple(Scene(index, index * 2.0, index * 2.0 + 2) for index in range(count))


def stills(count: int) -> tuple[Frame, ...]:
    return tuple(
        Frame(index, index, index * 2.0 + 1, "f" * 16, "0" * 64, 1280, 720, 99.5, None)
        if index != 1
        else Frame(1, 1, 3.0, "f" * 16, "0" * 64, 1280, 720, 99.5, duplicate_of=0)
        for index in range(count)
    )


def described(*lines: str) -> VisionResult:
    return VisionResult(
        tuple(
            Described(
                index,
                FrameDescription(
                    caption=None if index else f"A page that says {line}.",
                    objects=("screen",),
                    controls=(Control(ControlKind.BUTTON, line, BOX, 0.5),),
                    text=(ScreenText(line, BOX, 0.9), ScreenText("second line", BOX)),
                ),
            )
            for index, line in enumerate(lines)
        )
    )


def publish_all(
    engine: Engine, video_id: str, transcript: Transcript, vision: VisionResult
) -> None:
    claim_video(engine, video_id, original_path="/videos/A talk.mp4")
    probe = Probe("mp4", 6.0, (VideoTrack(0, "h264", 1920, 1080),), title="Named inside")
    publish_probe(engine, video_id, probe, upload_path=f"uploads/{video_id}_a.mp4", sha256="ab")
    video = NormalizedVideo(6.0, 1280, 720, 180, True, ("Two frames were lost.",))
    key = f"processed/{video_id}/normalized.mp4"
    publish_normalized(engine, video_id, video, normalized_path=key)
    audio = NormalizedAudio(5.9, None, ("The sound was short.",), AudioMix(1, reason="Why."))
    publish_audio(engine, video_id, audio, has_picture=True)
    publish_transcript(engine, video_id, transcript, model=HEARD)
    count = len(vision.described)
    publish_scenes(engine, video_id, shots(count))
    paths = {index: f"frames/{video_id}/scene_{index:03d}.jpg" for index in range(count)}
    publish_frames(engine, video_id, stills(count), paths)
    publish_captions(engine, video_id, vision, model=SEEN)
    spoken = [[1.0, float(index), 0.25] for index in range(len(transcript.segments))]
    publish_segment_vectors(engine, video_id, spoken, EMBEDDED)
    publish_caption_vectors(
        engine, video_id, {index: [0.5, float(index), 1.0] for index in range(count)}, EMBEDDED
    )
    set_status(engine, video_id, VideoStatus.READY)


def vectors(engine: Engine, video_id: str, table: str = "transcript_segments") -> list[str | None]:
    query = f"SELECT embedding::text FROM {table} WHERE video_id = :id ORDER BY id"
    with engine.connect() as connection:
        return list(connection.scalars(text(query), {"id": video_id}))


TALK = Transcript("en", (Segment(0, 1, "one"), Segment(1, 2, "two"), Segment(2, 3, "three")))

"""Response schemas of the parts of a video: scenes, frames, transcript."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Self

from pydantic import BaseModel, Field

from reelworks.domain.library.library import StoredFrame, StoredScene, StoredSegment
from reelworks.domain.video.vision import Box, ControlKind, FrameDescription


class SceneOut(BaseModel):
    """A shot."""

    id: str
    index: int
    t_start: float
    t_end: float
    model: str

    @classmethod
    def of(cls, stored: StoredScene) -> Self:
        """Return a scene as it is shown."""
        span = stored.scene
        return cls(
            id=stored.id,
            index=span.index,
            t_start=span.t_start,
            t_end=span.t_end,
            model=stored.model,
        )


class BoxOut(BaseModel):
    """A rectangle of a frame: top left corner, width, height, in fractions of the frame."""

    x: float
    y: float
    w: float
    h: float

    @classmethod
    def of(cls, box: Box) -> Self:
        """Return a box as it is shown."""
        return cls.model_validate(asdict(box))


class ControlOut(BaseModel):
    """A control of a user interface."""

    kind: ControlKind
    label: str
    box: BoxOut
    confidence: float | None


class ScreenTextOut(BaseModel):
    """A line of text on screen."""

    text: str
    box: BoxOut
    confidence: float | None


class CaptionOut(BaseModel):
    """What a frame shows."""

    caption: str | None
    objects: list[str]
    controls: list[ControlOut]
    text: list[ScreenTextOut]
    model: str | None

    @classmethod
    def of(cls, seen: FrameDescription, model: str | None) -> Self:
        """Return a description as it is shown."""
        return cls(
            caption=seen.caption,
            objects=list(seen.objects),
            controls=[
                ControlOut(
                    kind=one.kind,
                    label=one.label,
                    box=BoxOut.of(one.box),
                    confidence=one.confidence,
                )
                for one in seen.controls
            ],
            text=[
                ScreenTextOut(text=one.text, box=BoxOut.of(one.box), confidence=one.confidence)
                for one in seen.text
            ],
            model=model,
        )


class FrameOut(BaseModel):
    """A keyframe of a scene."""

    id: str
    scene_id: str
    t: float
    width: int
    height: int
    phash: str
    duplicate_of: str | None = Field(description="The frame that looks the same.")
    model: str
    caption: CaptionOut | None
    image: str = Field(description="Path of the JPEG.")

    @classmethod
    def of(cls, stored: StoredFrame, video_id: str) -> Self:
        """Return a frame as it is shown."""
        frame, seen = stored.frame, stored.description
        twin = frame.duplicate_of
        return cls(
            id=stored.id,
            scene_id=stored.scene_id,
            t=frame.t,
            width=frame.width,
            height=frame.height,
            phash=frame.phash,
            duplicate_of=None if twin is None else f"{video_id}_frame_{twin:03d}",
            model=stored.model,
            caption=None if seen is None else CaptionOut.of(seen, stored.description_model),
            image=f"/videos/{video_id}/frames/{stored.id}.jpg",
        )


class WordOut(BaseModel):
    """A spoken word."""

    text: str
    t_start: float
    t_end: float
    confidence: float | None


class SegmentOut(BaseModel):
    """A line of speech."""

    id: str
    t_start: float
    t_end: float
    text: str
    language: str | None
    speaker: str | None
    words: list[WordOut]
    model: str

    @classmethod
    def of(cls, stored: StoredSegment) -> Self:
        """Return a line as it is shown."""
        segment = stored.segment
        return cls(
            id=stored.id,
            t_start=segment.t_start,
            t_end=segment.t_end,
            text=segment.text,
            language=segment.language,
            speaker=segment.speaker,
            words=[WordOut.model_validate(asdict(word)) for word in segment.words],
            model=stored.model,
        )


class VideoScenes(BaseModel):
    """The scenes of a video."""

    video_id: str
    scenes: list[SceneOut] = Field(description="In the order of time.")

    @classmethod
    def of(cls, video_id: str, stored: Sequence[StoredScene]) -> Self:
        """Return scenes as they are shown."""
        return cls(video_id=video_id, scenes=[SceneOut.of(one) for one in stored])


class VideoFrames(BaseModel):
    """The keyframes of a video, and what they show."""

    video_id: str
    frames: list[FrameOut] = Field(description="In the order of time.")

    @classmethod
    def of(cls, video_id: str, stored: Sequence[StoredFrame]) -> Self:
        """Return frames as they are shown."""
        return cls(video_id=video_id, frames=[FrameOut.of(one, video_id) for one in stored])


class VideoTranscript(BaseModel):
    """The transcript of a video."""

    video_id: str
    language: str | None = Field(description="The language that is spoken most.")
    segments: list[SegmentOut] = Field(description="In the order of time.")

    @classmethod
    def of(cls, video_id: str, language: str | None, stored: Sequence[StoredSegment]) -> Self:
        """Return a transcript as it is shown."""
        segments = [SegmentOut.of(one) for one in stored]
        return cls(video_id=video_id, language=language, segments=segments)

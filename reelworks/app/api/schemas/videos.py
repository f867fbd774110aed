"""Response schemas of videos."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self

from pydantic import BaseModel, Field

from reelworks.app.api.schemas.jobs import JobOut
from reelworks.app.api.schemas.visibility import visible_video, visible_view
from reelworks.domain.library.access import Caller
from reelworks.domain.library.library import StoredFrame, StoredSegment, VideoSummary, VideoView


class VideoOut(BaseModel):
    """One line of the library."""

    id: str = Field(examples=["talk-3fa2c1d0"])
    title: str
    library: str
    libraries: list[str] = Field(
        description="All libraries that it is in, its own first.", examples=[["talks", "archive"]]
    )
    status: str = Field(examples=["ready"])
    error: str | None
    duration: float | None = Field(description="Seconds.")
    language: str | None
    source: str
    created_at: datetime
    updated_at: datetime
    links: dict[str, str]

    @classmethod
    def of(cls, video: VideoSummary, caller: Caller) -> Self:
        """Return a video as a caller may see it in lists."""
        video = visible_video(video, caller)
        at = f"/videos/{video.id}"
        return cls(
            id=video.id,
            title=video.title,
            library=video.library,
            libraries=list(video.libraries or (video.library,)),
            status=video.status,
            error=video.error,
            duration=video.duration,
            language=video.language,
            source=video.original_path,
            created_at=video.created_at,
            updated_at=video.updated_at,
            links={
                "self": at,
                "media": f"{at}/media",
                "original": f"{at}/original",
                "thumbnail": f"{at}/thumbnail",
                "subtitles_srt": f"{at}/subtitles.srt",
                "subtitles_vtt": f"{at}/subtitles.vtt",
            },
        )


class VideoList(BaseModel):
    """A page of videos, the newest first."""

    videos: list[VideoOut]
    next: str | None = Field(
        description="Pass it as `cursor` for the next page; null on the last page."
    )


class SceneOut(BaseModel):
    """A shot."""

    id: str
    index: int
    t_start: float
    t_end: float
    model: str


class CaptionOut(BaseModel):
    """What a frame shows."""

    caption: str | None
    objects: list[str]
    controls: list[dict[str, Any]]
    text: list[dict[str, Any]]
    model: str | None


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
            caption=None
            if seen is None
            else CaptionOut(
                caption=seen.caption,
                objects=list(seen.objects),
                controls=[
                    {
                        "kind": one.kind.value,
                        "label": one.label,
                        "box": _box(one.box),
                        "confidence": one.confidence,
                    }
                    for one in seen.controls
                ],
                text=[
                    {"text": one.text, "box": _box(one.box), "confidence": one.confidence}
                    for one in seen.text
                ],
                model=stored.description_model,
            ),
            image=f"/videos/{video_id}/frames/{stored.id}.jpg",
        )


def _box(box: Any) -> dict[str, float]:
    return {name: getattr(box, name) for name in box.__dataclass_fields__}


class SegmentOut(BaseModel):
    """A line of speech."""

    id: str
    t_start: float
    t_end: float
    text: str
    language: str | None
    speaker: str | None
    words: list[dict[str, Any]]
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
            words=[
                {name: getattr(word, name) for name in word.__dataclass_fields__}
                for word in segment.words
            ],
            model=stored.model,
        )


class VideoDetail(VideoOut):
    """A video with its scenes, frames, captions and transcript."""

    warnings: list[str]
    probe: dict[str, Any]
    digests: dict[str, Any]
    scenes: list[SceneOut]
    frames: list[FrameOut]
    transcript: list[SegmentOut]

    @classmethod
    def of_view(cls, view: VideoView, caller: Caller) -> Self:
        """Return a whole video as a caller may see it."""
        view = visible_view(view, caller)
        video_id = view.summary.id
        return cls(
            **VideoOut.of(view.summary, caller).model_dump(),
            warnings=list(view.warnings),
            probe=dict(view.probe),
            digests=dict(view.digests),
            scenes=[
                SceneOut(
                    id=one.id,
                    index=one.scene.index,
                    t_start=one.scene.t_start,
                    t_end=one.scene.t_end,
                    model=one.model,
                )
                for one in view.scenes
            ],
            frames=[FrameOut.of(one, video_id) for one in view.frames],
            transcript=[SegmentOut.of(one) for one in view.segments],
        )


class SubmittedOut(BaseModel):
    """A video that was added, and the job that indexes it."""

    video: VideoOut
    job: JobOut | None = Field(description="Null when there is nothing to do.")
    new: bool = Field(description="False when the library had the video already.")
    notes: list[str] = Field(
        default_factory=list,
        description="What became of what was given, where the video alone does not show it: known "
        "content, a library that it joins, a title or language that changes nothing.",
    )

"""Response schemas of videos."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self

from pydantic import BaseModel, Field

from reelworks.app.api.schemas.jobs import JobOut
from reelworks.app.api.schemas.video_parts import FrameOut, SceneOut, SegmentOut
from reelworks.app.api.schemas.visibility import visible_video, visible_view
from reelworks.domain.library.access import Caller
from reelworks.domain.library.library import (
    VideoStatus,
    VideoSummary,
    VideoView,
)


class VideoOut(BaseModel):
    """One line of the library."""

    id: str = Field(examples=["talk-3fa2c1d0"])
    title: str
    library: str
    libraries: list[str] = Field(
        description="All libraries that it is in, its own first.", examples=[["talks", "archive"]]
    )
    status: VideoStatus
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
            status=VideoStatus(video.status),
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
                "scenes": f"{at}/scenes",
                "frames": f"{at}/frames",
                "transcript": f"{at}/transcript",
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
            scenes=[SceneOut.of(one) for one in view.scenes],
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

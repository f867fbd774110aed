"""Request bodies."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from reelworks.domain.jobs.job import JobSelection, JobStatus
from reelworks.domain.library.library import VideoStatus
from reelworks.domain.library.selection import VideoSelection
from reelworks.operations.jobs.requests import JobRequest
from reelworks.operations.parameters import (
    Address,
    AudioTrackNumber,
    BackfillId,
    JobId,
    Language,
    Library,
    Note,
    Priority,
    Title,
    VideoId,
    Word,
)
from reelworks.pipeline.spec import Stage

_AUDIO_TRACK = (
    "Number of the audio track to transcribe, from 1. Empty: as stated before, or the default "
    "track unless another has more speech."
)


class Strict(BaseModel):
    """A body in which a name that is not known is a mistake."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class IndexOptions(Strict):
    """Parameters of a job that indexes a video."""

    source: Address | None = Field(
        None, description="Another location of the source. Empty: the recorded one."
    )
    language: Language | None = Field(None, description="Spoken language. Empty: detected.")
    library: Library | None = None
    audio_track: AudioTrackNumber | None = Field(None, description=_AUDIO_TRACK)


class NewJobIn(Strict):
    """A job to queue."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "video_id": "talk-3fa2c1d0",
                    "recompute": ["vision"],
                    "priority": 5,
                    "webhook_url": "https://example.org/hooks/reelworks",
                }
            ]
        }
    )

    video_id: VideoId
    kind: Literal["index"] = "index"
    params: IndexOptions = Field(default_factory=IndexOptions)
    priority: Priority = Field(
        0, description="Higher goes first; below 0 runs after everything else."
    )
    recompute: list[Stage] = Field(
        default_factory=list,
        max_length=20,
        description="Stages to compute although their results are cached.",
    )
    webhook_url: Address | None = Field(
        None,
        description="Gets a POST request when the job ends; needs WEBHOOK_SECRET on the server.",
    )

    def request(self) -> JobRequest:
        """Return the request of the use case."""
        return JobRequest(
            video_id=self.video_id,
            source=self.params.source,
            language=self.params.language,
            library=self.params.library,
            audio_track=self.params.audio_track,
            recompute=tuple(self.recompute),
            priority=self.priority,
            webhook_url=self.webhook_url,
        )


class NewVideoIn(Strict):
    """A video by its location."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"url": "https://example.org/talk.mp4", "library": "talks"}]
        }
    )

    url: Address | None = Field(None, description="An http(s) address.")
    s3_key: Address | None = Field(
        None, description="A key of the bucket, or s3://bucket/key.", examples=["incoming/a.mp4"]
    )
    path: Address | None = Field(
        None, description="A file on the server, under one of its SOURCE_FOLDERS."
    )
    id: VideoId | None = Field(None, description="Id of the video. Empty: generated.")
    title: Title | None = None
    language: Language | None = None
    library: Library | None = None
    audio_track: AudioTrackNumber | None = Field(None, description=_AUDIO_TRACK)
    index: bool = Field(True, description="False: add the video without a job.")
    webhook_url: Address | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if sum(one is not None for one in (self.url, self.s3_key, self.path)) != 1:
            raise ValueError("give one of url, s3_key and path")
        return self


class _Conditions(Strict):
    """A selection; every condition given must hold, and one must be given."""

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("give a condition, or all: true")
        return self


class JobSelectionIn(_Conditions):
    """Which jobs; every condition given must hold, and one must be given."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"error_code": "rate_limited"}]})

    ids: list[JobId] | None = Field(None, max_length=10_000)
    statuses: list[JobStatus] | None = None
    video_id: VideoId | None = None
    kind: Word | None = None
    library: Library | None = None
    backfill_id: BackfillId | None = None
    error_code: Word | None = None
    error_stage: Word | None = None
    all: Literal[True] | None = Field(
        None, description="All jobs; required when there is no condition."
    )

    def selection(self) -> JobSelection:
        """Return the selection of the domain."""
        return JobSelection(
            ids=None if self.ids is None else tuple(self.ids),
            statuses=None if self.statuses is None else frozenset(self.statuses),
            **self.model_dump(exclude={"ids", "statuses", "all"}),
        )


class JobChange(Strict):
    """Which jobs to change."""

    selection: JobSelectionIn


class CancelMany(JobChange):
    """Which jobs to cancel, and why."""

    reason: Note = ""


class Prioritize(JobChange):
    """Which queued jobs start sooner or later."""

    priority: Priority


class VideoSelectionIn(_Conditions):
    """Which videos; every condition given must hold, and one must be given."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"library": "talks"}]})

    ids: list[VideoId] | None = Field(None, max_length=1000)
    library: Library | None = None
    status: VideoStatus | None = None
    language: Language | None = None
    created_from: AwareDatetime | None = None
    created_to: AwareDatetime | None = None
    all: Literal[True] | None = Field(
        None, description="All videos; required when there is no condition."
    )

    def selection(self) -> VideoSelection:
        """Return the selection of the domain."""
        ids = None if self.ids is None else tuple(self.ids)
        return VideoSelection(ids=ids, **self.model_dump(exclude={"ids", "all"}))


class Rerun(Strict):
    """Which stage of which videos to recompute."""

    stage: Stage = Field(examples=["vision"])
    videos: VideoSelectionIn


class Pause(Strict):
    """Why no job may start."""

    note: Note | None = None

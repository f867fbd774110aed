"""What callers may ask of jobs: bodies of requests, checked."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from reelworks.domain.jobs.job import JobSelection, JobStatus
from reelworks.domain.jobs.stage import Stage
from reelworks.domain.library.library import VideoStatus
from reelworks.store.library.video_writes import VideoFilter

VideoId = Annotated[str, StringConstraints(pattern="^[a-z0-9][a-z0-9_-]{0,62}$")]
JobId = Annotated[
    str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")
]
Language = Annotated[str, StringConstraints(pattern="^[a-z]{2,3}$")]
Library = Annotated[str, StringConstraints(pattern="^[a-z0-9_-]{1,63}$")]
Title = Annotated[str, StringConstraints(min_length=1, max_length=300, strip_whitespace=True)]
Address = Annotated[str, StringConstraints(min_length=1, max_length=8000)]
Word = Annotated[str, StringConstraints(pattern="^[a-z0-9_]{1,100}$")]
Priority = Annotated[int, Field(ge=-1000, le=1000)]


class Strict(BaseModel):
    """A body in which a name that is not known is a mistake."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class IndexOptions(Strict):
    """Parameters of a job that indexes a video."""

    source: Address | None = Field(
        None, description="Another place of the source. Empty: where it was found the first time."
    )
    language: Language | None = Field(None, description="Spoken language. Empty: detected.")
    library: Library | None = None


class NewJobIn(Strict):
    """A job to be done."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "video_id": "talk-3fa2c1d0",
                    "again": ["vision"],
                    "priority": 5,
                    "webhook_url": "https://example.org/hooks/reelworks",
                }
            ]
        }
    )

    video_id: VideoId
    kind: Literal["index"] = "index"
    params: IndexOptions = Field(default_factory=IndexOptions)
    priority: Priority = Field(0, description="Higher goes first; below 0 gives way to all else.")
    again: list[Stage] = Field(
        default_factory=list, max_length=20, description="Stages to run although kept."
    )
    webhook_url: Address | None = Field(
        None, description="Is told when the job ends; needs WEBHOOK_SECRET on the server."
    )


class NewVideoIn(Strict):
    """A video that lies somewhere already."""

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
    id: VideoId | None = Field(None, description="Name of the video. Empty: made.")
    title: Title | None = None
    language: Language | None = None
    library: Library | None = None
    index: bool = Field(True, description="False: only note the video.")
    webhook_url: Address | None = None

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if sum(one is not None for one in (self.url, self.s3_key, self.path)) != 1:
            raise ValueError("give one of url, s3_key and path")
        return self


class _Conditions(Strict):
    """What is meant; every condition given must hold, and one must be given."""

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("give a condition, or all: true")
        return self


class Selection(_Conditions):
    """Which jobs are meant; every condition given must hold, and one must be given."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"error_code": "rate_limited"}]})

    ids: list[JobId] | None = Field(None, max_length=10_000)
    statuses: list[JobStatus] | None = None
    video_id: VideoId | None = None
    kind: Word | None = None
    library: Library | None = None
    backfill_id: JobId | None = None
    error_code: Word | None = None
    error_stage: Word | None = None
    all: Literal[True] | None = Field(None, description="Every job: say so on purpose.")

    def selection(self) -> JobSelection:
        """Return what the ledger understands."""
        return JobSelection(
            ids=None if self.ids is None else tuple(self.ids),
            statuses=None if self.statuses is None else frozenset(self.statuses),
            **self.model_dump(exclude={"ids", "statuses", "all"}),
        )


class Change(Strict):
    """Which jobs to change."""

    selection: Selection


class CancelMany(Change):
    """Which jobs to cancel, and why."""

    reason: Annotated[str, StringConstraints(max_length=500)] = ""


class Prioritize(Change):
    """Which waiting jobs shall come sooner or later."""

    priority: Priority


class VideoSelection(_Conditions):
    """Which videos are meant; every condition given must hold, and one must be given."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"library": "talks"}]})

    ids: list[VideoId] | None = Field(None, max_length=1000)
    library: Library | None = None
    status: VideoStatus | None = None
    language: Language | None = None
    created_from: AwareDatetime | None = None
    created_to: AwareDatetime | None = None
    all: Literal[True] | None = Field(None, description="Every video: say so on purpose.")

    def filter(self) -> VideoFilter:
        """Return what the store understands."""
        ids = None if self.ids is None else tuple(self.ids)
        return VideoFilter(ids=ids, **self.model_dump(exclude={"ids", "all"}))


class Rerun(Strict):
    """Which stage of which videos shall be computed again."""

    stage: Stage = Field(examples=["vision"])
    videos: VideoSelection


class Pause(Strict):
    """Why nothing shall start."""

    note: Annotated[str, StringConstraints(max_length=500)] | None = None


def params_of(job: NewJobIn) -> dict[str, Any]:
    """Return the flow's parameters, without what was not given."""
    given = job.params.model_dump(exclude_none=True)
    return given | ({"recompute": list(job.again)} if job.again else {})

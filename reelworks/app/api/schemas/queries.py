"""Query parameters of lists and searches."""

from __future__ import annotations

from pydantic import AwareDatetime, Field

from reelworks.app.api.schemas.requests import Strict
from reelworks.domain.jobs.job import JobSelection, JobStatus
from reelworks.domain.library.library import VideoStatus
from reelworks.domain.library.search import Filters, Kind, SearchRequest
from reelworks.domain.library.selection import VideoSelection
from reelworks.errors import InputError
from reelworks.operations.parameters import (
    BackfillId,
    Cursor,
    Language,
    Library,
    PartOfTitle,
    QueryText,
    Seconds,
    Speaker,
    VideoId,
    Word,
)
from reelworks.operations.search import NextPage
from reelworks.store.search.similar_frames import ALIKE

_SEVERAL = 200
"""The most values of one filter."""


class VideoQuery(Strict):
    """Filters of videos, and which page."""

    library: Library | None = None
    status: VideoStatus | None = None
    language: Language | None = None
    title: PartOfTitle | None = Field(None, description="Part of the title or the id.")
    min_seconds: Seconds | None = None
    max_seconds: Seconds | None = None
    created_from: AwareDatetime | None = None
    created_to: AwareDatetime | None = None
    limit: int = Field(50, ge=1, le=500)
    cursor: Cursor | None = Field(None, description="`next` of the previous page.")

    def selection(self) -> VideoSelection:
        """Return the selection of the domain."""
        return VideoSelection(**self.model_dump(exclude={"limit", "cursor"}))


class JobQuery(Strict):
    """Filters of jobs, and which page."""

    status: list[JobStatus] = Field(default_factory=list, max_length=10)
    video_id: VideoId | None = None
    kind: Word | None = None
    library: Library | None = None
    backfill_id: BackfillId | None = None
    error_code: Word | None = None
    error_stage: Word | None = None
    limit: int = Field(50, ge=1, le=500)
    cursor: Cursor | None = Field(None, description="`next` of the previous page.")

    def selection(self) -> JobSelection:
        """Return the selection of the domain."""
        return JobSelection(
            statuses=frozenset(self.status) or None,
            **self.model_dump(exclude={"status", "limit", "cursor"}),
        )


class PeekQuery(Strict):
    """How many queued jobs to list."""

    limit: int = Field(10, ge=1, le=200)


class FilterQuery(Strict):
    """Filters of videos and moments."""

    video_id: list[VideoId] = Field(default_factory=list, max_length=_SEVERAL)
    library: list[Library] = Field(default_factory=list, max_length=_SEVERAL)
    language: list[Language] = Field(default_factory=list, max_length=_SEVERAL)
    speaker: list[Speaker] = Field(default_factory=list, max_length=_SEVERAL)
    created_from: AwareDatetime | None = None
    created_to: AwareDatetime | None = None
    ready_from: AwareDatetime | None = None
    ready_to: AwareDatetime | None = None
    min_seconds: Seconds | None = None
    max_seconds: Seconds | None = None
    text_on_screen: bool | None = None

    def filters(self) -> Filters:
        """Return the filters of the domain."""
        return Filters(
            video_ids=tuple(self.video_id),
            libraries=tuple(self.library),
            languages=tuple(self.language),
            speakers=tuple(self.speaker),
            created_from=self.created_from,
            created_to=self.created_to,
            ready_from=self.ready_from,
            ready_to=self.ready_to,
            min_seconds=self.min_seconds,
            max_seconds=self.max_seconds,
            text_on_screen=self.text_on_screen,
        )


class SearchQuery(FilterQuery):
    """A search: `q`, or the `cursor` of an earlier page."""

    q: QueryText | None = Field(
        None,
        description='Words, "a phrase", begin*, or, -unwanted.',
        examples=['"quarterly numbers"'],
    )
    within: list[Kind] = Field(
        default_factory=list, alias="in", max_length=4, description="Search only these."
    )
    limit: int = Field(10, ge=1, le=200)
    cursor: Cursor | None = None

    def request(self) -> SearchRequest | NextPage:
        """Return the search, or the next page of one. Raises ``InputError`` for none or both."""
        if (self.q is None) == (self.cursor is None):
            raise InputError("Give q, or the cursor of an earlier page.")
        if self.cursor is not None:
            return NextPage(self.cursor, self.limit)
        return SearchRequest(
            self.q or "", frozenset(self.within or Kind), self.filters(), self.limit
        )


class CutQuery(SearchQuery):
    """A search whose moments become cuts."""

    handles: float = Field(0.0, ge=0, le=3600, description="Seconds to add on both sides.")


class SimilarQuery(FilterQuery):
    """Filters of frames, and how similar they must be."""

    limit: int = Field(10, ge=1, le=200)
    farthest: int = Field(
        ALIKE, ge=0, le=64, description="Maximum number of differing bits, of 64."
    )

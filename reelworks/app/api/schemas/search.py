"""What the API answers to a search."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, Field

from reelworks.domain.library.cuts import Cut
from reelworks.domain.library.search import (
    Excerpt,
    Kind,
    Moment,
    RankSource,
    Reason,
    SearchAnswer,
    SearchHit,
    SimilarFrame,
)


class Marked(BaseModel):
    """A run of characters that matched: ``start`` included, ``end`` not."""

    start: int
    end: int


class ExcerptOut(BaseModel):
    """The piece of text that was found."""

    text: str
    matches: list[Marked]

    @classmethod
    def of(cls, excerpt: Excerpt) -> Self:
        """Return an excerpt as it is shown."""
        marks = [Marked(start=one.start, end=one.end) for one in excerpt.matches]
        return cls(text=excerpt.text, matches=marks)


class Why(BaseModel):
    """A ranked list that contains it, and its rank there, counted from 1."""

    reason: Reason
    kind: Kind
    rank: int
    model: str | None
    similarity: float | None

    @classmethod
    def of(cls, placing: RankSource) -> Self:
        """Return a reason as it is shown."""
        return cls(
            reason=placing.reason,
            kind=placing.kind,
            rank=placing.rank,
            model=placing.model,
            similarity=placing.similarity,
        )


class HitOut(BaseModel):
    """One line of speech or one frame."""

    id: str
    kind: Kind
    t_start: float
    t_end: float
    excerpt: ExcerptOut
    reasons: list[Why]
    score: float
    frame_id: str | None
    image: str | None
    speaker: str | None
    model: str

    @classmethod
    def of(cls, hit: SearchHit) -> Self:
        """Return a hit as it is shown."""
        return cls(
            id=hit.id,
            kind=hit.kind,
            t_start=hit.t_start,
            t_end=hit.t_end,
            excerpt=ExcerptOut.of(hit.excerpt),
            reasons=[Why.of(one) for one in hit.reasons],
            score=hit.score,
            frame_id=hit.frame_id,
            image=_image(hit.video_id, hit.frame_id),
            speaker=hit.speaker,
            model=hit.model,
        )


class MomentOut(BaseModel):
    """Hits of one video that are close in time."""

    video_id: str
    title: str
    library: str
    duration: float | None
    t_start: float
    t_end: float
    score: float
    kinds: list[Kind]
    excerpt: ExcerptOut
    reasons: list[Why]
    frame_id: str | None
    image: str | None = Field(description="Path of the JPEG of the frame that shows it best.")
    media: str = Field(description="Path of the media, at the moment.")
    hits: list[HitOut]

    @classmethod
    def of(cls, moment: Moment) -> Self:
        """Return a moment as it is shown."""
        video_id = moment.video_id
        return cls(
            video_id=video_id,
            title=moment.title,
            library=moment.library,
            duration=moment.duration,
            t_start=moment.t_start,
            t_end=moment.t_end,
            score=moment.score,
            kinds=list(moment.kinds),
            excerpt=ExcerptOut.of(moment.best.excerpt),
            reasons=[Why.of(one) for one in moment.reasons],
            frame_id=moment.frame_id,
            image=_image(video_id, moment.frame_id),
            media=f"/videos/{video_id}/media#t={moment.t_start:.3f},{moment.t_end:.3f}",
            hits=[HitOut.of(hit) for hit in moment.hits],
        )


def _image(video_id: str, frame_id: str | None) -> str | None:
    return None if frame_id is None else f"/videos/{video_id}/frames/{frame_id}.jpg"


class Found(BaseModel):
    """A page of moments, best first."""

    moments: list[MomentOut]
    total: int = Field(description="On all pages; 200 at most.")
    cursor: str | None = Field(description="Pass it for the next page; null on the last page.")
    note: str | None = Field(
        description="Why only words were searched; null when meaning was searched as well."
    )
    did_you_mean: str | None = Field(
        description="The query as it is spelt in the library, when no text has it as given; its "
        "moments are among these."
    )

    @classmethod
    def of(cls, answer: SearchAnswer, note: str | None) -> Self:
        """Return a page as it is shown."""
        moments = [MomentOut.of(one) for one in answer.moments]
        return cls(
            moments=moments,
            total=answer.total,
            cursor=answer.cursor,
            note=note,
            did_you_mean=answer.did_you_mean,
        )


class CutOut(BaseModel):
    """A cut of a video; times are seconds from its first frame."""

    video_id: str
    title: str
    t_in: float
    t_out: float
    note: str

    @classmethod
    def of(cls, cut: Cut) -> Self:
        """Return a cut as it is shown."""
        return cls(
            video_id=cut.video_id, title=cut.title, t_in=cut.t_in, t_out=cut.t_out, note=cut.note
        )


class CutList(BaseModel):
    """A cut list: cuts in their order."""

    title: str
    cuts: list[CutOut]


class SimilarOut(BaseModel):
    """A frame similar to another."""

    frame_id: str
    video_id: str
    title: str
    t: float
    t_start: float
    t_end: float
    distance: int = Field(description="Bits of 64 in which the image hashes differ.")
    image: str

    @classmethod
    def of(cls, frame: SimilarFrame) -> Self:
        """Return a frame as it is shown."""
        return cls(
            frame_id=frame.frame_id,
            video_id=frame.video_id,
            title=frame.title,
            t=frame.t,
            t_start=frame.t_start,
            t_end=frame.t_end,
            distance=frame.distance,
            image=f"/videos/{frame.video_id}/frames/{frame.frame_id}.jpg",
        )


class Similar(BaseModel):
    """Similar frames, the nearest first."""

    frames: list[SimilarOut]

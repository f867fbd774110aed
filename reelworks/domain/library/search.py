"""Search requests and results. All times are seconds from the first frame."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Kind(StrEnum):
    """Where something was found."""

    SPEECH = "speech"
    PICTURE = "picture"
    """What a frame shows: caption, objects, controls."""
    TEXT = "text"
    """What is written on a frame."""
    TITLE = "title"
    """What the video is called: its title and the name of its file."""


class Reason(StrEnum):
    """Why something was found."""

    WORDS = "words"
    MEANING = "meaning"
    SIMILAR_SPELLING = "similar spelling"


@dataclass(frozen=True, slots=True)
class Filters:
    """Which videos and moments count; what is empty or None leaves all."""

    video_ids: tuple[str, ...] = ()
    """Any of these videos."""
    libraries: tuple[str, ...] = ()
    """Any of these libraries."""
    languages: tuple[str, ...] = ()
    """Spoken languages as ISO 639-1 codes: speech by its own, pictures by their video's."""
    speakers: tuple[str, ...] = ()
    """Said by any of these; leaves speech only."""
    created_from: datetime | None = None
    """In the library since then or later."""
    created_to: datetime | None = None
    """In the library before then."""
    ready_from: datetime | None = None
    """First searchable then or later."""
    ready_to: datetime | None = None
    """First searchable before then."""
    min_seconds: float | None = None
    """Least length of the video."""
    max_seconds: float | None = None
    """Most length of the video."""
    text_on_screen: bool | None = None
    """True: text can be read on screen in that moment. False: none can."""


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """What is looked for.

    ``query`` takes words, ``"phrases in quotes"``, ``begin*``, ``or`` and ``-unwanted``; at most
    1000 characters. A phrase is found as it is written, without accents and capitals; where every
    choice of the query has one, nothing is found by its meaning or spelling alone. ``limit`` is the
    most moments on one page, 1 to 200.
    """

    query: str
    kinds: frozenset[Kind] = field(default_factory=lambda: frozenset(Kind))
    filters: Filters = field(default_factory=Filters)
    limit: int = 10


@dataclass(frozen=True, slots=True)
class MatchSpan:
    """A run of characters of a text: ``start`` included, ``end`` not."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Excerpt:
    """The piece of text that was found, and the matched words in it."""

    text: str
    matches: tuple[MatchSpan, ...] = ()


@dataclass(frozen=True, slots=True)
class RankSource:
    """One ranked list that has the hit, and its rank there, counted from 1."""

    reason: Reason
    kind: Kind
    rank: int
    model: str | None = None
    """The embedding model of a list by meaning."""
    similarity: float | None = None
    """Cosine similarity of a list by meaning, 0 to 1."""


@dataclass(frozen=True, slots=True)
class SearchHit:
    """One line of speech, one frame or one title that answers the question."""

    id: str
    """Id of the row found."""
    video_id: str
    title: str
    kind: Kind
    t_start: float
    t_end: float
    excerpt: Excerpt
    reasons: tuple[RankSource, ...]
    """Best first."""
    score: float
    """Reciprocal rank fusion; compares hits of one answer only."""
    frame_id: str | None
    """The frame found, else the frame shown at that time; None for sound alone."""
    frame_path: str | None
    """Store key of that frame's JPEG."""
    model: str
    """What made the found row."""
    speaker: str | None = None


@dataclass(frozen=True, slots=True)
class Moment:
    """Hits of one video that lie together in time."""

    video_id: str
    title: str
    library: str
    source: str
    """Where the video came from: a path, an address or a key."""
    duration: float | None
    """Of the video."""
    t_start: float
    t_end: float
    score: float
    """Sum over the ranked lists of 1 / (60 + the best rank that any hit has there)."""
    hits: tuple[SearchHit, ...]
    """Best first, at least one."""

    @property
    def best(self) -> SearchHit:
        """The hit that answers best."""
        return self.hits[0]

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """Where it was found, best first."""
        return tuple(dict.fromkeys(hit.kind for hit in self.hits))

    @property
    def reasons(self) -> tuple[RankSource, ...]:
        """Why it was found: the best placing of any hit in each ranked list, best first."""
        best: dict[tuple[Reason, Kind, str | None], RankSource] = {}
        for placing in sorted((p for hit in self.hits for p in hit.reasons), key=lambda p: p.rank):
            best.setdefault((placing.reason, placing.kind, placing.model), placing)
        return tuple(best.values())

    @property
    def frame_id(self) -> str | None:
        """The frame that shows it best: a frame that was found itself before one shown then."""
        return self._shown.frame_id

    @property
    def frame_path(self) -> str | None:
        """Store key of that frame's JPEG."""
        return self._shown.frame_path

    @property
    def _shown(self) -> SearchHit:
        seen = (hit for hit in self.hits if hit.kind in (Kind.PICTURE, Kind.TEXT))
        return next(seen, self.best)


@dataclass(frozen=True, slots=True)
class SearchAnswer:
    """One page of what was found."""

    moments: tuple[Moment, ...]
    """Best first."""
    total: int
    """Moments on all pages, when the first was made; 200 at most."""
    cursor: str | None
    """Asks for the next page; None on the last."""
    did_you_mean: str | None = None
    """The query as it is spelt in the library, when no row has its words but some have these."""


@dataclass(frozen=True, slots=True)
class SimilarFrame:
    """A frame that looks like another."""

    frame_id: str
    video_id: str
    title: str
    t: float
    """When the frame was taken."""
    t_start: float
    """The frame's scene."""
    t_end: float
    frame_path: str
    """Store key of the frame's JPEG."""
    distance: int
    """Bits of 64 in which the two picture hashes differ; 0 is the same picture."""

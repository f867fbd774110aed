"""A question to the library and what is found. All times are seconds from the first frame."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    """Where something was found."""

    SPEECH = "speech"
    PICTURE = "picture"
    """What a frame shows: caption, objects, controls."""
    TEXT = "text"
    """What is written on a frame."""


class Reason(StrEnum):
    """Why something was found."""

    WORDS = "words"
    MEANING = "meaning"
    SIMILAR_SPELLING = "similar spelling"


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """What is looked for.

    ``query`` takes words, ``"phrases in quotes"``, ``or`` and ``-unwanted``. ``limit`` is the
    most hits to return, 1 to 200.
    """

    query: str
    kinds: frozenset[Kind] = field(default_factory=lambda: frozenset(Kind))
    video_id: str | None = None
    limit: int = 10


@dataclass(frozen=True, slots=True)
class Span:
    """A run of characters of a text: ``start`` included, ``end`` not."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Excerpt:
    """The piece of text that was found, and the matched words in it."""

    text: str
    matches: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Placing:
    """One ranked list that has the hit, and its place there, counted from 1."""

    reason: Reason
    kind: Kind
    rank: int
    model: str | None = None
    """The embedding model of a list by meaning."""
    similarity: float | None = None
    """Cosine similarity (meaning) or word similarity (spelling), 0 to 1."""


@dataclass(frozen=True, slots=True)
class SearchHit:
    """A moment of a video that answers the question."""

    video_id: str
    title: str
    kind: Kind
    t_start: float
    t_end: float
    excerpt: Excerpt
    reasons: tuple[Placing, ...]
    """Best first."""
    score: float
    """Reciprocal rank fusion; compares hits of one answer only."""
    frame_id: str | None
    """The frame found, or for speech the frame shown at that time; None for sound alone."""
    frame_path: str | None
    """Store key of that frame's JPEG."""
    model: str
    """What made the found row."""

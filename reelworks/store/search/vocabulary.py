"""The library's vocabulary: its words, and those that a misspelt word may mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from reelworks.store.db.schema.search_words import WORDS_OF_VIDEO_ADDED
from reelworks.store.search.query_parser import may_be_misspelt

SIMILARITY = 0.3
"""Least trigram similarity (pg_trgm) of a word that is compared letter by letter."""
COMPARED_AT_MOST = 40
LONGEST_FOR_ONE = 5
"""Letters up to which one edit is forgiven; longer words may have two, as Elasticsearch's
``fuzziness: AUTO`` has it."""
MOST_ALTERNATIVES = 6


@dataclass(frozen=True, slots=True)
class Spelling:
    """A typed word and the library's words that it may mean, the nearest first."""

    typed: str
    words: tuple[str, ...]
    is_known: bool
    """The library has the word as it was typed."""


def add_words(connection: Connection, video_id: str) -> None:
    """Add the words of a video's texts and names to the vocabulary.

    A video's words stay when it goes: search shows a spelling only where it finds something.
    """
    connection.execute(text(WORDS_OF_VIDEO_ADDED), {"id": video_id})


def spellings_of(connection: Connection, words: Sequence[str]) -> list[Spelling]:
    """Return the library's words that each of ``words`` may mean, in the same order.

    Near is one edit (a letter more, less or other, or two neighbours swapped) for up to five
    letters and two for longer words. A word that is known means itself, and so do short words and
    numbers.
    """
    if not words:
        return []
    connection.execute(
        text("SELECT set_config('pg_trgm.similarity_threshold', :least, true)"),
        {"least": str(SIMILARITY)},
    )
    plain = connection.scalars(_PLAIN, {"words": list(words)}).all()
    known = set(connection.scalars(_KNOWN, {"words": plain}))
    return [
        Spelling(typed, (word,), True)
        if word in known or not may_be_misspelt(typed)
        else _spelling(connection, typed, word)
        for typed, word in zip(words, plain, strict=True)
    ]


def _spelling(connection: Connection, typed: str, word: str) -> Spelling:
    most = 1 if len(word) <= LONGEST_FOR_ONE else 2
    values = {"word": word, "swapped": _swapped(word), "least": len(word) - most,
              "most": len(word) + most, "limit": COMPARED_AT_MOST}  # fmt: skip
    near = sorted(
        (edit_distance(word, found), -similarity, found)
        for found, similarity in connection.execute(_NEAR, values)
    )
    alike = [found for distance, _, found in near if distance <= most]
    return Spelling(typed, tuple(alike[:MOST_ALTERNATIVES]), False)


def _swapped(word: str) -> list[str]:
    """Return the words with two neighbouring letters swapped: they share few trigrams with it."""
    return [word[:i] + word[i + 1] + word[i] + word[i + 2 :] for i in range(len(word) - 1)]


def edit_distance(one: str, two: str) -> int:
    """Return the optimal string alignment distance: insertions, deletions, substitutions and
    transpositions of neighbours (Boytsov, "Indexing methods for approximate dictionary searching",
    ACM JEA 16, 2011, section 2.2.1).
    """
    before: list[int] = []
    last = list(range(len(two) + 1))
    for row, letter in enumerate(one, start=1):
        this = [row]
        for column, other in enumerate(two, start=1):
            cost = min(last[column] + 1, this[-1] + 1, last[column - 1] + (letter != other))
            swapped = row > 1 and column > 1 and letter == two[column - 2] and other == one[row - 2]
            this.append(min(cost, before[column - 2] + 1) if swapped else cost)
        before, last = last, this
    return last[-1]


_PLAIN = text(
    "SELECT lower(unaccent(word)) FROM unnest(CAST(:words AS text[]))"
    " WITH ORDINALITY AS typed (word, place) ORDER BY place"
)
_KNOWN = text("SELECT word FROM search_words WHERE word = ANY (CAST(:words AS text[]))")
_NEAR = text(
    "SELECT word, similarity(word, :word) AS near FROM search_words"
    " WHERE word = ANY (CAST(:swapped AS text[]))"
    " UNION (SELECT word, similarity(word, :word) AS near FROM search_words"
    " WHERE word % :word AND length(word) BETWEEN :least AND :most"
    " ORDER BY near DESC, word LIMIT :limit)"
)

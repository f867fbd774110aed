"""The ranked lists that a search fuses: by words, by similar spelling, by meaning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from reelworks.domain.search import Kind
from reelworks.store.query import TextQuery
from reelworks.store.vectors import MAX_HALF, model_literal, of_model, vector_text, vector_type

RANKED_AT_MOST = 2000
"""Rows that are ranked by their words; a word that is everywhere would take seconds otherwise."""
WORD_SIMILARITY = 0.5
"""Least ``word_similarity`` (pg_trgm) of each word: "Setings" finds "Settings" (0.67)."""
LEAST_SIMILARITY = {384: 0.30}
OTHER_LEAST_SIMILARITY = 0.25
"""Least cosine similarity of a hit by meaning, by the vectors' size.

Measured with MiniLM-L6 int8 (384) on 24 lines of speech and screen text: the best line had 0.31 to
0.72 for each of 16 questions in other words, and 0.09 to 0.33 (one of them over 0.30) for 12 that
had nothing to do with any line. The value for other sizes is an estimate, not a measurement."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Which rows count."""

    query: TextQuery
    hidden: Sequence[str]
    """Videos that were never ready."""
    video_id: str | None
    depth: int
    """Length of each list."""


@dataclass(frozen=True, slots=True)
class Source:
    """A column to look into."""

    kind: Kind
    table: str
    tsv: str


SPEECH = Source(Kind.SPEECH, "transcript_segments", "tsv")
PICTURE = Source(Kind.PICTURE, "frame_captions", "seen_tsv")
TEXT = Source(Kind.TEXT, "frame_captions", "screen_tsv")


@dataclass(frozen=True, slots=True)
class Ranked:
    """One entry of a list."""

    id: str
    kind: Kind
    similarity: float | None = None


def by_words(connection: Connection, source: Source, scope: Scope) -> list[Ranked]:
    """Return the rows that hold the words, those with every word as typed first.

    Only when they do not fill the list is the last word taken as the beginning of one.
    """
    found = _holding(connection, source, scope.query.full, scope)
    if len(found) < scope.depth and scope.query.wide != scope.query.full:
        more = _holding(connection, source, scope.query.wide, scope)
        found += [row_id for row_id in more if row_id not in found]
    return [Ranked(row_id, source.kind) for row_id in found[: scope.depth]]


def _holding(connection: Connection, source: Source, query: str, scope: Scope) -> list[str]:
    """Rank by cover density (``ts_rank_cd``): words that stand close together come first."""
    if not query:
        return []
    condition, values = _condition(scope, source.tsv)
    statement = (
        f"SELECT id FROM (SELECT id, {source.tsv} AS tsv FROM {source.table}"  # noqa: S608 - own names
        f" WHERE {source.tsv} @@ CAST(:query AS tsquery) AND {condition}"
        f" LIMIT {RANKED_AT_MOST}) AS found"
        " ORDER BY ts_rank_cd(tsv, CAST(:query AS tsquery)) DESC, id LIMIT :depth"
    )
    return list(connection.scalars(text(statement), {**values, "query": query}))


def by_spelling(connection: Connection, words: Sequence[str], scope: Scope) -> list[Ranked]:
    """Return frames whose on-screen text has words that look like each of ``words``.

    Rows that hold the words themselves are left to ``by_words``.
    """
    if not words:
        return []
    condition, values = _condition(scope, "screen_tsv")
    names = [f"w{number}" for number in range(len(words))]
    values |= dict(zip(names, words, strict=True)) | {"wide": scope.query.wide}
    similar = " AND ".join(f":{name} <% screen_text" for name in names)
    total = " + ".join(f"word_similarity(:{name}, screen_text)" for name in names)
    connection.execute(
        text("SELECT set_config('pg_trgm.word_similarity_threshold', :least, true)"),
        {"least": str(WORD_SIMILARITY)},
    )
    statement = (
        f"SELECT id, ({total}) / {len(names)} AS similarity FROM frame_captions"  # noqa: S608 - own names
        f" WHERE {similar} AND NOT screen_tsv @@ CAST(:wide AS tsquery) AND {condition}"
        " ORDER BY similarity DESC, id LIMIT :depth"
    )
    found = connection.execute(text(statement), values)
    return [Ranked(row.id, Kind.TEXT, float(row.similarity)) for row in found]


def has_vectors(connection: Connection, table: str, model: str) -> bool:
    """Tell whether any row of a table has a vector of this model."""
    query = f"SELECT EXISTS (SELECT FROM {table} WHERE embedding_model = :model)"  # noqa: S608 - own names
    return connection.scalar(text(query), {"model": model}) is True


def by_meaning(
    connection: Connection,
    kinds: frozenset[Kind],
    model: str,
    vector: Sequence[float],
    scope: Scope,
) -> list[Ranked]:
    """Return the rows of ``kinds`` (speech, or picture and text) nearest to a vector.

    A frame that nobody captioned has the vector of its text, so it counts as text. Rows below the
    least similarity are left out: the nearest of all rows may still have nothing to do with it.
    """
    size = len(vector)
    speech = Kind.SPEECH in kinds
    condition, values = _condition(scope, "tsv" if speech else "screen_tsv")
    if not speech and len(kinds) == 1:
        condition += f" AND caption IS {'NOT ' if Kind.PICTURE in kinds else ''}NULL"
    kind = "'speech'" if speech else "CASE WHEN caption IS NULL THEN 'text' ELSE 'picture' END"
    distance = f"(embedding::{vector_type(size)}) <=> CAST(:vector AS {vector_type(size)})"
    statement = (
        f"SELECT id, {kind} AS kind, 1 - ({distance}) AS similarity"  # noqa: S608 - own names
        f" FROM {SPEECH.table if speech else PICTURE.table}"
        f" WHERE {of_model(size)} AND {condition} ORDER BY {distance} LIMIT :depth"
    )
    values |= {"vector": vector_text(vector)}
    if size <= MAX_HALF:
        _widen_index_scan(connection, scope.depth)
    found = connection.execute(text(statement).bindparams(model_literal(model)), values)
    least = LEAST_SIMILARITY.get(size, OTHER_LEAST_SIMILARITY)
    return [
        Ranked(row.id, Kind(row.kind), float(row.similarity))
        for row in found
        if row.similarity >= least
    ]


def _widen_index_scan(connection: Connection, depth: int) -> None:
    """Let the HNSW index go on until enough rows pass the other conditions (pgvector 0.8)."""
    connection.execute(
        text(
            "SELECT set_config('hnsw.ef_search', :width, true),"
            " set_config('hnsw.iterative_scan', 'strict_order', true)"
        ),
        {"width": str(min(1000, max(100, 2 * depth)))},
    )


def _condition(scope: Scope, tsv: str) -> tuple[str, dict[str, Any]]:
    parts = ["video_id <> ALL (CAST(:hidden AS text[]))"]
    values: Mapping[str, Any] = {"hidden": list(scope.hidden), "depth": scope.depth}
    if scope.video_id is not None:
        parts.append("video_id = :video_id")
        values = {**values, "video_id": scope.video_id}
    if scope.query.unwanted:
        parts.append(f"NOT {tsv} @@ CAST(:unwanted AS tsquery)")
        values = {**values, "unwanted": scope.query.unwanted}
    return " AND ".join(parts), dict(values)

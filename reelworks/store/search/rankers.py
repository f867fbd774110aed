"""Rankers: the ranked lists that a search fuses, by words and by meaning."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from reelworks.domain.ids import TITLE_SUFFIX
from reelworks.domain.library.search import Kind
from reelworks.store.search.search_filters import Rows
from reelworks.store.search.text_query import TextQuery, any_of
from reelworks.store.search.vector_tables import (
    MAX_HALF,
    Vectors,
    model_literal,
    of_model,
    vector_text,
    vector_type,
)

RANKED_AT_MOST = 1000
"""Rows that are ranked by their words; a word that is everywhere would take seconds otherwise."""
LEAST_SIMILARITY = {384: 0.30}
OTHER_LEAST_SIMILARITY = 0.25
"""Least cosine similarity of a hit by meaning, by the vectors' size.

Measured with MiniLM-L6 int8 (384) on 24 lines of speech and screen text: the best line had 0.31 to
0.72 for each of 16 questions in other words, and 0.09 to 0.33 (one of them over 0.30) for 12 that
had nothing to do with any line. The value for other sizes is an estimate, not a measurement."""


_SHORTEST_NEAR = 30
"""Rows of a list by meaning: what comes after is seldom near, and each costs under a filter."""


@dataclass(frozen=True, slots=True)
class Source:
    """A column to look into."""

    kind: Kind
    table: str
    tsv: str
    """SQL of its text vector in the row ``r``."""
    id: str = "r.id"
    """SQL of a hit's id."""


SPEECH = Source(Kind.SPEECH, "transcript_segments", "r.tsv")
PICTURE = Source(Kind.PICTURE, "frame_captions", "r.seen_tsv")
TEXT = Source(Kind.TEXT, "frame_captions", "r.screen_tsv")
TITLE = Source(Kind.TITLE, "videos", "r.names_tsv", f"r.id || '{TITLE_SUFFIX}'")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to look for, how far, and among which rows of a table."""

    query: TextQuery
    rows: Rows
    depth: int
    """Length of each list."""

    def condition(self, tsv: str) -> str:
        """Return what must hold for the row ``r`` besides the match itself."""
        if not self.query.unwanted:
            return self.rows.condition
        return f"{self.rows.condition} AND NOT {tsv} @@ CAST(:unwanted AS tsquery)"

    @property
    def values(self) -> dict[str, Any]:
        """The values of that condition."""
        unwanted = {"unwanted": self.query.unwanted} if self.query.unwanted else {}
        return {**self.rows.values, **unwanted, "depth": self.depth}


@dataclass(frozen=True, slots=True)
class ModelQuery:
    """A query to one embedding model: the query's vector and the tables of the model's vectors."""

    model: str
    vector: Sequence[float]
    vectors: Vectors
    filling: ModelQuery | None = None
    """The live model, when this one only counts for rows that the live model lacks."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """One entry of a list."""

    id: str
    kind: Kind
    similarity: float | None = None


def by_words(connection: Connection, source: Source, wanted: Wanted) -> list[Ranked]:
    """Return the rows that hold the words, those with every word as typed first.

    Only when they do not fill the list is the last word taken as the beginning of one.
    """
    query = wanted.query
    found = _holding(connection, source, query.full, wanted)
    if len(found) < wanted.depth and query.beginning:
        more = _holding(connection, source, (*query.full, *query.beginning), wanted)
        known = set(found)
        found += [row_id for row_id in more if row_id not in known]
    return [Ranked(row_id, source.kind) for row_id in found[: wanted.depth]]


def _holding(
    connection: Connection, source: Source, queries: Sequence[str], wanted: Wanted
) -> list[str]:
    """Rank by cover density (``ts_rank_cd``): words that stand close together come first."""
    if not queries:
        return []
    names = [f"q{number}" for number in range(len(queries))]
    holds = " OR ".join(f"{source.tsv} @@ CAST(:{name} AS tsquery)" for name in names)
    values = dict(zip(names, queries, strict=True)) | {"query": any_of(queries)}
    statement = (
        f"SELECT id FROM (SELECT {source.id} AS id, {source.tsv} AS tsv FROM {source.table} r"  # noqa: S608 - own names
        f" WHERE ({holds}) AND {wanted.condition(source.tsv)}"
        f" LIMIT {RANKED_AT_MOST}) AS found"
        " ORDER BY ts_rank_cd(tsv, CAST(:query AS tsquery)) DESC, id LIMIT :depth"
    )
    return list(connection.scalars(text(statement), {**wanted.values, **values}))


def by_meaning(
    connection: Connection, kinds: frozenset[Kind], model_query: ModelQuery, wanted: Wanted
) -> list[Ranked]:
    """Return the rows of ``kinds`` (speech, or picture and text) nearest to a vector.

    A frame without a caption has the vector of its text, so it counts as text. Rows below the
    least similarity are left out: the nearest of all rows may still have nothing to do with it.
    """
    size = len(model_query.vector)
    speech = Kind.SPEECH in kinds
    condition = wanted.condition((SPEECH if speech else TEXT).tsv)
    if not speech and len(kinds) == 1:
        condition += f" AND r.caption IS {'NOT ' if Kind.PICTURE in kinds else ''}NULL"
    kind = "'speech'" if speech else "CASE WHEN r.caption IS NULL THEN 'text' ELSE 'picture' END"
    depth = max(_SHORTEST_NEAR, 3 * wanted.depth // 10)
    near = _exactly if wanted.rows.narrow or size > MAX_HALF else _by_index
    if near is _by_index:
        _widen_index_scan(connection, depth)
    statement = near(model_query, kind, condition)
    values = wanted.values | {"vector": vector_text(model_query.vector), "depth": depth}
    if model_query.filling:
        statement = _where_live_has_none(statement, model_query.filling.vectors)
        values |= {"live": model_query.filling.model}
    found = connection.execute(text(statement).bindparams(model_literal(model_query.model)), values)
    least = LEAST_SIMILARITY.get(size, OTHER_LEAST_SIMILARITY)
    return [
        Ranked(row.id, Kind(row.kind), float(row.similarity))
        for row in found
        if row.similarity >= least
    ]


def _by_index(model_query: ModelQuery, kind: str, condition: str) -> str:
    vectors, size = model_query.vectors, len(model_query.vector)
    row, form = vectors.vector_row, vector_type(size)
    distance = f"({row}.embedding::{form}) <=> CAST(:vector AS {form})"
    return (
        f"SELECT r.id, {kind} AS kind, 1 - ({distance}) AS similarity"  # noqa: S608 - own names
        f" FROM {vectors.source} WHERE {of_model(vectors, size, row)} AND {condition}"
        f" ORDER BY {distance} LIMIT :depth"
    )


def _exactly(model_query: ModelQuery, kind: str, condition: str) -> str:
    """Compare every row that counts; materialised, so that no vector index is walked."""
    vectors, size = model_query.vectors, len(model_query.vector)
    row, form = vectors.vector_row, vector_type(size)
    return (
        f"WITH few AS MATERIALIZED (SELECT r.id, {kind} AS kind,"  # noqa: S608 - own names
        f" ({row}.embedding::{form}) <=> CAST(:vector AS {form}) AS distance"
        f" FROM {vectors.source} WHERE {of_model(vectors, size, row)} AND {condition})"
        " SELECT id, kind, 1 - distance AS similarity FROM few ORDER BY distance LIMIT :depth"
    )


def _where_live_has_none(statement: str, live: Vectors) -> str:
    live_has_vector = live.has_vector.replace(":model", ":live")
    return (
        f"SELECT n.* FROM ({statement}) AS n JOIN {live.table} r ON r.id = n.id"  # noqa: S608 - own names
        f" WHERE NOT {live_has_vector} ORDER BY n.similarity DESC"
    )


def _widen_index_scan(connection: Connection, depth: int) -> None:
    """Let the HNSW index continue until enough rows pass the other conditions (pgvector 0.8)."""
    connection.execute(
        text(
            "SELECT set_config('hnsw.ef_search', :width, true),"
            " set_config('hnsw.iterative_scan', 'strict_order', true)"
        ),
        {"width": str(min(1000, max(100, 2 * depth)))},
    )

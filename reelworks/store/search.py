"""Search: words and meaning over speech, pictures and text on screen, fused by rank."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, Row, text

from reelworks.domain.search import Kind, Placing, Reason, SearchHit, SearchRequest
from reelworks.errors import InputError, UnknownVideoError
from reelworks.store.database import transaction
from reelworks.store.excerpts import CLOSE, OPEN, excerpt_of
from reelworks.store.languages import SIMPLE, configuration_for
from reelworks.store.query import TextQuery, Wording, read_query, to_text_query
from reelworks.store.ranked import (
    PICTURE,
    SPEECH,
    TEXT,
    Ranked,
    Scope,
    by_meaning,
    by_spelling,
    by_words,
    has_vectors,
)

K = 60
"""Constant of reciprocal rank fusion: Cormack, Clarke, Büttcher, "Reciprocal Rank Fusion
outperforms Condorcet and individual rank learning methods", SIGIR 2009."""
LIMIT = 200
_SHORTEST_LIST = 50

Embed = Callable[[str], Sequence[float]]
PICTURE_KINDS = frozenset({Kind.PICTURE, Kind.TEXT})


@dataclass
class _Found:
    kind: Kind
    placings: list[Placing]

    @property
    def score(self) -> float:
        return sum(1 / (K + placing.rank) for placing in self.placings)


def search(
    engine: Engine, request: SearchRequest, embedders: Mapping[str, Embed]
) -> list[SearchHit]:
    """Return the best moments for a request, best first.

    ``embedders`` maps an embedding model's full name, as rows hold it, to a function that returns
    a text's vector; each is called once, and only when a row has vectors of its model. Videos that
    were never ready stay hidden; a video that is being indexed again keeps its hits.

    Raises ``InputError`` for an empty query or a wrong limit, ``UnknownVideoError``, database
    errors, and what an embedder raises.
    """
    wording = read_query(request.query)
    if not wording.plain:
        raise InputError("The search has no words; say what to look for.")
    if not 1 <= request.limit <= LIMIT:
        raise InputError(f"The limit {request.limit} is out of range: use 1 to {LIMIT}.")
    vectors = _vectors(engine, request.kinds, embedders, wording.plain)
    with transaction(engine) as connection:
        if request.video_id is not None:
            _check_known(connection, request.video_id)
        query = to_text_query(connection, wording, _configurations(connection))
        depth = max(_SHORTEST_LIST, 2 * request.limit)
        scope = Scope(query, _hidden(connection), request.video_id, depth)
        found = _fuse(connection, request.kinds, wording, vectors, scope)
        best = sorted(found.items(), key=lambda item: (-item[1].score, item[0]))[: request.limit]
        return _hits(connection, best, query, wording)


def _vectors(
    engine: Engine, kinds: frozenset[Kind], embedders: Mapping[str, Embed], plain: str
) -> dict[str, Sequence[float]]:
    """Embed the query for each model in use; no connection is held while a model answers."""
    tables = [SPEECH.table] if Kind.SPEECH in kinds else []
    tables += [PICTURE.table] if kinds & PICTURE_KINDS else []
    with transaction(engine) as connection:
        used = [
            model
            for model in embedders
            if any(has_vectors(connection, table, model) for table in tables)
        ]
    return {model: embedders[model](plain) for model in used}


def _fuse(
    connection: Connection,
    kinds: frozenset[Kind],
    wording: Wording,
    vectors: Mapping[str, Sequence[float]],
    scope: Scope,
) -> dict[str, _Found]:
    """Merge the ranked lists: a row's score is the sum of 1 / (K + rank) over its lists."""
    found: dict[str, _Found] = {}

    def add(entries: Sequence[Ranked], reason: Reason, model: str | None = None) -> None:
        for rank, entry in enumerate(entries, start=1):
            placing = Placing(reason, entry.kind, rank, model, entry.similarity)
            found.setdefault(entry.id, _Found(entry.kind, [])).placings.append(placing)

    for source in (SPEECH, TEXT, PICTURE):
        if source.kind in kinds:
            add(by_words(connection, source, scope), Reason.WORDS)
    if Kind.TEXT in kinds:
        add(by_spelling(connection, wording.long_words, scope), Reason.SIMILAR_SPELLING)
    for model, vector in vectors.items():
        for group in (kinds & {Kind.SPEECH}, kinds & PICTURE_KINDS):
            if group:
                near = by_meaning(connection, frozenset(group), model, vector, scope)
                add(near, Reason.MEANING, model)
    for one in found.values():
        one.placings.sort(key=lambda placing: placing.rank)
        literal = [placing for placing in one.placings if placing.reason is not Reason.MEANING]
        one.kind = (literal or one.placings)[0].kind
    return found


def _hits(
    connection: Connection,
    best: Sequence[tuple[str, _Found]],
    query: TextQuery,
    wording: Wording,
) -> list[SearchHit]:
    by_kind: defaultdict[Kind, list[str]] = defaultdict(list)
    for row_id, found in best:
        by_kind[found.kind].append(row_id)
    rows: dict[str, Row[Any]] = {}
    for kind, ids in by_kind.items():
        statement = text(_SPEECH_ROWS if kind is Kind.SPEECH else _FRAME_ROWS[kind])
        values = {"ids": ids, "wide": query.wide, "options": _HEADLINE}
        rows |= {row.id: row for row in connection.execute(statement, values)}
    return [_hit(rows[row_id], found, wording) for row_id, found in best if row_id in rows]


def _hit(row: Row[Any], found: _Found, wording: Wording) -> SearchHit:
    spelt = any(placing.reason is Reason.SIMILAR_SPELLING for placing in found.placings)
    return SearchHit(
        video_id=row.video_id,
        title=row.title,
        kind=found.kind,
        t_start=row.t_start,
        t_end=row.t_end,
        excerpt=excerpt_of((row.stemmed, row.exact), wording.long_words if spelt else ()),
        reasons=tuple(found.placings),
        score=found.score,
        frame_id=row.frame_id,
        frame_path=row.frame_path,
        model=f"{row.model}@{row.revision}" if row.revision else row.model,
    )


def _hidden(connection: Connection) -> list[str]:
    return list(connection.scalars(text("SELECT id FROM videos WHERE ready_at IS NULL")))


def _configurations(connection: Connection) -> list[str]:
    """Return the text search configurations that rows use; captions are always English too."""
    languages = connection.scalars(text("SELECT DISTINCT language FROM videos"))
    return sorted({SIMPLE, "english", *(configuration_for(one) for one in languages)})


def _check_known(connection: Connection, video_id: str) -> None:
    known = text("SELECT EXISTS (SELECT FROM videos WHERE id = :id)")
    if not connection.scalar(known, {"id": video_id}):
        raise UnknownVideoError(f"No video has the id {video_id}.")


_HEADLINE = f"HighlightAll=true, StartSel={OPEN}, StopSel={CLOSE}"

_SPEECH_ROWS = """
SELECT s.id, s.video_id, coalesce(v.title, v.id) AS title, s.t_start, s.t_end, s.model, s.revision,
       ts_headline(s.ts_config, s.text, CAST(:wide AS tsquery), :options) AS stemmed,
       ts_headline('simple', s.text, CAST(:wide AS tsquery), :options) AS exact,
       f.id AS frame_id, f.path AS frame_path
FROM transcript_segments s
JOIN videos v ON v.id = s.video_id
LEFT JOIN LATERAL (
    SELECT one.id, one.path FROM frames one JOIN scenes c ON c.id = one.scene_id
    WHERE one.video_id = s.video_id
    ORDER BY c.t_start <= s.t_start AND s.t_start < c.t_end DESC, abs(one.t - s.t_start)
    LIMIT 1
) f ON true
WHERE s.id = ANY (CAST(:ids AS text[]))
"""


def _frame_rows(column: str, config: str) -> str:
    return f"""
SELECT p.id, p.video_id, coalesce(v.title, v.id) AS title, c.t_start, c.t_end, p.model, p.revision,
       ts_headline({config}, p.{column}, CAST(:wide AS tsquery), :options) AS stemmed,
       ts_headline('simple', p.{column}, CAST(:wide AS tsquery), :options) AS exact,
       f.id AS frame_id, f.path AS frame_path
FROM frame_captions p
JOIN frames f ON f.id = p.frame_id
JOIN scenes c ON c.id = f.scene_id
JOIN videos v ON v.id = p.video_id
WHERE p.id = ANY (CAST(:ids AS text[]))
"""  # noqa: S608 - our own names


_FRAME_ROWS = {
    Kind.PICTURE: _frame_rows("seen_text", "'english'"),
    Kind.TEXT: _frame_rows("screen_text", "p.ts_config"),
}

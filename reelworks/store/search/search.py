"""Search: words and meaning over speech, frames and text on screen, fused by rank."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from sqlalchemy import Connection, Engine

from reelworks.domain.library.search import RankSource, SearchAnswer, SearchRequest
from reelworks.domain.video.moments import Hit, merge
from reelworks.errors import InputError
from reelworks.store.db.database import transaction
from reelworks.store.db.text_search_configs import configurations_in_use
from reelworks.store.search.embedding_models import EmbeddingModel, stored_models
from reelworks.store.search.hydrate import locations_of, moments_of
from reelworks.store.search.query_parser import ParsedQuery, read_query
from reelworks.store.search.rank_fusion import FusedRow, K
from reelworks.store.search.ranked_lists import RankedLists, Vector
from reelworks.store.search.result_pages import (
    ListedHit,
    ListedMoment,
    RankedList,
    cursor_of,
    load,
    read_cursor,
    save,
)
from reelworks.store.search.search_filters import check_filters, scope_of
from reelworks.store.search.text_query import to_text_query

LIMIT = 200
"""Most moments of a page, and of all pages of a search together."""
_SHORTEST_LIST = 100
_MOST_ROWS = 400
"""Rows that moments are made of: the best ones of all lists."""

Embed = Callable[[str], Vector]
"""Returns a query's vector; None when the model cannot read the query."""


def search(engine: Engine, request: SearchRequest, embedders: Mapping[str, Embed]) -> SearchAnswer:
    """Return the first page of the best moments for a request.

    ``embedders`` maps an embedding model's full name, as rows hold it, to a function that returns
    a text's vector; the live model's is called once, and another's only while it has rows that the
    live model lacks. Videos that were never ready stay hidden; a video that is being indexed again
    keeps its hits. All is read as of one instant.

    Raises ``InputError`` for an empty query, a wrong limit or filter, ``UnknownVideoError``,
    database errors, and what an embedder raises.
    """
    parsed = read_query(request.query)
    if not parsed.plain:
        raise InputError("The query has no words; enter what to look for.")
    _check_limit(request.limit)
    check_filters(request.filters)
    vectors: dict[str, Vector] = {}
    listed = moments = hint = None
    while listed is None or moments is None:  # a switch of models may come between
        with transaction(engine) as connection:
            models = _models_to_query(stored_models(connection), embedders)
        for one in models:
            if one.model not in vectors:
                vectors[one.model] = embedders[one.model](parsed.plain)
        with transaction(engine.execution_options(isolation_level="REPEATABLE READ")) as connection:
            models = _models_to_query(stored_models(connection), embedders)
            if vectors.keys() >= {one.model for one in models}:
                listed, hint = _listed(connection, request, parsed, (models, vectors))
                moments = moments_of(connection, listed, listed.moments[: request.limit])
    more = len(listed.moments) > request.limit
    cursor = cursor_of(save(engine, listed), request.limit) if more else None
    return SearchAnswer(tuple(moments), len(listed.moments), cursor, hint)


def search_on(engine: Engine, cursor: str, limit: int = 10) -> SearchAnswer:
    """Return the next page of a search: ``cursor`` comes with the page before.

    All pages of a search show one list, ranked when its first page was made and stored for an hour.
    No moment comes twice and none is skipped, whatever is added meanwhile; a moment that was
    deleted, or whose words are others by now, is left out, so a page may hold fewer than ``limit``.

    Raises ``InputError`` for an invalid cursor or limit, and ``SearchExpiredError``.
    """
    _check_limit(limit)
    page_id, offset = read_cursor(cursor)
    listed = load(engine, page_id)
    with transaction(engine) as connection:
        moments = moments_of(connection, listed, listed.moments[offset : offset + limit])
    following = offset + limit
    more = following < len(listed.moments)
    return SearchAnswer(
        tuple(moments), len(listed.moments), cursor_of(page_id, following) if more else None
    )


def _check_limit(limit: int) -> None:
    if not 1 <= limit <= LIMIT:
        raise InputError(f"The limit {limit} is out of range: use 1 to {LIMIT}.")


def _models_to_query(
    models: Sequence[EmbeddingModel], able: Mapping[str, Embed]
) -> list[EmbeddingModel]:
    """Return the live model and those that fill its gaps; without it, all that can be queried."""
    live = next((one for one in models if one.live), None)
    if live is not None and live.model in able:
        return [live, *(one for one in models if one.fills and one.model in able)]
    return [one for one in models if one.model in able]


def _listed(
    connection: Connection,
    request: SearchRequest,
    parsed: ParsedQuery,
    embedded: tuple[Sequence[EmbeddingModel], Mapping[str, Vector]],
) -> tuple[RankedList, str | None]:
    """Return what is found, and the query as it may have been meant."""
    query = to_text_query(connection, parsed, configurations_in_use(connection))
    scope = scope_of(connection, request.filters)
    depth = max(_SHORTEST_LIST, 2 * request.limit)
    found = RankedLists(connection, request.kinds, scope, query, depth)
    found.add_words(parsed)
    if query.phrases or not parsed.is_phrase:
        found.add_meanings(*embedded)
    moments = _moments(connection, found.fusion.best(_MOST_ROWS))
    return RankedList(request.query, found.wide, moments), found.did_you_mean


def _moments(
    connection: Connection, rows: Sequence[tuple[str, FusedRow]]
) -> tuple[ListedMoment, ...]:
    locations = locations_of(connection, {row_id: found.kind for row_id, found in rows})
    found_by_id = dict(rows)
    hits = [
        Hit(
            id=row_id,
            video_id=locations[row_id].video_id,
            t_start=locations[row_id].t_start,
            t_end=locations[row_id].t_end,
            score=found.score,
            terms=tuple((_list_name(one), 1 / (K + one.rank)) for one in found.rank_sources),
        )
        for row_id, found in rows
    ]
    return tuple(
        ListedMoment(
            group.t_start,
            group.t_end,
            group.score,
            tuple(
                ListedHit(
                    hit.id,
                    found_by_id[hit.id].kind,
                    locations[hit.id].text_digest,
                    tuple(found_by_id[hit.id].rank_sources),
                )
                for hit in group.hits
            ),
        )
        for group in merge(hits)[:LIMIT]
    )


def _list_name(rank_source: RankSource) -> str:
    return f"{rank_source.reason} {rank_source.kind} {rank_source.model}"

"""Search of the library: the first page and the next, by words and by meaning."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine

from reelworks.domain.library.search import Moment, SearchAnswer, SearchHit, SearchRequest
from reelworks.errors import ModelUnavailableError, ProviderError
from reelworks.pipeline.embedders import QueryEmbedders
from reelworks.settings import Settings
from reelworks.store.search.search import Embed, search, search_on


@dataclass(frozen=True, slots=True)
class NextPage:
    """A further page of a search; ``cursor`` comes with the page before."""

    cursor: str
    limit: int = 10
    """The most moments on the page, 1 to 200."""


def find(
    engine: Engine,
    settings: Settings,
    request: SearchRequest | NextPage,
    embedders: Mapping[str, Embed] | None = None,
) -> tuple[SearchAnswer, str | None]:
    """Return a page of a search, and a sentence for the user when it used the words only.

    A caller that searches often passes ``embedders`` (one ``QueryEmbedders`` for all requests), so
    that connections to hosted models stay open. Raises the errors of ``search`` and ``search_on``
    in ``reelworks.store.search.search``, except those of a model that does not answer: then the
    words alone decide.
    """
    if isinstance(request, NextPage):
        return search_on(engine, request.cursor, request.limit), None
    available = QueryEmbedders(settings) if embedders is None else embedders
    try:
        return search(engine, request, available), None
    except (ProviderError, ModelUnavailableError) as error:
        note = f"Searched by words only, since the query could not be embedded: {error}"
        return search(engine, request, {}), note


def moment_json(moment: Moment) -> dict[str, Any]:
    """Return a moment as a JSON object."""
    return {
        "video_id": moment.video_id,
        "title": moment.title,
        "library": moment.library,
        "source": moment.source,
        "duration": moment.duration,
        "t_start": moment.t_start,
        "t_end": moment.t_end,
        "score": moment.score,
        "kind": moment.best.kind,
        "kinds": moment.kinds,
        "excerpt": moment.best.excerpt,
        "reasons": moment.reasons,
        "frame_id": moment.frame_id,
        "frame_key": moment.frame_path,
        "model": moment.best.model,
        "hits": [_hit_json(hit) for hit in moment.hits],
    }


def _hit_json(hit: SearchHit) -> dict[str, Any]:
    return {
        "id": hit.id,
        "kind": hit.kind,
        "t_start": hit.t_start,
        "t_end": hit.t_end,
        "excerpt": hit.excerpt,
        "reasons": hit.reasons,
        "score": hit.score,
        "frame_id": hit.frame_id,
        "frame_key": hit.frame_path,
        "speaker": hit.speaker,
        "model": hit.model,
    }

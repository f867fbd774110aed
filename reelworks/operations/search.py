"""What the command line and the API share of search."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Engine

from reelworks.domain.library.search import Moment, SearchAnswer, SearchHit, SearchRequest
from reelworks.errors import ModelUnavailableError, ProviderError
from reelworks.pipeline.embedders import QueryEmbedders
from reelworks.settings import Settings
from reelworks.store.search.search import Embed, search


def find(
    engine: Engine,
    settings: Settings,
    request: SearchRequest,
    embedders: Mapping[str, Embed] | None = None,
) -> tuple[SearchAnswer, str | None]:
    """Return the first page, and a sentence for the user when meaning had to be left out.

    Who searches often gives ``embedders`` (one ``QueryEmbedders`` for all requests), so that
    connections to hosted models stay open. Raises the errors of ``reelworks.store.search.search``,
    but for a model that does not answer: then the words alone decide.
    """
    able = QueryEmbedders(settings) if embedders is None else embedders
    try:
        return search(engine, request, able), None
    except (ProviderError, ModelUnavailableError) as error:
        note = f"Searched by words only, since the query could not be embedded: {error}"
        return search(engine, request, {}), note


def moment_json(moment: Moment) -> dict[str, Any]:
    """Return a moment as the JSON object that command line and API give."""
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

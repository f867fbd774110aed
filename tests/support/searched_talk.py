"""A talk with lines, frames and vectors that searches are tried on."""

from __future__ import annotations

import math
from collections.abc import Mapping

from sqlalchemy import Engine

from reelworks.domain.library.search import Filters, SearchHit, SearchRequest
from reelworks.domain.video.vision import Box
from reelworks.store.search.search import Embed, search

BOX = Box(0, 0, 1, 1)
SMALL, LARGE = "local/small@1", "hosted/large"
LINES = (
    "We choose to go to the moon in this decade.",
    "The engineers were running the tests all night.",
    "It was the best of times, it was the worst of times.",
    "Thank you for watching.",
)
SCREEN = ("Account Settings\nSave changes", "Shopping cart\nCheckout", "Release notes 4.2")
CAPTIONS = ("A person fills in a form.", None, "A sailing boat on the sea.")


def unit(size: int, *axes: int) -> list[float]:
    """A unit vector along some axes."""
    return [1 / math.sqrt(len(axes)) if axis in axes else 0.0 for axis in range(size)]


def toward(size: int, *axes: int) -> Embed:
    return lambda _: unit(size, *axes)


def find(
    engine: Engine,
    query: str,
    embedders: Mapping[str, Embed] | None = None,
    video_id: str | None = None,
    **more: object,
) -> list[SearchHit]:
    """All hits of the first page, moment by moment."""
    filters = Filters(video_ids=() if video_id is None else (video_id,))
    request = SearchRequest(query, filters=filters, **more)  # type: ignore[arg-type]
    return [hit for one in search(engine, request, embedders or {}).moments for hit in one.hits]


def marked(hit: SearchHit) -> list[str]:
    return [hit.excerpt.text[span.start : span.end] for span in hit.excerpt.matches]

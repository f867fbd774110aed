"""Result pages: the ranked moments of a search, stored for an hour for its further pages."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Engine, text

from reelworks.domain.library.search import Kind, RankSource, Reason
from reelworks.errors import InputError, SearchExpiredError
from reelworks.store.db.database import transaction

LIFETIME = "1 hour"
"""How long further pages can be asked for."""
_CURSOR = re.compile(r"([A-Za-z0-9_-]{16})\.(\d{1,3})")


@dataclass(frozen=True, slots=True)
class ListedHit:
    """A row that was found."""

    id: str
    kind: Kind
    text_digest: int
    """Digest of its text: what is there later under the same id may be another line."""
    rank_sources: tuple[RankSource, ...]
    """Best first."""


@dataclass(frozen=True, slots=True)
class ListedMoment:
    """A moment that was found, with its hits, best first."""

    t_start: float
    t_end: float
    score: float
    hits: tuple[ListedHit, ...]


@dataclass(frozen=True, slots=True)
class RankedList:
    """All that one search found, best first."""

    query: str
    wide: str
    """The tsquery that highlights the words: ``TextQuery.wide``."""
    moments: tuple[ListedMoment, ...]


def save(engine: Engine, listed: RankedList) -> str:
    """Store a list for an hour and return its id; also deletes some expired lists."""
    page_id = secrets.token_urlsafe(12)
    with transaction(engine) as connection:
        connection.execute(
            text(
                "WITH old AS (DELETE FROM search_pages WHERE id IN (SELECT id FROM search_pages"
                " WHERE expires_at < now() LIMIT 100 FOR UPDATE SKIP LOCKED))"
                " INSERT INTO search_pages (id, content, expires_at)"
                " VALUES (:id, :content, now() + CAST(:lifetime AS interval))"
            ),
            {"id": page_id, "content": _to_json(listed), "lifetime": LIFETIME},
        )
    return page_id


def load(engine: Engine, page_id: str) -> RankedList:
    """Return a stored list. Raises ``SearchExpiredError``."""
    with transaction(engine) as connection:
        content = connection.scalar(
            text("SELECT content FROM search_pages WHERE id = :id AND expires_at > now()"),
            {"id": page_id},
        )
    if content is None:
        raise SearchExpiredError("The further pages of this search have expired; search again.")
    return _from_json(content)


def cursor_of(page_id: str, offset: int) -> str:
    """Return the cursor of the moments of a list from ``offset`` on."""
    return f"{page_id}.{offset}"


def read_cursor(cursor: str) -> tuple[str, int]:
    """Reverse ``cursor_of``. Raises ``InputError`` for an invalid cursor."""
    found = _CURSOR.fullmatch(cursor)
    if found is None:
        raise InputError("Invalid cursor. Start again from the first page.")
    return found[1], int(found[2])


def _to_json(listed: RankedList) -> str:
    models: dict[str | None, int] = {}

    def rank_source(one: RankSource) -> list[object]:
        model = models.setdefault(one.model, len(models))
        near = None if one.similarity is None else round(one.similarity, 6)
        return [one.reason, one.kind, one.rank, model, near]

    moments = [
        [
            one.t_start,
            one.t_end,
            one.score,
            [
                [hit.id, hit.kind, hit.text_digest, [rank_source(p) for p in hit.rank_sources]]
                for hit in one.hits
            ],
        ]
        for one in listed.moments
    ]
    content = {"query": listed.query, "wide": listed.wide, "models": [*models], "moments": moments}
    return json.dumps(content, separators=(",", ":"), ensure_ascii=False)


def _from_json(content: str) -> RankedList:
    found = json.loads(content)
    models: Sequence[str | None] = found["models"]

    def rank_source(
        reason: str, kind: str, rank: int, model: int, near: float | None
    ) -> RankSource:
        return RankSource(Reason(reason), Kind(kind), rank, models[model], near)

    moments = tuple(
        ListedMoment(
            start,
            end,
            score,
            tuple(
                ListedHit(
                    row_id,
                    Kind(kind),
                    text_digest,
                    tuple(rank_source(*one) for one in rank_sources),
                )
                for row_id, kind, text_digest, rank_sources in hits
            ),
        )
        for start, end, score, hits in found["moments"]
    )
    return RankedList(found["query"], found["wide"], moments)


def survivors(
    moments: Sequence[ListedMoment], text_digests: Mapping[str, int]
) -> list[tuple[ListedMoment, tuple[ListedHit, ...]]]:
    """Return the moments that are still there, each with those of its hits that are unchanged."""
    left = [
        (one, tuple(hit for hit in one.hits if text_digests.get(hit.id) == hit.text_digest))
        for one in moments
    ]
    return [(one, hits) for one, hits in left if hits]

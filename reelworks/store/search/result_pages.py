"""The ranked moments of a search, kept so that its further pages show the same list."""

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

KEPT_FOR = "1 hour"
"""How long further pages can be asked for."""
_CURSOR = re.compile(r"([A-Za-z0-9_-]{16})\.(\d{1,3})")


@dataclass(frozen=True, slots=True)
class ListedHit:
    """A row that was found."""

    id: str
    kind: Kind
    mark: int
    """Digest of its text: what is there later under the same id may be another line."""
    placings: tuple[RankSource, ...]
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
    """What marks the words: ``TextQuery.wide``."""
    moments: tuple[ListedMoment, ...]


def save(engine: Engine, listed: RankedList) -> str:
    """Keep a list for an hour and return its id. Lists that expired are removed on the way."""
    page_id = secrets.token_urlsafe(12)
    with transaction(engine) as connection:
        connection.execute(
            text(
                "WITH old AS (DELETE FROM search_pages WHERE id IN (SELECT id FROM search_pages"
                " WHERE expires_at < now() LIMIT 100 FOR UPDATE SKIP LOCKED))"
                " INSERT INTO search_pages (id, content, expires_at)"
                " VALUES (:id, :content, now() + CAST(:kept_for AS interval))"
            ),
            {"id": page_id, "content": _to_json(listed), "kept_for": KEPT_FOR},
        )
    return page_id


def load(engine: Engine, page_id: str) -> RankedList:
    """Return a list that was kept. Raises ``SearchExpiredError``."""
    with transaction(engine) as connection:
        content = connection.scalar(
            text("SELECT content FROM search_pages WHERE id = :id AND expires_at > now()"),
            {"id": page_id},
        )
    if content is None:
        raise SearchExpiredError("The further pages of this search are gone; search again.")
    return _from_json(content)


def cursor_of(page_id: str, offset: int) -> str:
    """Return what asks for the moments of a list from ``offset`` on."""
    return f"{page_id}.{offset}"


def read_cursor(cursor: str) -> tuple[str, int]:
    """Reverse ``cursor_of``. Raises ``InputError`` for what is no cursor."""
    found = _CURSOR.fullmatch(cursor)
    if found is None:
        raise InputError("The cursor is none of ours; search without one for the first page.")
    return found[1], int(found[2])


def _to_json(listed: RankedList) -> str:
    models: dict[str | None, int] = {}

    def placing(one: RankSource) -> list[object]:
        model = models.setdefault(one.model, len(models))
        near = None if one.similarity is None else round(one.similarity, 6)
        return [one.reason, one.kind, one.rank, model, near]

    moments = [
        [
            one.t_start,
            one.t_end,
            one.score,
            [[hit.id, hit.kind, hit.mark, [placing(p) for p in hit.placings]] for hit in one.hits],
        ]
        for one in listed.moments
    ]
    content = {"query": listed.query, "wide": listed.wide, "models": [*models], "moments": moments}
    return json.dumps(content, separators=(",", ":"), ensure_ascii=False)


def _from_json(content: str) -> RankedList:
    found = json.loads(content)
    models: Sequence[str | None] = found["models"]

    def placing(reason: str, kind: str, rank: int, model: int, near: float | None) -> RankSource:
        return RankSource(Reason(reason), Kind(kind), rank, models[model], near)

    moments = tuple(
        ListedMoment(
            start,
            end,
            score,
            tuple(
                ListedHit(row_id, Kind(kind), mark, tuple(placing(*one) for one in placings))
                for row_id, kind, mark, placings in hits
            ),
        )
        for start, end, score, hits in found["moments"]
    )
    return RankedList(found["query"], found["wide"], moments)


def survivors(
    moments: Sequence[ListedMoment], marks: Mapping[str, int]
) -> list[tuple[ListedMoment, tuple[ListedHit, ...]]]:
    """Return the moments that are still there, each with those of its hits that are unchanged."""
    left = [
        (one, tuple(hit for hit in one.hits if marks.get(hit.id) == hit.mark)) for one in moments
    ]
    return [(one, hits) for one, hits in left if hits]

"""Similar frames, by the Hamming distance of their perceptual hashes."""

from __future__ import annotations

from sqlalchemy import Connection, Engine, text

from reelworks.domain.library.search import Filters, SimilarFrame
from reelworks.errors import InputError, UnknownFrameError
from reelworks.store.db.database import transaction
from reelworks.store.search.search_filters import check_filters, scope_of

LIMIT = 200
FARTHEST = 64
ALIKE = 12
"""Bits of 64 that two hashes of similar frames differ by at most, by default. Hashes of
unrelated frames differ by 32 on average; by 12 or less once in four million pairs."""


def similar_frames(
    engine: Engine,
    frame_id: str,
    filters: Filters | None = None,
    *,
    limit: int = 10,
    farthest: int = ALIKE,
) -> list[SimilarFrame]:
    """Return the frames whose 64-bit perceptual hash differs least from that of ``frame_id``.

    The nearest come first, the frame itself is left out. ``farthest`` is the most bits that may
    differ. ``filters`` say which frames count. Raises ``UnknownFrameError``, and ``InputError``
    for a wrong limit, distance or filter.
    """
    if not 1 <= limit <= LIMIT:
        raise InputError(f"The limit {limit} is out of range: use 1 to {LIMIT}.")
    if not 0 <= farthest <= FARTHEST:
        raise InputError(f"The distance {farthest} is out of range: use 0 to {FARTHEST} bits.")
    wanted = filters or Filters()
    check_filters(wanted)
    with transaction(engine) as connection:
        own = connection.scalar(
            text("SELECT phash_bits::text FROM frames WHERE id = :id"), {"id": frame_id}
        )
        if own is None:
            raise UnknownFrameError(f"No frame has the id {frame_id}.")
        return _nearest(connection, frame_id, own, wanted, (limit, farthest))


def _nearest(
    connection: Connection, frame_id: str, own: str, filters: Filters, bounds: tuple[int, int]
) -> list[SimilarFrame]:
    limit, farthest = bounds
    scope = scope_of(connection, filters)
    if scope.frames is None:  # a speaker is asked for: frames do not speak
        return []
    condition = scope.frames.condition
    if filters.text_on_screen is not None:
        condition = _of_caption(condition)
    connection.execute(
        text(
            "SELECT set_config('hnsw.ef_search', :width, true),"
            " set_config('hnsw.iterative_scan', 'strict_order', true)"
        ),
        {"width": str(min(1000, max(200, 2 * limit)))},
    )
    materialized = "MATERIALIZED" if scope.frames.narrow else "NOT MATERIALIZED"
    found = connection.execute(
        text(_NEAREST.format(condition=condition, materialized=materialized)),
        {**scope.frames.values, "own": own, "id": frame_id, "limit": limit, "farthest": farthest},
    )
    return [
        SimilarFrame(
            frame_id=row.id,
            video_id=row.video_id,
            title=row.title,
            t=row.taken,
            t_start=row.t_start,
            t_end=row.t_end,
            frame_path=row.path,
            distance=int(row.distance),
        )
        for row in found
    ]


def _of_caption(condition: str) -> str:
    """Turn a condition on captions into one on frames; a repeated frame shows the first's text."""
    return (
        "EXISTS (SELECT FROM frame_captions c WHERE c.frame_id = coalesce(r.duplicate_of, r.id)"
        f" AND {condition.replace('r.screen_text', 'c.screen_text')})"
    )


_NEAREST = """
WITH counted AS {materialized} (SELECT r.* FROM frames r WHERE {condition}),
near AS (
    SELECT r.id, r.phash_bits <~> CAST(:own AS bit(64)) AS distance FROM counted r
    WHERE r.id <> :id ORDER BY r.phash_bits <~> CAST(:own AS bit(64)) LIMIT :limit
)
SELECT f.id, f.video_id, coalesce(v.title, v.id) AS title, f.t AS taken, s.t_start, s.t_end, f.path,
       near.distance
FROM near JOIN frames f ON f.id = near.id JOIN scenes s ON s.id = f.scene_id
JOIN videos v ON v.id = f.video_id
WHERE near.distance <= :farthest ORDER BY near.distance, f.id
"""

"""Publishing of vectors: into the rows of the texts that they were made of, or into a side table.

As with ``store.library.publish``, calling again with the same vectors changes nothing, and the
same errors are raised.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Engine, Table, text

from reelworks.domain.ids import caption_id, segment_id
from reelworks.store.db.database import transaction
from reelworks.store.db.schema import CaptionRow, SegmentRow
from reelworks.store.db.schema.search import SIDE_TABLES
from reelworks.store.db.table_ops import table_of, video_locked
from reelworks.store.search.embedding_models import note_gaps, register_model
from reelworks.store.search.vector_tables import ensure_vector_index, vector_text

_BATCH = 500
"""Vectors in one statement."""


def publish_segment_vectors(
    engine: Engine, video_id: str, vectors: Sequence[Sequence[float] | None], model: str
) -> None:
    """Give each segment its vector, in order; None takes a vector away."""
    by_id = {segment_id(video_id, index): vector for index, vector in enumerate(vectors)}
    _publish_vectors(engine, table_of(SegmentRow), video_id, by_id, model)


def publish_caption_vectors(
    engine: Engine, video_id: str, vectors: Mapping[int, Sequence[float] | None], model: str
) -> None:
    """Give each caption its vector, by the frame's index; None takes a vector away."""
    by_id = {caption_id(video_id, index): vector for index, vector in vectors.items()}
    _publish_vectors(engine, table_of(CaptionRow), video_id, by_id, model)


def _publish_vectors(
    engine: Engine,
    table: Table,
    video_id: str,
    by_id: Mapping[str, Sequence[float] | None],
    model: str,
) -> None:
    rows = [(row, None if one is None else vector_text(one)) for row, one in by_id.items()]
    with transaction(engine) as connection:
        location = register_model(connection, model)
    for size in {len(vector) for vector in by_id.values() if vector is not None}:
        ensure_vector_index(engine, model, size, location)
    with video_locked(engine, video_id) as connection:
        location = register_model(connection, model)
        statements = _IN_ROWS if location == "rows" else _IN_SIDE_TABLE
        names = {"rows": table.name, "side_table": SIDE_TABLES[table.name]}
        for start in range(0, len(rows), _BATCH):
            ids, vectors = zip(*rows[start : start + _BATCH], strict=True)
            values = {"ids": list(ids), "vectors": list(vectors)}
            for statement in statements:
                connection.execute(
                    text(statement.format(**names)),
                    {**values, "model": model, "video_id": video_id},
                )
    # In a transaction of its own: publishers of one model share a lock on its row, and two that
    # then changed the row would wait for each other. A publisher that dies before is retried.
    with transaction(engine) as connection:
        note_gaps(connection, video_id, model, table.name)


_IN_ROWS = (
    """
UPDATE {rows} AS old SET embedding = new.vector, embedding_model = new.maker FROM (
    SELECT id, CAST(vector AS vector) AS vector,
           CASE WHEN vector IS NULL THEN NULL ELSE CAST(:model AS text) END AS maker
    FROM unnest(CAST(:ids AS text[]), CAST(:vectors AS text[])) AS given (id, vector)
) AS new WHERE old.id = new.id AND old.video_id = :video_id AND
    (old.embedding IS DISTINCT FROM new.vector OR old.embedding_model IS DISTINCT FROM new.maker)
""",
)

_IN_SIDE_TABLE = (
    """
DELETE FROM {side_table} WHERE model = :model AND row_id IN (
    SELECT id FROM unnest(CAST(:ids AS text[]), CAST(:vectors AS text[])) AS given (id, vector)
    WHERE vector IS NULL
)
""",
    """
INSERT INTO {side_table} (model, row_id, embedding)
SELECT :model, r.id, CAST(given.vector AS vector)
FROM {rows} r
JOIN unnest(CAST(:ids AS text[]), CAST(:vectors AS text[])) AS given (id, vector)
    ON given.id = r.id AND given.vector IS NOT NULL
WHERE r.video_id = :video_id
ON CONFLICT (model, row_id) DO UPDATE SET embedding = excluded.embedding
WHERE {side_table}.embedding IS DISTINCT FROM excluded.embedding
""",
)

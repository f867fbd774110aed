"""Vectors of rows: in them, or in a side table, until the words change."""

from __future__ import annotations

import itertools

from sqlalchemy import Engine, text

from reelworks.domain.video.transcript import Segment, Transcript
from reelworks.domain.video.vision import VisionResult
from reelworks.store.library.publish import publish_transcript
from reelworks.store.library.video_reads import count_all
from reelworks.store.search.publish_vectors import publish_segment_vectors
from tests.support.published import EMBEDDED, TALK, publish_all, vectors

names = (f"vectors-{number}" for number in itertools.count())


def test_a_vector_can_be_replaced_and_taken_away(engine: Engine) -> None:
    video_id = next(names)
    publish_all(engine, video_id, TALK, VisionResult())
    publish_segment_vectors(engine, video_id, [[1.0] * 5, None, [0.5] * 5], EMBEDDED)
    assert vectors(engine, video_id) == ["[1,1,1,1,1]", None, "[0.5,0.5,0.5,0.5,0.5]"]


def test_vectors_of_another_model_lie_beside_the_rows_until_the_words_change(
    engine: Engine,
) -> None:
    video_id = next(names)
    publish_all(engine, video_id, TALK, VisionResult())
    before = vectors(engine, video_id)

    def beside() -> list[str]:
        query = (
            "SELECT row_id || ' ' || embedding::text FROM segment_vectors"
            " WHERE model = 'hosted/five' ORDER BY row_id"
        )
        with engine.connect() as connection:
            return [one.partition("_segment_")[2] for one in connection.scalars(text(query))]

    publish_segment_vectors(engine, video_id, [[1.0] * 2, None, [0.5] * 2], "hosted/five")
    assert (vectors(engine, video_id), beside()) == (before, ["000 [1,1]", "002 [0.5,0.5]"])
    publish_segment_vectors(engine, video_id, [[3.0] * 2, [2.0] * 2, None], "hosted/five")
    assert beside() == ["000 [3,3]", "001 [2,2]"]
    moved = (Segment(0, 1.5, "one"), Segment(1.5, 2, "other"), Segment(2, 3, "three"))
    publish_transcript(engine, video_id, Transcript("de", moved), model="local/other@2")
    assert beside() == ["000 [3,3]"]
    assert count_all(engine).embeddings["hosted/five"] == 1

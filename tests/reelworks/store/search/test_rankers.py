"""Ranked lists: by words, by meaning with and without the index, by several models."""

from __future__ import annotations

import hashlib
import math
import random

import pytest
from sqlalchemy import Engine, event, text

from reelworks.domain.library.library import VideoStatus
from reelworks.domain.library.search import Kind, Reason
from reelworks.domain.video.transcript import Segment, Transcript
from reelworks.store.library.publish import publish_transcript
from reelworks.store.library.video_status import claim_video, set_status
from reelworks.store.search.publish_vectors import publish_segment_vectors
from reelworks.store.search.search import Embed
from reelworks.store.search.vector_tables import index_name
from tests.support.searched_talk import LARGE, LINES, SMALL, find, toward, unit

pytestmark = pytest.mark.usefixtures("talk")
MANY = 1200


def test_meaning_finds_what_no_word_does(engine: Engine) -> None:
    (hit,) = find(engine, "lunar", {SMALL: toward(384, 0)}, kinds=frozenset({Kind.SPEECH}))
    assert hit.excerpt.text == LINES[0]
    assert [(one.reason, one.rank, one.model) for one in hit.reasons] == [
        (Reason.MEANING, 1, SMALL)
    ]
    assert hit.reasons[0].similarity == pytest.approx(1.0)


def test_words_and_meaning_together_beat_either(engine: Engine) -> None:
    first, second, *_ = find(engine, "times", {SMALL: toward(384, 2, 0)})
    assert first.excerpt.text == LINES[2]
    assert {one.reason for one in first.reasons} == {Reason.WORDS, Reason.MEANING}
    assert first.score == pytest.approx(sum(1 / (60 + one.rank) for one in first.reasons))
    assert first.score > second.score


def test_what_is_far_from_everything_is_not_shown(engine: Engine) -> None:
    assert find(engine, "blorf", {SMALL: toward(384, 100)}) == []
    weak = [0.25, *[0.0] * 300, math.sqrt(1 - 0.25**2), *[0.0] * 82]
    assert find(engine, "blorf", {SMALL: lambda _: weak}) == []


def test_a_frame_without_caption_counts_as_text(engine: Engine) -> None:
    meaning = {SMALL: toward(384, 10, 11)}
    kinds = {
        kind: [hit.frame_id for hit in find(engine, "blorf", meaning, kinds=frozenset({kind}))]
        for kind in Kind
    }
    assert kinds == {
        Kind.SPEECH: [],
        Kind.PICTURE: ["talk_frame_000"],
        Kind.TEXT: ["talk_frame_001"],
        Kind.TITLE: [],
    }


def test_vectors_of_two_sizes_are_searched_side_by_side(engine: Engine) -> None:
    claim_video(engine, "other", original_path="https://example.org/Other%20one.mp4?key=1")
    publish_transcript(engine, "other", Transcript("de", (Segment(0, 2, "Guten Tag"),)), "x/y")
    publish_segment_vectors(engine, "other", [unit(1536, 7)], LARGE)
    set_status(engine, "other", VideoStatus.READY)
    both: dict[str, Embed] = {SMALL: toward(384, 0), LARGE: toward(1536, 7)}
    assert {hit.video_id for hit in find(engine, "blorf", both)} == {"talk", "other"}
    assert [hit.video_id for hit in find(engine, "blorf", both, video_id="other")] == ["other"]
    assert [hit.video_id for hit in find(engine, "tage")] == ["other"]
    assert find(engine, "tage")[0].frame_id is None


@pytest.fixture(scope="module")
def crowd(engine: Engine, talk: str) -> str:
    """A thousand and more generated lines with 384 numbers each."""
    dice = random.Random(7)
    claim_video(engine, "crowd", original_path="/crowd.mp4")
    lines = tuple(Segment(float(n), n + 1.0, f"crowd line {n}") for n in range(MANY))
    publish_transcript(engine, "crowd", Transcript("en", lines), "x/y")

    def direction() -> list[float]:
        raw = [dice.gauss(0, 1) for _ in range(384)]
        length = math.hypot(*raw)
        return [one / length for one in raw]

    publish_segment_vectors(engine, "crowd", [direction() for _ in range(MANY)], SMALL)
    set_status(engine, "crowd", VideoStatus.READY)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE transcript_segments"))
    return "crowd"


def test_meaning_uses_the_index_and_misses_nothing(engine: Engine, crowd: str) -> None:
    """auto_explain would need a superuser: the statements are explained as they are sent."""
    seen: list[tuple[str, object]] = []

    def note(
        connection: object, cursor: object, statement: str, values: object, *_: object
    ) -> None:
        seen.append((statement, values))

    with engine.connect() as connection:
        stored = connection.scalar(
            text("SELECT embedding::text FROM transcript_segments WHERE id = 'crowd_segment_123'")
        )
    vector = [float(one) for one in str(stored).strip("[]").split(",")]
    event.listen(engine, "before_cursor_execute", note)
    hits = find(engine, "blorf", {SMALL: lambda _: vector}, kinds=frozenset({Kind.SPEECH}))
    event.remove(engine, "before_cursor_execute", note)
    assert hits[0].excerpt.text == "crowd line 123"
    statement, values = next(pair for pair in seen if "<=>" in pair[0])
    with engine.connect() as connection:
        plan = "\n".join(
            row[0] for row in connection.exec_driver_sql(f"EXPLAIN {statement}", values)
        )
    assert index_name("transcript_segments", SMALL, 384) in plan, plan


def test_a_filter_on_one_video_still_fills_the_list(engine: Engine, crowd: str) -> None:
    hits = find(engine, "blorf", {SMALL: toward(384, 3)}, video_id="talk")
    assert [hit.excerpt.text for hit in hits] == [LINES[3]]


def test_the_index_recalls_what_comparing_all_finds(engine: Engine, crowd: str) -> None:
    dice = random.Random(hashlib.sha256(b"recall").digest())
    found = wanted = 0
    for _ in range(10):
        vector = "[" + ",".join(str(dice.gauss(0, 1)) for _ in range(384)) + "]"
        order = f"(embedding::vector(384)) <=> '{vector}'::vector(384) LIMIT 10"
        query = (
            f"SELECT id FROM transcript_segments WHERE embedding_model = '{SMALL}'"
            f" AND vector_dims(embedding) = 384 ORDER BY {order}"
        )
        with engine.begin() as connection:
            connection.execute(text("SET LOCAL hnsw.ef_search = 100"))
            near = set(connection.exec_driver_sql(query).scalars())
            connection.execute(text("SET LOCAL enable_indexscan = off"))
            exact = set(connection.exec_driver_sql(query).scalars())
        found += len(near & exact)
        wanted += len(exact)
    # Random directions are the hardest case for a graph: real texts lie in clusters.
    assert found / wanted >= 0.6

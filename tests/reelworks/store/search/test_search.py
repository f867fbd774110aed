"""Search finds what was said, shown and written, says why, and stays silent otherwise."""

from __future__ import annotations

import hashlib
import math
import random
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from sqlalchemy import Engine, event, text

from reelworks.domain.library.library import VideoStatus
from reelworks.domain.library.search import Filters, Kind, Reason, SearchHit, SearchRequest
from reelworks.domain.video.scene import Frame, Scene
from reelworks.domain.video.transcript import Segment, Transcript
from reelworks.domain.video.vision import Box, Described, FrameDescription, ScreenText, VisionResult
from reelworks.errors import InputError, UnknownVideoError
from reelworks.store.library.publish import (
    publish_captions,
    publish_frames,
    publish_scenes,
    publish_transcript,
)
from reelworks.store.library.video_status import claim_video, set_status
from reelworks.store.search.publish_vectors import publish_caption_vectors, publish_segment_vectors
from reelworks.store.search.search import Embed, search
from reelworks.store.search.vector_tables import index_name

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


@pytest.fixture(scope="module", autouse=True)
def talk(engine: Engine) -> str:
    """A video whose n-th line and n-th frame have vectors along axis n and 10 + n."""
    video_id = "talk"
    claim_video(engine, video_id, original_path="/videos/Moon talk.mp4")
    scenes = [Scene(n, n * 10.0, n * 10.0 + 10) for n in range(3)]
    frames = [Frame(n, n, n * 10.0 + 5, "0" * 16, "0" * 64, 640, 360, 1.0) for n in range(3)]
    publish_scenes(engine, video_id, scenes)
    publish_frames(
        engine, video_id, frames, {n: f"frames/talk/scene_{n:03d}.jpg" for n in range(3)}
    )
    spoken = tuple(Segment(n * 8.0, n * 8.0 + 4, line) for n, line in enumerate(LINES))
    publish_transcript(engine, video_id, Transcript("en", spoken), model="local/whisper@1")
    shown = (
        FrameDescription(caption, text=tuple(ScreenText(line, BOX) for line in screen.splitlines()))
        for caption, screen in zip(CAPTIONS, SCREEN, strict=True)
    )
    vision = VisionResult(tuple(Described(n, one) for n, one in enumerate(shown)))
    publish_captions(engine, video_id, vision, model="local/rapidocr@3")
    publish_segment_vectors(engine, video_id, [unit(384, n) for n in range(len(LINES))], SMALL)
    publish_caption_vectors(engine, video_id, {n: unit(384, 10 + n) for n in range(3)}, SMALL)
    set_status(engine, video_id, VideoStatus.READY)
    return video_id


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


@pytest.mark.parametrize(
    ("query", "kind", "t_start", "marks"),
    [
        ("moon", Kind.SPEECH, 0.0, ["moon"]),
        ("run test", Kind.SPEECH, 8.0, ["running", "tests"]),
        ('"worst of times"', Kind.SPEECH, 16.0, ["times", "worst", "times"]),
        ("the best", Kind.SPEECH, 16.0, ["best"]),
        ("engin", Kind.SPEECH, 8.0, ["engineers"]),
        ("save chang", Kind.TEXT, 0.0, ["Save", "changes"]),
        ("checkout", Kind.TEXT, 10.0, ["Checkout"]),
        ("chekout", Kind.TEXT, 10.0, ["Checkout"]),
        ("acount setings", Kind.TEXT, 0.0, ["Account", "Settings"]),
        ("sailing boats", Kind.PICTURE, 20.0, ["sailing", "boat"]),
    ],
)
def test_words_lead_to_their_moment(
    engine: Engine, query: str, kind: Kind, t_start: float, marks: list[str]
) -> None:
    (hit, *_) = find(engine, query)
    assert (hit.kind, hit.t_start) == (kind, t_start)
    assert [mark for mark in marked(hit) if mark in marks] == marks
    assert hit.title == "Moon talk"


def test_a_hit_names_its_frame_and_its_maker(engine: Engine) -> None:
    (spoken, *_) = find(engine, "engineers")
    assert (spoken.frame_id, spoken.model) == ("talk_frame_000", "local/whisper@1")
    (last, *_) = find(engine, "thank")
    assert last.frame_path == "frames/talk/scene_002.jpg"
    (written,) = find(engine, "checkout", kinds=frozenset({Kind.TEXT}))
    assert (written.frame_id, written.model) == ("talk_frame_001", "local/rapidocr@3")


@pytest.mark.parametrize("query", ["xyzzy", "-moon", '"moon decade"', "moon -decade", "times -was"])
def test_what_is_not_there_is_not_found(engine: Engine, query: str) -> None:
    if query == "-moon":
        with pytest.raises(InputError):
            find(engine, query)
    else:
        assert find(engine, query) == []


def test_or_finds_either(engine: Engine) -> None:
    assert {hit.t_start for hit in find(engine, "moon or engineers")} == {0.0, 8.0}


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


def test_models_that_no_row_has_are_not_asked(engine: Engine) -> None:
    def fail(_: str) -> list[float]:
        raise AssertionError("asked")

    assert find(engine, "moon", {"hosted/unused": fail})


def test_a_video_is_shown_once_it_was_ready_and_stays(engine: Engine) -> None:
    claim_video(engine, "fresh", original_path="/fresh.mp4")
    publish_transcript(engine, "fresh", Transcript("en", (Segment(0, 1, "zebra"),)), "x/y")
    publish_segment_vectors(engine, "fresh", [unit(384, 200)], SMALL)
    meaning = {SMALL: toward(384, 200)}
    assert find(engine, "zebra", meaning) == []
    set_status(engine, "fresh", VideoStatus.READY)
    assert len(find(engine, "zebra", meaning)) == 1
    claim_video(engine, "fresh", original_path="/fresh.mp4")
    assert len(find(engine, "zebra", meaning)) == 1
    set_status(engine, "fresh", VideoStatus.FAILED, error="Broken.")
    assert len(find(engine, "zebra", meaning)) == 1


def test_wrong_requests_are_said_to_be(engine: Engine) -> None:
    for query, more in (("", {}), ("  ", {}), ('""', {}), ("moon", {"limit": 0})):
        with pytest.raises(InputError):
            find(engine, query, **more)
    with pytest.raises(UnknownVideoError, match="nobody"):
        find(engine, "moon", video_id="nobody")


@examples(max_examples=60, deadline=None)
@given(query=st.text(max_size=30) | st.text("ab-\"':*&|!()<> \\%", max_size=15))
def test_no_query_breaks_it(engine: Engine, query: str) -> None:
    try:
        hits = find(engine, query, {SMALL: toward(384, 1)})
    except InputError:
        return
    assert len(hits) <= 10
    for hit in hits:
        assert all(0 <= one.start < one.end <= len(hit.excerpt.text) for one in hit.excerpt.matches)


def test_a_long_text_is_cut_around_what_matched(engine: Engine) -> None:
    claim_video(engine, "long", original_path="/long.mp4")
    line = "filler words " * 100 + "the needle sits here " + "more filler " * 100
    publish_transcript(engine, "long", Transcript("en", (Segment(0, 1, line),)), "x/y")
    set_status(engine, "long", VideoStatus.READY)
    (hit,) = find(engine, "needle")
    assert len(hit.excerpt.text) <= 240
    assert marked(hit) == ["needle"]
    assert hit.excerpt.text.startswith(("filler", "words"))


MANY = 1200


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

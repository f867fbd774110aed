"""One embedding model takes another's place while people search, and no hit is lost."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Engine, text

from reelworks.domain.library.search import SearchRequest
from reelworks.domain.video.transcript import Segment
from reelworks.errors import InputError
from reelworks.store.library.video_contents import get_video
from reelworks.store.search.embedding_models import (
    ModelState,
    drop,
    live_model,
    missing_videos,
    model_states,
    switch,
)
from reelworks.store.search.publish_vectors import publish_caption_vectors, publish_segment_vectors
from reelworks.store.search.search import Embed, search
from reelworks.store.search.vector_tables import index_name
from tests.support.search_library import add_frames, add_speech, unit

OLD, NEW, NEWER = "local/old@1", "hosted/new@64d", "local/newer@1"
SIZES = {OLD: 8, NEW: 64, NEWER: 16}
VIDEOS = 6


def embed(engine: Engine, video_id: str, model: str) -> None:
    """Both lines of a video lie along axis 0, its frame a little apart."""
    size = SIZES[model]
    publish_segment_vectors(engine, video_id, [unit(size, 0), unit(size, 0, 1)], model)
    publish_caption_vectors(engine, video_id, {0: unit(size, 0, 2)}, model)


def add(engine: Engine, video_id: str, *models: str) -> None:
    add_speech(engine, video_id, [Segment(0, 2, "first"), Segment(60, 62, "second")])
    add_frames(engine, video_id, ["written"])
    for model in models:
        embed(engine, video_id, model)


@pytest.fixture(autouse=True)
def library(engine: Engine) -> Iterator[None]:
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE videos, embedding_models CASCADE"))
    for number in range(VIDEOS):
        add(engine, f"v{number}", OLD)
    yield


def able(*models: str) -> dict[str, Embed]:
    def along(size: int) -> Embed:
        return lambda _: unit(size, 0)

    return {model: along(SIZES[model]) for model in models}


def hits(engine: Engine, *models: str) -> dict[str, str]:
    """The model by which each row was found."""
    answer = search(engine, SearchRequest("xqzzyw", limit=100), able(*models))
    return {hit.id: str(hit.reasons[0].model) for moment in answer.moments for hit in moment.hits}


def states(engine: Engine) -> dict[str, ModelState]:
    return {one.stored.model: one for one in model_states(engine)}


def test_the_first_model_is_live_and_a_second_lies_beside_it(engine: Engine) -> None:
    embed(engine, "v0", NEW)
    found = states(engine)
    assert live_model(engine) == OLD
    assert (found[OLD].rows, found[OLD].missing, found[OLD].complete) == (3 * VIDEOS, 0, 1.0)
    assert (found[NEW].rows, found[NEW].missing) == (3, 3 * VIDEOS - 3)
    assert missing_videos(engine, NEW) == [f"v{number}" for number in range(1, VIDEOS)]
    assert len(missing_videos(engine, NEWER)) == VIDEOS


def test_until_the_switch_search_asks_the_live_model_alone(engine: Engine) -> None:
    before = hits(engine, OLD, NEW)
    assert len(before) == 3 * VIDEOS
    for number in range(VIDEOS):
        embed(engine, f"v{number}", NEW)
    assert hits(engine, OLD, NEW) == before == dict.fromkeys(before, OLD)


def test_a_video_that_only_the_new_model_knows_is_found_at_once(engine: Engine) -> None:
    embed(engine, "v0", NEW)
    add(engine, "fresh", NEW)
    found = hits(engine, OLD, NEW)
    assert len(found) == 3 * VIDEOS + 3
    assert {one for one in found if found[one] == NEW} == {
        one for one in found if one.startswith("fresh")
    }


def test_without_the_live_model_search_asks_what_it_can(engine: Engine) -> None:
    embed(engine, "v0", NEW)
    assert {one[:2] for one in hits(engine, NEW)} == {"v0"}
    assert hits(engine) == {}


def test_an_unfinished_model_is_not_switched_to(engine: Engine) -> None:
    embed(engine, "v0", NEW)
    with pytest.raises(InputError, match=f"no vectors of {3 * VIDEOS - 3} rows"):
        switch(engine, NEW)
    with pytest.raises(InputError, match="has no vectors of hosted/else"):
        switch(engine, "hosted/else")
    assert live_model(engine) == OLD


def test_there_and_back_again(engine: Engine) -> None:
    for number in range(VIDEOS):
        embed(engine, f"v{number}", NEW)
    switch(engine, NEW)
    assert set(hits(engine, OLD, NEW).values()) == {NEW}
    view = get_video(engine, "v0")
    assert {one.embedding_model for one in (*view.segments, *view.frames)} == {NEW}
    switch(engine, OLD)
    assert set(hits(engine, OLD, NEW).values()) == {OLD}
    switch(engine, NEW)
    with pytest.raises(InputError, match="switch to another one first"):
        drop(engine, NEW)
    assert drop(engine, OLD) == 3 * VIDEOS
    assert list(states(engine)) == [NEW]
    assert len(hits(engine, OLD, NEW)) == 3 * VIDEOS
    with engine.connect() as connection:
        for table in ("transcript_segments", "frame_captions"):
            name = index_name(table, OLD, SIZES[OLD])
            assert connection.scalar(text("SELECT to_regclass(:name)"), {"name": name}) is None


def test_the_model_after_the_next_takes_the_place_that_is_free(engine: Engine) -> None:
    for model in (NEW, NEWER):
        for number in range(VIDEOS):
            embed(engine, f"v{number}", model)
        before = live_model(engine)
        switch(engine, model)
        drop(engine, str(before))
        assert set(hits(engine, model).values()) == {model}
    with engine.connect() as connection:
        in_rows = connection.scalar(
            text("SELECT count(*) FROM transcript_segments WHERE embedding_model = :model"),
            {"model": NEWER},
        )
    assert in_rows == 2 * VIDEOS


def test_going_back_waits_for_what_came_since(engine: Engine) -> None:
    for number in range(VIDEOS):
        embed(engine, f"v{number}", NEW)
    switch(engine, NEW)
    add(engine, "since", NEW)
    with pytest.raises(InputError, match="no vectors of 3 rows"):
        switch(engine, OLD)
    embed(engine, "since", OLD)
    switch(engine, OLD)
    assert len(hits(engine, OLD)) == 3 * VIDEOS + 3


def test_no_search_loses_a_hit_while_models_change_under_it(engine: Engine) -> None:
    wanted = set(hits(engine, OLD))
    stop, searches, losses = threading.Event(), [0], list[object]()

    def go_on_searching() -> None:
        try:
            while not stop.is_set():
                missing = wanted - set(hits(engine, OLD, NEW))
                searches[0] += 1
                if missing:
                    losses.append(missing)
        except Exception as error:  # noqa: BLE001 - whatever it is, the test must tell of it
            losses.append(error)

    def change() -> None:
        for number in range(VIDEOS):
            embed(engine, f"v{number}", NEW)
        for model in (NEW, OLD, NEW):
            switch(engine, model)
        drop(engine, OLD)
        for number in range(VIDEOS):
            embed(engine, f"v{number}", OLD)
        switch(engine, OLD)
        drop(engine, NEW)

    searchers = [threading.Thread(target=go_on_searching) for _ in range(3)]
    for one in searchers:
        one.start()
    try:
        for _ in range(3):
            change()
    finally:
        stop.set()
        for one in searchers:
            one.join()
    assert losses == []
    assert searches[0] > 20


def test_first_vectors_published_at_once_agree_on_one_live_model(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE videos, embedding_models CASCADE"))
    for number in range(4):
        add(engine, f"v{number}")
    jobs: list[Callable[[], None]] = [
        lambda number=number: embed(engine, f"v{number}", (OLD, NEW)[number % 2])  # type: ignore[misc]
        for number in range(4)
    ]
    threads = [threading.Thread(target=job) for job in jobs]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert live_model(engine) in (OLD, NEW)
    assert len(hits(engine, OLD, NEW)) == 12

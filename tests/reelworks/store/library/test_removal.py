"""A removed video leaves nothing behind, and takes nothing of another one along."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from reelworks.domain.jobs.progress import silent
from reelworks.pipeline.run_context import Workplace, open_workplace
from reelworks.pipeline.stage_cache import Answer, Produced, Question, ask, items_of
from reelworks.settings import Settings
from reelworks.store.db.database import transaction
from reelworks.store.library.removal import remove_files, remove_video

ITEM = "ab" * 32


@pytest.fixture
def place(clean_settings: Settings) -> Iterator[Workplace]:
    with open_workplace(clean_settings) as made:
        yield made


def indexed(place: Workplace, video_id: str, *, content: str = "c") -> Answer[str]:
    """What a stage does for a video: a row, an item, a file, an answer."""
    with transaction(place.engine) as connection:
        connection.execute(
            text(
                "INSERT INTO videos (id, original_path) VALUES (:id, '/x') ON CONFLICT DO NOTHING"
            ),
            {"id": video_id},
        )
    question = Question[str](
        stage="vision",
        version=1,
        result_type=str,
        place_of=lambda name: f"frames/{video_id}/{name}",
        inputs={"content": content},
        video_id=video_id,
    )

    def compute(room: Path) -> Produced[str]:
        items_of("vision", place, video_id).put(ITEM, b"a description")
        (room / "scene_000.jpg").write_bytes(content.encode())
        return Produced("seen", {"scene_000.jpg": room / "scene_000.jpg"})

    return ask(question, compute, place, go_on=lambda: silent(0, 1))


def keys(place: Workplace) -> list[str]:
    return list(place.store.keys(""))


def test_nothing_of_a_video_remains(place):
    indexed(place, "talk")
    assert len(keys(place)) >= 5

    assert remove_video(place.engine, place.store, "talk") is True

    assert keys(place) == []
    assert remove_video(place.engine, place.store, "talk") is False


def test_what_another_video_has_as_well_stays_until_it_goes_too(place):
    indexed(place, "talk")
    assert indexed(place, "copy").cached

    remove_video(place.engine, place.store, "talk")
    again = indexed(place, "copy")

    assert again.cached
    assert place.store.get_bytes("frames/copy/scene_000.jpg") == b"c"
    assert not [key for key in keys(place) if "talk" in key]
    remove_video(place.engine, place.store, "copy")
    assert keys(place) == []


def test_a_video_whose_name_goes_on_is_another_one(place):
    indexed(place, "talk", content="1")
    indexed(place, "talk_2", content="2")
    for key in ("uploads/talk_a.mp4", "uploads/talk_2_a.mp4"):
        place.store.put_bytes(key, b"x", "video/mp4")

    remove_video(place.engine, place.store, "talk")

    assert place.store.head("uploads/talk_a.mp4") is None
    assert place.store.head("uploads/talk_2_a.mp4") is not None
    assert place.store.head("frames/talk_2/scene_000.jpg") is not None
    assert indexed(place, "talk_2", content="2").cached


def test_a_computation_that_died_left_a_trail(place):
    def die(_: Path) -> Produced[str]:
        items_of("vision", place, "talk").put(ITEM, b"a description")
        raise KeyboardInterrupt

    question = Question[str](
        stage="vision", version=1, result_type=str, place_of=str, inputs={}, video_id="talk"
    )
    with pytest.raises(KeyboardInterrupt):
        ask(question, die, place, go_on=lambda: None)

    assert remove_files(place.engine, place.store, "talk") > 0
    assert keys(place) == []

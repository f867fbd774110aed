"""Frames that look alike are found by the bits in which their picture hashes differ."""

from __future__ import annotations

import random

import pytest
from sqlalchemy import Engine

from reelworks.domain.library.search import Filters
from reelworks.errors import InputError, UnknownFrameError, UnknownVideoError
from reelworks.store.search.similar_frames import similar_frames
from tests.support.search_library import add_frames


def flipped(phash: int, bits: int) -> str:
    return f"{phash ^ ((1 << bits) - 1):016x}"


OWN = 0xF00DFACE12345678


@pytest.fixture(scope="module", autouse=True)
def library(engine: Engine) -> None:
    near = [flipped(OWN, bits) for bits in (0, 3, 12, 13, 40)]
    add_frames(engine, "own", ["Title", "", "", "Title", ""], near)
    add_frames(engine, "copy", ["Title"], [flipped(OWN, 1)])
    dice = random.Random(3)
    for number in range(10):
        hashes = [f"{dice.getrandbits(64):016x}" for _ in range(40)]
        add_frames(engine, f"crowd-{number}", [""] * 40, hashes)


def found(engine: Engine, frame: str = "own_frame_000", **more: object) -> list[tuple[str, int]]:
    frames = similar_frames(engine, frame, **more)  # type: ignore[arg-type]
    return [(one.frame_id, one.distance) for one in frames]


def test_the_nearest_come_first_without_the_frame_itself(engine: Engine) -> None:
    assert found(engine) == [("copy_frame_000", 1), ("own_frame_001", 3), ("own_frame_002", 12)]
    (first, *_) = similar_frames(engine, "own_frame_000")
    assert (first.t, first.t_start, first.t_end) == (5, 0, 10)
    assert first.frame_path == "frames/copy/scene_000.jpg"


def test_how_far_and_how_many_can_be_chosen(engine: Engine) -> None:
    assert found(engine, farthest=13)[-1] == ("own_frame_003", 13)
    assert found(engine, limit=1) == [("copy_frame_000", 1)]
    assert len(found(engine, farthest=64, limit=50)) == 50


def test_filters_hold_for_frames_too(engine: Engine) -> None:
    assert found(engine, filters=Filters(video_ids=("own",)), limit=1) == [("own_frame_001", 3)]
    shown = found(engine, filters=Filters(text_on_screen=True), farthest=13)
    assert shown == [("copy_frame_000", 1), ("own_frame_003", 13)]
    assert found(engine, filters=Filters(speakers=("ANNA",))) == []


def test_what_is_not_there_or_makes_no_sense_is_said(engine: Engine) -> None:
    with pytest.raises(UnknownFrameError, match="nobody"):
        found(engine, "nobody")
    with pytest.raises(UnknownVideoError):
        found(engine, filters=Filters(video_ids=("nowhere",)))
    for wrong in ({"limit": 0}, {"limit": 201}, {"farthest": -1}, {"farthest": 65}):
        with pytest.raises(InputError):
            found(engine, **wrong)

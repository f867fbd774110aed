"""TransNetV2: its windows cover every frame once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reelworks.domain.digest import ModelRef
from reelworks.errors import GpuMemoryError, ModelUnavailableError
from reelworks.models.runtime.pool import ModelPool
from reelworks.models.shots.transnet import (
    HEIGHT,
    WIDTH,
    WINDOW,
    Frames,
    TransNetRun,
    TransNetShotDetector,
    first_frames,
)


def picture(brightness: int) -> bytes:
    return bytes([brightness]) * (HEIGHT * WIDTH * 3)


def brightens(windows: Frames) -> np.ndarray:
    """A rule for a network: a transition lies before each frame much brighter than the last."""
    levels = windows[:, :, 0, 0, 0].astype(int)
    following = np.concatenate([levels[:, 1:], levels[:, -1:]], axis=1)
    return (following - levels > 40).astype(np.float32)


def watched(levels: list[int], windows_at_once: int = 1) -> list[float]:
    watch = TransNetRun(brightens, windows_at_once)
    for number, level in enumerate(levels):
        watch.feed(number / 30, picture(level))
    return watch.cuts()


@settings(deadline=None, max_examples=15)
@given(length=st.integers(1, 420), jumps=st.sets(st.integers(1, 419), max_size=6))
@pytest.mark.parametrize("windows_at_once", [1, 3])
def test_every_picture_is_judged_once_whatever_the_films_length(
    length: int, jumps: set[int], windows_at_once: int
) -> None:
    levels = [50] * length
    inside = sorted(jump for jump in jumps if jump < length)
    flashes = [jump for jump in inside if jump - 1 not in inside]
    for jump in flashes:  # one bright frame
        levels[jump] = 200
    assert watched(levels, windows_at_once) == [jump / 30 for jump in flashes]


def test_no_more_is_buffered_than_one_batch_needs() -> None:
    watch = TransNetRun(brightens, 2)
    for number in range(1000):
        watch.feed(number / 30, picture(50))
        assert len(watch._waiting) < WINDOW + 50
    assert watch.cuts() == []


def test_a_film_without_pictures_has_no_cuts() -> None:
    assert TransNetRun(brightens, 4).cuts() == []


def test_too_little_gpu_memory_halves_the_batch_and_finds_the_same() -> None:
    batches: list[int] = []

    def room_for_two(windows: Frames) -> np.ndarray:
        batches.append(len(windows))
        if len(windows) > 2:
            raise GpuMemoryError("no room")
        return brightens(windows)

    watch = TransNetRun(room_for_two, 8)
    levels = [50] * 700
    levels[333] = 200
    for number, level in enumerate(levels):
        watch.feed(number / 30, picture(level))
    assert watch.cuts() == [333 / 30]
    assert batches[:3] == [8, 4, 2]
    assert max(batches[3:]) <= 4


def test_too_little_memory_for_one_window_is_an_error() -> None:
    def no_room(windows: Frames) -> np.ndarray:
        raise GpuMemoryError("no room")

    watch = TransNetRun(no_room, 2)
    watch.feed(0.0, picture(50))
    with pytest.raises(GpuMemoryError):
        watch.cuts()


@pytest.mark.parametrize(
    ("chances", "first"),
    [
        ([0, 0, 0.9, 0, 0], [3]),
        ([0.6, 0, 0], [1]),
        ([0, 0, 0.9], []),
        ([0, 0.6, 0.7, 0.9, 0.7, 0, 0], [4]),
        ([0, 0.9, 0, 0.8, 0, 0], [2, 4]),
        ([0.5, 0.5, 0.5], []),
        ([], []),
    ],
)
def test_a_shot_begins_after_the_likeliest_picture_of_a_transition(
    chances: list[float], first: list[int]
) -> None:
    assert first_frames(chances) == first


def test_the_model_names_its_weights(tmp_path: Path) -> None:
    assert TransNetShotDetector(tmp_path).model == ModelRef("local", "transnetv2", "a313d0b3bebf")


def test_without_torch_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(
        __import__("sys").modules, "torch", None
    )  # what a missing module looks like
    with pytest.raises(ModelUnavailableError, match=r"reelworks\[cuda\]"):
        TransNetShotDetector(tmp_path, pool=ModelPool()).load()

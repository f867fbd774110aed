"""The hand-made labels of the recording: enough of them, split by screen, in both sizes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bench.quality.recording_truth import HALVES, SIZES, labelled_frames
from reelworks.domain.video.vision import Box, Control, ControlKind


def test_half_of_at_least_a_hundred_controls_is_held_out() -> None:
    own = {
        half: sum(len(frame.truth) - frame.everywhere for frame in labelled_frames(half, SIZES[1]))
        for half in HALVES
    }
    assert sum(own.values()) >= 100
    assert own["held_out"] >= own["tuned"]


@pytest.mark.parametrize("half", HALVES)
def test_both_sizes_show_the_same_screens(half: str) -> None:
    for large, small in zip(*(labelled_frames(half, size) for size in SIZES), strict=True):
        assert large.image.shape == (720, 1280, 3)
        assert small.image.shape == (360, 640, 3)
        assert large.truth == small.truth
        difference = large.image[::2, ::2].astype(int) - small.image
        assert abs(difference).mean() < 6


def test_what_lies_in_an_unclear_area_or_a_bar_does_not_count() -> None:
    frame = next(labelled_frames("tuned", "recorded"))
    bar, own = frame.truth[0], frame.truth[-1]
    unclear = replace(own, box=frame.unclear[0])
    beside = Control(ControlKind.BUTTON, "", Box(0.9, 0.9, 0.05, 0.05))
    found = (bar, own, unclear, beside)
    assert frame.judged(found) == (bar, own, beside)
    assert frame.own(frame.judged(found)) == (own, beside)

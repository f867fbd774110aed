"""Whisper windows cover all speech and map times back to the file."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelworks.models.speech.whisper_windows import PAD, WINDOW_MAX, plan_windows

Region = tuple[float, float]


@st.composite
def speech(draw: st.DrawFn) -> list[Region]:
    """Regions of speech as the VAD gives them: sorted, at least 0.16 s apart."""
    at, regions = 0.0, []
    for _ in range(draw(st.integers(0, 40))):
        at += draw(st.floats(0.16, 20))
        length = draw(st.floats(0.1, 90))
        regions.append((at, at + length))
        at += length
    return regions


@given(speech())
def test_windows_hold_all_speech_once_and_none_is_too_long(regions: list[Region]) -> None:
    duration = regions[-1][1] + 1 if regions else 10.0
    windows = plan_windows(regions, duration)
    stretches = [stretch for window in windows for stretch in window.stretches]
    assert all(0 <= start < end <= duration for start, end in stretches)
    assert all(a[1] <= b[0] for a, b in pairwise(stretches))
    assert all(window.duration <= WINDOW_MAX + 1e-6 for window in windows)
    for start, end in regions:
        seconds = sum(max(0.0, min(end, b) - max(start, a)) for a, b in stretches)
        assert seconds == pytest.approx(end - start)
    spoken = sum(end - start for start, end in regions)
    seconds = sum(window.duration for window in windows)
    assert seconds <= spoken + 2 * PAD * len(regions) + 1e-6


@given(speech(), st.floats(0, 1))
def test_a_word_lands_in_the_stretch_where_it_was_heard(regions: list[Region], at: float) -> None:
    for window in plan_windows(regions, 10_000.0):
        t = at * window.duration
        start, end = window.to_file(t, t)
        assert start == end
        assert any(a - 1e-6 <= start <= b + 1e-6 for a, b in window.stretches)


def test_times_are_exact_behind_a_silence() -> None:
    (window,) = plan_windows([(1.0, 3.0), (10.0, 12.0)], 20.0)
    assert window.stretches == ((1.0 - PAD, 3.0 + PAD), (10.0 - PAD, 12.0 + PAD))
    assert window.to_file(PAD + 0.5, PAD + 0.75) == pytest.approx((1.5, 1.75))
    after = 2.0 + 2 * PAD
    assert window.to_file(after + PAD + 0.5, after + PAD + 1.0) == pytest.approx((10.5, 11.0))


def test_a_window_ends_at_the_longest_pause_near_its_end() -> None:
    regions = [(0.5, 20.0), (22.0, 24.0), (24.7, 27.5), (29.0, 40.0)]
    first, second = plan_windows(regions, 41.0, 29.0)
    assert first.span[1] == pytest.approx(20.0 + PAD)
    assert second.span[0] == pytest.approx(22.0 - PAD)


def test_unbroken_speech_is_cut_at_its_longest_short_pause() -> None:
    regions = [(0.0, 18.0), (18.4, 22.0), (22.2, 45.0)]
    first, second = plan_windows(regions, 45.0, 29.0)
    assert first.span[1] == second.span[0] == pytest.approx(18.2)


def test_no_sentence_is_left_alone_in_the_last_window() -> None:
    regions = [(0.0, 7.5), (8.5, 15.5), (16.0, 24.0), (24.5, 32.0), (32.5, 39.5), (40.5, 42.5)]
    windows = plan_windows(regions, 42.5)
    assert len(windows) == 2
    assert min(window.duration for window in windows) > 15


def test_speech_without_any_pause_is_cut_evenly() -> None:
    windows = plan_windows([(0.0, 60.0)], 60.0)
    assert [window.duration for window in windows] == pytest.approx([20.0] * 3)

"""Audio chunks cover everything and are cut at silences."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelworks.models.speech.waveform import SAMPLE_RATE
from reelworks.stages.speech.audio_chunks import AudioChunk, cut_at_silences, quietest_sample

Region = tuple[float, float]


def never(start: int, stop: int) -> int:
    raise AssertionError("there was a silence")


@st.composite
def speech(draw: st.DrawFn) -> list[Region]:
    at, regions = 0.0, []
    for _ in range(draw(st.integers(0, 30))):
        at += draw(st.floats(0, 5))
        length = draw(st.floats(0.1, 30))
        regions.append((at, at + length))
        at += length
    return regions


@given(
    st.integers(0, 60 * SAMPLE_RATE), st.integers(1, 20 * SAMPLE_RATE), speech(), st.floats(0, 1)
)
def test_pieces_cover_every_sample_once_and_none_is_too_long(
    total: int, limit: int, regions: list[Region], where: float
) -> None:
    total = min(total, limit * 50)
    regions = [(a, min(b, total / SAMPLE_RATE)) for a, b in regions if a < total / SAMPLE_RATE]
    pieces = cut_at_silences(total, limit, regions, lambda a, b: a + int((b - a) * where))
    assert sum(piece.stop - piece.start for piece in pieces) == total
    assert all(a.stop == b.start for a, b in pairwise(pieces))
    assert all(0 < piece.stop - piece.start <= limit for piece in pieces)
    if pieces:
        assert (pieces[0].start, pieces[-1].stop) == (0, total)


@given(speech())
def test_cuts_never_fall_into_speech_when_there_is_silence(regions: list[Region]) -> None:
    spoken = [(a, a + min(b - a, 4.0)) for a, b in regions]
    regions_apart = [spoken[0]] if spoken else []
    for region in spoken[1:]:
        if region[0] - regions_apart[-1][1] >= 1.0:
            regions_apart.append(region)
    total = round((regions_apart[-1][1] + 1.0 if regions_apart else 60.0) * SAMPLE_RATE)
    pieces = cut_at_silences(total, 20 * SAMPLE_RATE, regions_apart, never)
    for piece in pieces[:-1]:
        assert not any(start < piece.t_end < end for start, end in regions_apart)


def test_the_longest_silence_near_the_limit_is_cut() -> None:
    regions = [(0.0, 43.0), (44.0, 50.0), (50.5, 58.0), (58.8, 90.0)]
    pieces = cut_at_silences(90 * SAMPLE_RATE, 60 * SAMPLE_RATE, regions, never)
    assert [piece.t_end for piece in pieces] == [43.5, 90.0]


def test_a_long_silence_is_cut_shortly_before_speech() -> None:
    pieces = cut_at_silences(70 * SAMPLE_RATE, 20 * SAMPLE_RATE, [(58.0, 69.0)], never)
    assert [piece.t_end for piece in pieces] == [20.0, 40.0, 57.5, 70.0]


def test_unbroken_speech_is_cut_where_it_is_quietest() -> None:
    pieces = cut_at_silences(1000, 400, [(0.0, 1000 / SAMPLE_RATE)], lambda a, b: a + 7)
    assert pieces == [AudioChunk(0, 367), AudioChunk(367, 734), AudioChunk(734, 1000)]


def test_the_quietest_moment_is_found() -> None:
    samples = np.random.default_rng(0).normal(0, 0.1, SAMPLE_RATE).astype(np.float32)
    samples[8000:8640] *= 0.1
    assert 8000 < quietest_sample(samples) < 8640
    assert quietest_sample(samples[:100]) == 50


def test_a_piece_of_nothing_is_an_error() -> None:
    with pytest.raises(ValueError, match="at least one sample"):
        cut_at_silences(10, 0, [], never)

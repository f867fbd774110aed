"""Every segment can be shown, none takes time of another, no word is lost."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from reelworks.domain.video.transcript import Segment, Word
from reelworks.stages.speech.segment_lengths import MIN_SECONDS, with_least_length


def spoken(text: str, start: float, end: float) -> Segment:
    return Segment(start, end, text, (Word(text, start, end),), "en")


@st.composite
def spoken_segments(draw: st.DrawFn) -> tuple[list[Segment], float]:
    """In order, without overlap, many of no length, and the audio's length."""
    at, found = 0.0, []
    for number in range(draw(st.integers(1, 8))):
        at += draw(st.sampled_from([0.0, 0.0, 0.01, 0.3, 2.0]))
        length = draw(st.sampled_from([0.0, 0.0, 0.005, 0.2, 1.5]))
        found.append(spoken(f"w{number}", at, at + length))
        at += length
    return found, at + draw(st.sampled_from([0.0, 0.01, 0.4]))


@given(spoken_segments())
def test_segments_have_length_stay_in_order_and_keep_their_words(
    given_segments: tuple[list[Segment], float],
) -> None:
    segments, duration = given_segments
    result = with_least_length(segments, duration)
    assert [w for s in result for w in s.words] == [w for s in segments for w in s.words]
    assert " ".join(s.text for s in result) == " ".join(s.text for s in segments)
    assert all(a.t_end <= b.t_start for a, b in pairwise(result))
    if duration >= 0.02:
        assert all(s.t_end - s.t_start >= 0.02 - 1e-9 for s in result)
        assert all(0 <= s.t_start and s.t_end <= duration for s in result)


def test_a_short_segment_takes_time_after_it_first_and_then_before_it() -> None:
    first, middle, last = with_least_length(
        [spoken("a", 0.0, 1.0), spoken("b", 3.0, 3.1), spoken("c", 9.9, 10.0)], 10.0
    )
    assert (first.t_start, first.t_end) == (0.0, 1.0)
    assert (middle.t_start, middle.t_end) == (3.0, 3.0 + MIN_SECONDS)
    assert (last.t_start, last.t_end) == (10.0 - MIN_SECONDS, 10.0)


def test_a_segment_without_any_time_joins_its_neighbour() -> None:
    (only,) = with_least_length([spoken("so", 0.0, 10.0), spoken("much", 10.0, 10.0)], 10.0)
    assert (only.text, only.t_start, only.t_end) == ("so much", 0.0, 10.0)
    (only,) = with_least_length([spoken("so", 0.0, 0.0), spoken("much", 0.0, 10.0)], 10.0)
    assert (only.text, only.t_start, only.t_end) == ("so much", 0.0, 10.0)

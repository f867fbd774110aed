"""Times read from packets."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from reelworks.media.inspect.timing import (
    Timing,
    is_constant,
    is_variable,
    longest_run,
    read_timing,
)
from tests.support.made_media import MadeMedia


def test_times_are_exact_and_in_order_of_showing(media: Path) -> None:
    timing = read_timing(media / "video" / "counter.mp4", 0)
    assert timing.times == tuple(Fraction(n, 10) for n in range(30))
    assert timing.complete
    assert timing.keyframes[0] == 0


def test_a_truncated_file_is_not_complete(media: Path) -> None:
    assert not read_timing(media / "odd" / "truncated_faststart_50pct.mp4", 0).complete


def test_a_missing_picture_breaks_a_constant_rate(made: MadeMedia) -> None:
    assert is_constant(read_timing(made("conforming.mp4"), 0), 30)
    assert not is_constant(read_timing(made("conforming_hole.mp4"), 0), 30)


@given(st.integers(1, 240), st.integers(3, 200))
def test_rounding_to_the_tick_is_no_variable_rate(rate: int, count: int) -> None:
    tick = Fraction(1, 1000)
    times = [round(Fraction(n, rate) / tick) * tick for n in range(count)]
    assert not is_variable(times, tick)


def test_a_dropped_picture_is() -> None:
    assert is_variable([Fraction(n, 30) for n in (0, 1, 2, 4, 5)], Fraction(1, 15360))


def test_constant_means_from_zero_at_exactly_that_rate() -> None:
    def constant(times: list[Fraction], complete: bool = True) -> bool:
        return is_constant(Timing(tuple(times), (), complete), 30)

    exact = [Fraction(n, 30) for n in range(9)]
    assert constant(exact)
    assert not constant(exact, complete=False)
    assert not constant(exact[1:])
    assert not constant([Fraction(n * 1001, 30000) for n in range(9)])
    assert not constant([])


def test_the_last_stretch_without_a_keyframe_counts() -> None:
    marks = [Fraction(0), Fraction(2)]
    assert longest_run(marks, Fraction(9)) == 7
    assert longest_run([], Fraction(4)) == 4


@given(
    st.lists(st.fractions(0, 100, max_denominator=1000), unique=True, max_size=20),
    st.fractions(100, 200, max_denominator=1000),
)
def test_no_stretch_is_longer_than_the_longest_and_all_fill_the_file(
    marks: list[Fraction], end: Fraction
) -> None:
    keyframes = sorted({Fraction(0), *marks})
    longest = longest_run(keyframes, end)
    assert end / len(keyframes) <= longest <= end
    assert any(longest_run([first], later) == longest or later - first == longest
               for first, later in pairwise([*keyframes, end]))  # fmt: skip


@given(st.integers(1, 240), st.integers(3, 60), st.integers(1, 59))
def test_a_frame_left_out_is_a_variable_rate(rate: int, count: int, gap: int) -> None:
    times = [Fraction(n, rate) for n in range(count + 1) if n != min(gap, count - 1)]
    assert is_variable(times, Fraction(1, 15_360)) or len(times) < 3

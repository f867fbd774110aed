"""Hits that lie together in time are one moment."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelworks.domain.video.moments import GAP, LONGEST, Hit, merge

marks = st.lists(
    st.builds(
        lambda number, video, start, length, score: Hit(
            f"{video}-{number}", video, start, start + length, score, (("words", score),)
        ),
        st.integers(0, 10**6),
        st.sampled_from("ab"),
        st.floats(0, 300, allow_nan=False),
        st.sampled_from([0.0, 2.5, 5.0, 29.0, 90.0]),
        st.floats(0.001, 1),
    ),
    max_size=25,
    unique_by=lambda mark: mark.id,
)


def mark(row_id: str, start: float, end: float, score: float, name: str = "words") -> Hit:
    return Hit(row_id, "v", start, end, score, ((name, score),))


def test_a_line_and_the_slide_behind_it_are_one_moment() -> None:
    (group,) = merge([mark("said", 10, 14, 0.02), mark("slide", 8, 20, 0.01, "text")])
    assert ([one.id for one in group.hits], group.t_start, group.t_end) == (
        ["said", "slide"],
        8,
        20,
    )
    assert group.score == pytest.approx(0.03)


def test_a_slide_that_stays_for_minutes_joins_what_is_said_best_and_widens_nothing() -> None:
    said = [mark("begin", 10, 14, 0.03), mark("end", 500, 504, 0.02)]
    first, second = merge([*said, mark("slide", 0, 600, 0.01, "text")])
    assert ([one.id for one in first.hits], first.t_start, first.t_end) == (
        ["begin", "slide"],
        10,
        14,
    )
    assert [one.id for one in second.hits] == ["end"]


def test_many_neighbours_in_one_list_count_once() -> None:
    (group,) = merge([mark("a", 0, 4, 0.02), mark("b", 4, 8, 0.019), mark("c", 8, 12, 0.018)])
    assert group.score == 0.02


def test_lines_further_apart_than_the_gap_are_two_moments() -> None:
    assert len(merge([mark("a", 0, 4, 1), mark("b", 4 + GAP, 12, 1)])) == 1
    assert len(merge([mark("a", 0, 4, 1), mark("b", 4.1 + GAP, 12, 1)])) == 2


@given(marks)
def test_every_hit_is_in_one_moment_of_its_video(found: list[Hit]) -> None:
    groups = merge(found)
    ids = [one.id for group in groups for one in group.hits]
    assert sorted(ids) == sorted(one.id for one in found)
    for group in groups:
        assert len({one.video_id for one in group.hits}) == 1
        short = [one for one in group.hits if not one.is_long]
        assert all(group.t_start <= one.t_start and one.t_end <= group.t_end for one in short)
        assert (
            group.t_end - group.t_start
            <= max(LONGEST, group.hits[0].t_end - group.hits[0].t_start) + 1e-9
        )
    assert [group.score for group in groups] == sorted((g.score for g in groups), reverse=True)


@given(marks, st.randoms(use_true_random=False))
def test_the_order_of_the_hits_does_not_matter(found: list[Hit], dice: random.Random) -> None:
    mixed = list(found)
    dice.shuffle(mixed)
    assert merge(mixed) == merge(found)

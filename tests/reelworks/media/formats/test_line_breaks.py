"""Lines of subtitles: short enough, broken where it reads well, no letter lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelworks.domain.library.spelling import split_words
from reelworks.media.formats.line_breaks import (
    MAX_LINE,
    break_lines,
    columns,
    fits_two_lines,
)

TEXTS = st.lists(
    st.sampled_from(
        ["a", "word", "end.", "so,", "extraordinarily", "日本語の文、", "«oui»", "Z" * 50]
    ),
    min_size=1,
    max_size=30,
).map(" ".join)


@given(TEXTS)
def test_only_a_single_word_is_longer_than_a_line_and_nothing_is_lost(text: str) -> None:
    lines = break_lines(text)
    for line in lines:
        assert line and line == line.strip()
        assert columns(line) <= MAX_LINE or len(split_words(line)) == 1
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert (len(lines) <= 2) or not fits_two_lines(text)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("And so, my fellow Americans,", ("And so, my fellow Americans,",)),
        (
            "to any person obtaining a copy, to deal in it without any restriction",
            ("to any person obtaining a copy,", "to deal in it without any restriction"),
        ),
        (
            "whether they lie to the north or to the south of the river bank",
            ("whether they lie to the north or", "to the south of the river bank"),
        ),
        (
            "吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。",
            ("吾輩は猫である。名前はまだ無い。", "どこで生れたかとんと見当がつかぬ。"),
        ),
    ],
)
def test_two_lines_are_about_equal_or_the_first_ends_with_a_clause(
    text: str, lines: tuple[str, ...]
) -> None:
    assert break_lines(text) == lines


def test_a_mark_does_not_begin_a_line_and_a_bracket_does_not_end_one() -> None:
    lines = break_lines("字" * 20 + "「字」、" + "字" * 14)
    assert len(lines) == 2
    assert lines[1][0] not in "」、" and lines[0][-1] != "「"


def test_line_breaks_of_the_text_stay() -> None:
    assert break_lines("one\ntwo") == ("one", "two")


def test_a_text_too_long_for_two_lines_fills_as_many_as_it_needs() -> None:
    text = " ".join(f"word{n:02d}" for n in range(20))
    lines = break_lines(text)
    assert not fits_two_lines(text)
    assert len(lines) == 4
    assert all(columns(line) > MAX_LINE - 7 for line in lines[:-1])

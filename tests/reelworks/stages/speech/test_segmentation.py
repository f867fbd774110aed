"""Segments lose no word and stay within their limits."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelworks.domain.library.spelling import join_words
from reelworks.domain.video.transcript import Segment, Word
from reelworks.media.formats.line_breaks import fits_two_lines
from reelworks.stages.speech.segmentation import SegmentLimits, resegment

SHAPE = SegmentLimits()


def spoken(text: str, pause_after: dict[str, float] | None = None, rate: float = 0.3) -> Segment:
    """Words at a steady pace, with pauses after some."""
    words, at = [], 0.0
    for token in text.split():
        words.append(Word(token, round(at, 3), round(at + rate - 0.02, 3)))
        at += rate + (pause_after or {}).get(token, 0.0)
    return Segment(words[0].t_start, words[-1].t_end, text, tuple(words), "en")


@st.composite
def segments(draw: st.DrawFn) -> list[Segment]:
    at, result = 0.0, []
    for _ in range(draw(st.integers(0, 4))):
        words = []
        for _ in range(draw(st.integers(1, 40))):
            text = draw(
                st.sampled_from(["a", "word", "end.", "so,", "extraordinarily", "Dr.", "は"])
            )
            at += draw(st.floats(0, 2))
            length = draw(st.floats(0, 1.5))
            words.append(Word(text, at, at + length))
            at += length
        text = join_words([w.text for w in words])
        result.append(
            Segment(words[0].t_start, at, text, tuple(words), draw(st.sampled_from("ab")))
        )
    return result


@given(segments())
def test_no_word_is_lost_and_order_stays(given_segments: list[Segment]) -> None:
    result = resegment(given_segments, SHAPE)
    before = [(w, s.language) for s in given_segments for w in s.words]
    assert [(w, s.language) for s in result for w in s.words] == before


@given(segments())
def test_every_segment_fits_its_shape(given_segments: list[Segment]) -> None:
    result = resegment(given_segments, SHAPE)
    for segment in result:
        assert segment.text == join_words([w.text for w in segment.words])
        assert (segment.t_start, segment.t_end) == (
            segment.words[0].t_start,
            segment.words[-1].t_end,
        )
        if len(segment.words) > 1:
            assert segment.t_end - segment.t_start <= SHAPE.max_seconds
            assert len(segment.text) <= SHAPE.max_characters
            assert fits_two_lines(segment.text)
            gaps = [b.t_start - a.t_end for a, b in pairwise(segment.words)]
            assert max(gaps) < SHAPE.pause


def test_sentences_become_segments() -> None:
    source = spoken("It was the best of times. It was the worst of times. Mr. Lorry said nothing.")
    assert [s.text for s in resegment([source], SHAPE)] == [
        "It was the best of times.",
        "It was the worst of times.",
        "Mr. Lorry said nothing.",
    ]


def test_a_pause_ends_a_segment() -> None:
    source = spoken("and so my fellow Americans ask not what your country", {"Americans": 1.2})
    assert [s.text for s in resegment([source], SHAPE)] == [
        "and so my fellow Americans",
        "ask not what your country",
    ]


def test_a_long_sentence_is_split_at_a_comma_near_its_middle() -> None:
    text = (
        "Permission is hereby granted, free of charge, to any person obtaining a copy, "
        "to deal in the software without restriction"
    )
    assert [s.text for s in resegment([spoken(text, rate=0.25)], SHAPE)] == [
        "Permission is hereby granted, free of charge,",
        "to any person obtaining a copy, to deal in the software without restriction",
    ]


def test_crumbs_are_joined_to_a_neighbour() -> None:
    source = spoken("Yes. I have seen it myself. No.")
    assert [s.text for s in resegment([source], SHAPE)] == ["Yes. I have seen it myself. No."]


def test_words_take_the_punctuation_of_the_text() -> None:
    words = tuple(Word(w, i, i + 0.9) for i, w in enumerate(["hello", "world", "again"]))
    (segment,) = resegment([Segment(0, 3, "Hello, world again.", words)], SHAPE)
    assert [w.text for w in segment.words] == ["Hello,", "world", "again."]
    assert [w.t_start for w in segment.words] == [0, 1, 2]


def test_words_that_the_text_contradicts_are_timed_by_length() -> None:
    words = (Word("ten", 0.0, 2.0),)
    (segment,) = resegment([Segment(0.0, 2.0, "one hundred", words)], SHAPE)
    assert [w.text for w in segment.words] == ["one", "hundred"]
    assert segment.words[0].t_end == segment.words[1].t_start == pytest.approx(0.6)


def test_a_segment_without_words_stays() -> None:
    source = Segment(0.0, 30.0, "no word times here")
    assert resegment([source], SHAPE) == (source,)

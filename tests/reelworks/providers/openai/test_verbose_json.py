"""From a server's words and segments to a transcript that is in order and inside the audio."""

from __future__ import annotations

import itertools
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from reelworks.providers.openai.verbose_json import VerboseTranscription, spread_words


def read(**answer: Any) -> VerboseTranscription:
    return VerboseTranscription.model_validate(answer)


def word(text: str, start: float, end: float) -> dict[str, Any]:
    return {"word": text, "start": start, "end": end}


def segment(text: str, start: float, end: float, **more: Any) -> dict[str, Any]:
    return {"text": text, "start": start, "end": end} | more


times = st.floats(min_value=-5, max_value=60)
words = st.builds(word, st.sampled_from(["a", "café", "don't", " "]), times, times)
segments = st.builds(segment, st.sampled_from(["a b", "", "Café, don't!"]), times, times)


@given(st.lists(segments, max_size=5), st.lists(words, max_size=8), st.floats(0.1, 40))
def test_times_stay_inside_the_sound_and_in_order(
    segments: list[dict[str, Any]], words: list[dict[str, Any]], duration: float
) -> None:
    transcript = read(segments=segments, words=words, text="x").to_domain(duration, "en")
    for item in transcript.segments:
        assert 0 <= item.t_start <= item.t_end <= duration
        assert item.text.strip()
        starts = [word.t_start for word in item.words]
        assert starts == sorted(starts)
        assert all(0 <= w.t_start <= w.t_end <= duration + 1e-9 for w in item.words)


@given(
    st.lists(st.text("abcdefgh", min_size=1, max_size=9), min_size=1, max_size=12),
    st.floats(0, 100),
    st.floats(0.01, 30),
)
def test_spread_words_fill_their_segment_without_gaps(
    tokens: list[str], start: float, length: float
) -> None:
    spread = spread_words(" ".join(tokens), start, start + length)
    assert [word.text for word in spread] == tokens
    assert abs(spread[0].t_start - start) < 1e-6
    assert abs(spread[-1].t_end - (start + length)) < 1e-6
    for left, right in itertools.pairwise(spread):
        assert left.t_end == right.t_start
    shares = [(w.t_end - w.t_start) / len(w.text) for w in spread]
    assert max(shares) - min(shares) < 1e-6


def test_each_word_goes_to_the_segment_it_is_spoken_in() -> None:
    transcript = read(
        segments=[segment("one two", 0, 1), segment("three", 1, 2)],
        words=[word("one", 0, 0.4), word("two", 0.5, 1.1), word("three", 1.2, 2.3)],
    ).to_domain(2.0, None)
    assert [[w.text for w in s.words] for s in transcript.segments] == [["one", "two"], ["three"]]
    assert transcript.segments[1].words[0].t_end == 2.0


def test_words_inside_segments_are_taken_too() -> None:
    item = segment("Hi, there", 0, 1, words=[word(" Hi", 0.1, 0.3), word(" there", 0.4, 0.9)])
    spoken = read(segments=[item]).to_domain(1.0, None).segments[0].words
    assert [(w.text, w.t_start) for w in spoken] == [("Hi,", 0.1), ("there", 0.4)]


def test_text_after_the_end_of_the_sound_was_not_said() -> None:
    transcript = read(
        segments=[segment("the end.", 28, 30.5), segment("Thanks for watching!", 31, 33)],
        words=[word("the", 28, 29), word("end", 29.2, 30.2), word("Thanks", 31, 32)],
    ).to_domain(30.0, "en")
    (only,) = transcript.segments
    assert (only.text, only.t_start, only.t_end) == ("the end.", 28, 30)
    assert [w.text for w in only.words] == ["the", "end."]


def test_words_alone_make_segments_at_pauses() -> None:
    transcript = read(
        words=[word("one", 0, 0.4), word("two", 0.5, 1.0), word("later", 3.0, 3.4)]
    ).to_domain(4.0, "en")
    assert [(s.text, s.t_start, s.t_end) for s in transcript.segments] == [
        ("one two", 0, 1.0),
        ("later", 3.0, 3.4),
    ]


def test_what_was_heard_in_silence_is_left_out() -> None:
    transcript = read(
        language="english",
        segments=[
            segment("You", 0, 2, no_speech_prob=0.9, avg_logprob=-1.4),
            segment("Hello", 2, 3, no_speech_prob=0.9, avg_logprob=-0.2),
            segment("there", 3, 4, no_speech_prob=0.1, avg_logprob=-1.4),
        ],
        words=[word("You", 0.5, 1), word("Hello", 2, 3), word("there", 3, 4)],
    ).to_domain(4.0, None)
    assert transcript.text == "Hello\nthere"


def test_the_requested_language_wins() -> None:
    answer = read(language="english", segments=[segment("Hallo", 0, 1)])
    assert answer.to_domain(1.0, "de").language == "de"
    assert answer.to_domain(1.0, None).language == "en"

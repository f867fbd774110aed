"""Whisper hallucinations, loops and missed regions."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reelworks.domain.video.transcript import Word
from reelworks.models.speech.whisper_hallucinations import (
    is_hallucination,
    missed_regions,
    without_loops,
)
from reelworks.models.speech.whisper_output import DecodedWindow, DecodedWord
from reelworks.models.speech.whisper_search import compression_ratio


def said(text: str) -> list[Word]:
    return [Word(w, i * 0.5, i * 0.5 + 0.4) for i, w in enumerate(text.split())]


def text_of(words: list[Word]) -> str:
    return " ".join(word.text for word in words)


def heard(probability: float, log_probability: float, no_speech: float) -> DecodedWindow:
    words = (DecodedWord(" you", 0.0, 1.0, probability),)
    return DecodedWindow("en", words, log_probability, no_speech, 1.0)


def test_a_loop_is_said_once() -> None:
    loop = "so it was. " + "Thank you for watching. " * 9 + "and then"
    assert text_of(without_loops(said(loop))) == "so it was. Thank you for watching. and then"
    assert text_of(without_loops(said("you " * 12))) == "you"


def test_an_endless_word_is_none() -> None:
    assert text_of(without_loops(said("and " + "a" + "h" * 300 + " so"))) == "and so"


def test_what_people_do_repeat_stays() -> None:
    for text in (
        "no no no no that is not it",
        "It was the best of times, it was the worst of times, it was the age of wisdom,",
        "very, very, very good",
    ):
        assert text_of(without_loops(said(text))) == text


@given(st.lists(st.sampled_from("ab"), max_size=40))
def test_loops_only_lose_repetitions(letters: list[str]) -> None:
    words = said(" ".join(letters))
    result = without_loops(words)
    assert set(result) <= set(words)
    assert result == sorted(result, key=lambda w: w.t_start)
    assert {w.text for w in result} == {w.text for w in words}


def test_unlikely_text_without_speech_is_invented() -> None:
    assert is_hallucination(heard(0.9, -1.2, 0.8))
    assert is_hallucination(heard(0.1, -0.5, 0.1))
    assert is_hallucination(heard(0.9, -1.8, 0.1))
    assert is_hallucination(
        DecodedWindow("nn", (DecodedWord(" ...", 0.0, 1.0, 0.9),), -0.2, 0.1, 1.0)
    )
    assert not is_hallucination(heard(0.9, -0.2, 0.8))
    assert not is_hallucination(heard(0.5, -1.2, 0.1))


def test_speech_without_words_is_left_out() -> None:
    words = [Word("a", 0.2, 1.0), Word("b", 1.2, 2.0), Word("c", 8.0, 8.5)]
    assert missed_regions([(0.0, 9.0), (12.0, 12.5), (20.0, 23.0)], words) == [
        (2.5, 7.5),
        (20.0, 23.0),
    ]
    assert missed_regions([(0.0, 2.0)], []) == [(0.0, 2.0)]


def test_repeating_text_compresses_well() -> None:
    assert compression_ratio("You You You You " * 20) > 2.4
    assert compression_ratio("ask not what your country can do for you") < 1.5
    assert compression_ratio("") == 0.0

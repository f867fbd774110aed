"""The vocabulary has the library's words, and finds those that a misspelt one may mean."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from reelworks.domain.video.transcript import Segment
from reelworks.store.search.vocabulary import edit_distance, spellings_of
from tests.support.search_library import add_frames, add_speech

words = st.text("abc", max_size=7)


@pytest.fixture(scope="module")
def library(engine: Engine) -> None:
    add_speech(engine, "said", [Segment(0, 1, "We rehearse in Málaga, then we receive 42 guests.")])
    add_frames(engine, "shown", ["Checkout\nwww.lighthouse.org", "東京Tower C++ world"])


def vocabulary(engine: Engine) -> set[str]:
    with engine.connect() as connection:
        return set(connection.scalars(text("SELECT word FROM search_words")))


@pytest.mark.usefixtures("library")
def test_the_vocabulary_has_the_words_of_texts_and_names(engine: Engine) -> None:
    known = vocabulary(engine)
    assert known >= {"rehearse", "malaga", "guests", "checkout", "lighthouse", "tower", "shown"}
    assert not known & {"rehears", "42", "東京", "we", "málaga", "c"}


@pytest.mark.parametrize(
    ("typed", "word"),
    [
        ("recieve", "receive"),
        ("chekout", "checkout"),
        ("rehearce", "rehearse"),
        ("wrold", "world"),
        ("Málagga", "malaga"),
        ("lighthuose", "lighthouse"),
        ("guests", "guests"),
        ("wall", None),
        ("rehash", None),
        ("42", "42"),
        ("we", "we"),
    ],
)
@pytest.mark.usefixtures("library")
def test_a_misspelt_word_finds_the_one_that_was_meant(
    engine: Engine, typed: str, word: str | None
) -> None:
    with engine.begin() as connection:
        (spelling,) = spellings_of(connection, [typed])
    assert next(iter(spelling.words), None) == word
    assert spelling.is_known == (typed == word)


def test_videos_that_become_ready_at_once_add_their_words_once(engine: Engine) -> None:
    lines = ["alpha bravo charlie delta", "delta charlie bravo alpha echo"] * 4

    def add(number: int) -> None:
        add_speech(engine, f"one-{number}", [Segment(0, 1, lines[number])])

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add, range(8)))
    assert vocabulary(engine) >= {"alpha", "bravo", "charlie", "delta", "echo"}


@pytest.mark.parametrize(
    ("one", "two", "edits"),
    [("", "", 0), ("abc", "abc", 0), ("abc", "acb", 1), ("ca", "abc", 3), ("kitten", "sitting", 3)],
)
def test_edits_are_counted(one: str, two: str, edits: int) -> None:
    assert edit_distance(one, two) == edits


@given(words, words)
def test_the_distance_is_a_distance(one: str, two: str) -> None:
    edits = edit_distance(one, two)
    assert edits == edit_distance(two, one)
    assert (edits == 0) == (one == two)
    assert abs(len(one) - len(two)) <= edits <= max(len(one), len(two))

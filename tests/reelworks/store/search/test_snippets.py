"""A snippet is a short piece of a text, with the matched words marked."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from reelworks.domain.library.search import Excerpt
from reelworks.store.search.snippets import CLOSE, LONGEST, OPEN, excerpt_of

plain = st.text(st.characters(exclude_characters=OPEN + CLOSE), max_size=30)
headlines = st.lists(
    st.tuples(plain, plain).map(lambda pair: f"{pair[0]} {OPEN}{pair[1]}{CLOSE} "), max_size=30
).map("".join)


def marked(excerpt: Excerpt) -> list[str]:
    return [excerpt.text[one.start : one.end] for one in excerpt.matches]


def test_the_headline_that_matches_is_shown() -> None:
    stemmed, exact = "the harbours at dawn", f"the {OPEN}harbours{CLOSE} at dawn"
    excerpt = excerpt_of((stemmed, exact))
    assert (excerpt.text, marked(excerpt)) == ("the harbours at dawn", ["harbours"])


def test_without_a_match_the_beginning_is_shown_and_a_misspelt_word_is_marked() -> None:
    excerpt = excerpt_of(("The Lighthouse stands", "x"), ["lighthose"])
    assert (excerpt.text, marked(excerpt)) == ("The Lighthouse stands", ["Lighthouse"])
    assert marked(excerpt_of(("The Lighthouse stands", "x"), ["harbour"])) == []


def test_runs_of_scripts_without_spaces_are_marked_wherever_they_stand() -> None:
    excerpt = excerpt_of((f"{OPEN}東京{CLOSE}と東京都", ""), runs=["東京", "京都"])
    assert marked(excerpt) == ["東京", "東京都"], "overlapping matches are one"


def test_a_long_text_is_cut_around_the_first_match_at_word_borders() -> None:
    words = "lantern " * 60
    excerpt = excerpt_of((f"{words}{OPEN}harbour{CLOSE} {words}",))
    assert marked(excerpt) == ["harbour"]
    assert len(excerpt.text) <= LONGEST
    assert set(excerpt.text.split()) == {"lantern", "harbour"}


@given(headlines, st.lists(plain.filter(bool), max_size=2))
def test_every_match_lies_in_the_snippet_and_apart_from_the_next(
    headline: str, runs: list[str]
) -> None:
    excerpt = excerpt_of((headline, ""), runs=runs)
    assert len(excerpt.text) <= LONGEST
    assert not {OPEN, CLOSE, "\n"} & set(excerpt.text)
    assert all(0 <= one.start <= one.end <= len(excerpt.text) for one in excerpt.matches)
    assert all(one.end <= two.start for one, two in pairwise(excerpt.matches))

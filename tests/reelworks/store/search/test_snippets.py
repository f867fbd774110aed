"""A snippet is a short piece of a text, with the matched words marked."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from reelworks.domain.library.search import Excerpt
from reelworks.store.search.snippets import CLOSE, LONGEST, LONGEST_OF_LINES, OPEN, excerpt_of

plain = st.text(st.characters(exclude_characters=OPEN + CLOSE), max_size=30)
headlines = st.lists(
    st.tuples(plain, plain).map(lambda pair: f"{pair[0]} {OPEN}{pair[1]}{CLOSE} "), max_size=30
).map("".join)


def unmarked(headline: str) -> str:
    return headline.replace(OPEN, "").replace(CLOSE, "")


def excerpt(headline: str, *others: str, **more: object) -> Excerpt:
    return excerpt_of(unmarked(headline), (headline, *others), **more)  # type: ignore[arg-type]


def marked(excerpt: Excerpt) -> list[str]:
    return [excerpt.text[one.start : one.end] for one in excerpt.matches]


def test_the_headline_with_most_matches_is_shown() -> None:
    shown = excerpt("the harbours at dawn", f"the {OPEN}harbours{CLOSE} at dawn")
    assert (shown.text, marked(shown)) == ("the harbours at dawn", ["harbours"])


def test_the_text_is_shown_as_it_is_and_not_as_it_was_read() -> None:
    shown = excerpt_of("use GPT-4 now", (f"use {OPEN}GPT{CLOSE} {OPEN}4{CLOSE} now",))
    assert (shown.text, marked(shown)) == ("use GPT-4 now", ["GPT", "4"])


def test_without_a_match_the_beginning_is_shown() -> None:
    assert excerpt("a lighthouse " * 60).text.startswith("a lighthouse a")


def test_runs_of_scripts_without_spaces_are_marked_wherever_they_stand() -> None:
    shown = excerpt(f"{OPEN}東京{CLOSE}と東京都", "", runs=["東京", "京都"])
    assert marked(shown) == ["東京", "東京都"], "overlapping matches are one"


def test_a_long_text_is_cut_around_most_matches_at_word_borders() -> None:
    words = "lantern " * 60
    shown = excerpt(f"{words}{OPEN}harbour{CLOSE} {words}")
    assert marked(shown) == ["harbour"]
    assert len(shown.text) <= LONGEST
    assert set(shown.text.split()) == {"lantern", "harbour"}
    pair = f"{OPEN}harbour{CLOSE} at {OPEN}dawn{CLOSE}"
    assert marked(excerpt(f"{OPEN}dawn{CLOSE} {words}{pair} {words}")) == ["harbour", "dawn"]


def test_of_a_page_the_line_with_the_match_is_shown_and_a_little_around_it() -> None:
    lines = [f"Menu entry number {n}" for n in range(30)]
    lines[17] = f"Save {OPEN}changes{CLOSE}"
    shown = excerpt("\n".join(lines), in_lines=True)
    assert marked(shown) == ["changes"]
    assert "Menu entry number 16 Save changes Menu entry number 18" in shown.text
    assert len(shown.text) <= LONGEST_OF_LINES
    small = excerpt(f"{OPEN}Shopping{CLOSE} cart\nCheckout", in_lines=True)
    assert small.text == "Shopping cart Checkout"


def test_a_long_line_of_a_page_is_cut_around_the_match() -> None:
    words = "lantern " * 60
    shown = excerpt(f"Menu\n{words}{OPEN}harbour{CLOSE} {words}\nEnd", in_lines=True)
    assert marked(shown) == ["harbour"]
    assert len(shown.text) <= LONGEST_OF_LINES
    assert "Menu" not in shown.text


@given(headlines, st.lists(plain.filter(bool), max_size=2), st.booleans())
def test_every_match_lies_in_the_snippet_and_apart_from_the_next(
    headline: str, runs: list[str], in_lines: bool
) -> None:
    shown = excerpt(headline, "", runs=runs, in_lines=in_lines)
    assert len(shown.text) <= LONGEST
    assert not {OPEN, CLOSE, "\n"} & set(shown.text)
    assert all(0 <= one.start <= one.end <= len(shown.text) for one in shown.matches)
    assert all(one.end <= two.start for one, two in pairwise(shown.matches))

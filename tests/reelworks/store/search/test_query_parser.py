"""A user's query is parsed into clauses, prefixes and unwanted words."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelworks.errors import InputError
from reelworks.store.search.query_parser import (
    LONGEST,
    Clause,
    read_query,
)

words = st.sampled_from(
    ["harbour", "or", "OR", "-fog", '"at dawn"', "ligh*", "東京", "é", "*", '"']
)
queries = st.one_of(st.text(max_size=LONGEST), st.lists(words, max_size=40).map(" ".join))


@pytest.mark.parametrize(
    ("query", "clauses"),
    [
        ("harbour dawn", [Clause("harbour dawn")]),
        ('"at dawn" harbour', [Clause("harbour", ("at dawn",))]),
        ("\u201cat dawn\u201d harbour", [Clause("harbour", ("at dawn",))]),
        ("\u00bbat dawn\u00ab", [Clause("", ("at dawn",))]),
        ("\u2018don\u2019t go\u2019", [Clause("", ("don\u2019t go",))]),
        ('harbour "at dawn', [Clause("harbour", ("at dawn",))]),
        ('17" monitor', [Clause("17 monitor")]),
        ('"of 2026" plan', [Clause("plan", ("of 2026",))]),
        ("client/server GPT-4", [Clause("", (), ("client/server", "GPT-4"))]),
        ("C++ templates", [Clause("templates", (), (), ("c++",))]),
        ("Mu\u0308nchen", [Clause("M\u00fcnchen")]),
        ("\u0939\u093f\u0928\u094d\u0926\u0940", [Clause("\u0939\u093f\u0928\u094d\u0926\u0940")]),
        ("harbour or cliff", [Clause("harbour"), Clause("cliff")]),
        ("or harbour OR", [Clause("harbour")]),
        ("light* HAR*", [Clause("", (), (), ("light", "har"))]),
        ("l*", [Clause("", (), ("l*",))]),
        ("東京 tower", [Clause("tower", runs=("東京",))]),
        ('"東京 tower"', [Clause("", ("tower",), runs=("東京",), quoted_runs=("東京",))]),
        ("harbour -fog", [Clause("harbour")]),
        ("har\x00bour", [Clause("har bour")]),
        ("", []),
    ],
)
def test_what_is_wanted(query: str, clauses: list[Clause]) -> None:
    assert list(read_query(query).choices) == clauses


def test_what_is_unwanted() -> None:
    parsed = read_query('harbour -fog -"thick mist" -')
    assert parsed.unwanted == (Clause("fog"), Clause("", ("thick mist",)))
    assert parsed.plain == "harbour"


@pytest.mark.parametrize(
    ("query", "unfinished"),
    [
        ("light", (Clause("", begins=("light",)),)),
        ("white light", (Clause("white", begins=("light",)),)),
        ("light ", ()),
        ("lig", ()),
        ("one two three four five", ()),
        ("a tower or", ()),
        ("東京都庁", ()),
    ],
)
def test_the_last_word_of_a_short_query_may_be_unfinished(
    query: str, unfinished: tuple[Clause, ...]
) -> None:
    assert read_query(query).unfinished == unfinished


@pytest.mark.parametrize(
    ("query", "forgiven"),
    [
        ("The Lighthose", (("the",), ("lighthose",))),
        ("docs.exmaple.com", (("docs", "exmaple", "com"),)),
        ('"the lighthose"', ()),
        ("lighthose or harbor", ()),
        ("every word here would look misspelt", ()),
        ("f 16", ()),
        ("東京 tower", ()),
    ],
)
def test_which_words_may_be_misspelt(query: str, forgiven: tuple[tuple[str, ...], ...]) -> None:
    assert read_query(query).forgiven == forgiven


@given(queries)
def test_every_query_is_parsed(query: str) -> None:
    parsed = read_query(query)
    assert all(choice != Clause() for choice in (*parsed.choices, *parsed.unfinished))
    assert len(parsed.choices) <= 16
    assert len(parsed.unwanted) <= 16
    assert not re.search(r'["*\x00-\x1f]', parsed.plain)
    assert parsed.plain == " ".join(parsed.plain.split())
    assert all(word == word.lower() for words in parsed.forgiven for word in words)
    assert [run for choice in parsed.choices for run in choice.runs] == parsed.runs


@given(st.text(min_size=LONGEST + 1, max_size=LONGEST + 9))
def test_a_query_that_is_too_long_is_an_error(query: str) -> None:
    with pytest.raises(InputError, match="1000 characters"):
        read_query(query)

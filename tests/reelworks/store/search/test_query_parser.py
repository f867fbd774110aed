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
    TextQuery,
    any_of,
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
        ('"at dawn" harbour', [Clause('"at dawn" harbour')]),
        ("harbour or cliff", [Clause("harbour"), Clause("cliff")]),
        ("or harbour OR", [Clause("harbour")]),
        ("light* HAR*", [Clause("", ("light", "har"))]),
        ("l*", [Clause("l*")]),
        ("東京 tower", [Clause("tower", (), ("東京",))]),
        ("harbour -fog", [Clause("harbour")]),
        ("har\x00bour", [Clause("har bour")]),
        ("", []),
    ],
)
def test_what_is_wanted(query: str, clauses: list[Clause]) -> None:
    assert list(read_query(query).choices) == clauses


def test_what_is_unwanted() -> None:
    parsed = read_query('harbour -fog -"thick mist" -')
    assert parsed.unwanted == (Clause("fog"), Clause('"thick mist"'))
    assert parsed.plain == "harbour"


@pytest.mark.parametrize(
    ("query", "unfinished"),
    [
        ("light", (Clause("", ("light",)),)),
        ("white light", (Clause("white", ("light",)),)),
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
    ("query", "long_words"),
    [
        ("The Lighthose", ("lighthose",)),
        ('"the lighthose"', ()),
        ("every word here would look misspelt", ()),
    ],
)
def test_which_words_may_be_misspelt(query: str, long_words: tuple[str, ...]) -> None:
    assert read_query(query).long_words == long_words


@given(queries)
def test_every_query_is_parsed(query: str) -> None:
    parsed = read_query(query)
    assert all(choice != Clause() for choice in (*parsed.choices, *parsed.unfinished))
    assert len(parsed.choices) <= 16
    assert len(parsed.unwanted) <= 16
    assert not re.search(r'["*\x00-\x1f]', parsed.plain)
    assert parsed.plain == " ".join(parsed.plain.split())
    assert all(word == word.lower() for word in parsed.long_words)
    assert [run for choice in parsed.choices for run in choice.runs] == parsed.runs


@given(st.text(min_size=LONGEST + 1, max_size=LONGEST + 9))
def test_a_query_that_is_too_long_is_an_error(query: str) -> None:
    with pytest.raises(InputError, match="1000 characters"):
        read_query(query)


def test_tsqueries_are_joined_once_each() -> None:
    assert any_of(["'a'", "", "'b'", "'a'"]) == "('a') | ('b')"
    assert TextQuery(("'a'",), ("'a':*",), "").wide == "('a') | ('a':*)"
    assert any_of([]) == ""

"""PostgreSQL reads a parsed query as tsqueries."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, text

from reelworks.store.search.query_parser import read_query
from reelworks.store.search.text_query import TextQuery, all_of, any_of, lexeme, to_text_query

STRAIGHT = ("english", "reelworks_plain")


def read(engine: Engine, query: str) -> TextQuery:
    with engine.begin() as connection:
        return to_text_query(connection, read_query(query), STRAIGHT)


@pytest.mark.parametrize(
    ("query", "full"),
    [
        ("running tests ", ("('run' & 'test')", "('running' & 'tests')")),
        ('"Running tests"', ("('running':A <-> 'tests':A)",)),
        ("GPT-4", ("('gpt' <-> '4')",)),
        ("C++", ("('cᐩᐩ':*)",)),
        ("東京都", ("('東京' <-> '京都')",)),
        ('"東京 Tower"', ("('tower':A) & ('東京')",)),
        ("the ", ("('the')",)),
        ("!?", ()),
    ],
)
def test_words_are_stemmed_and_phrases_are_not(
    engine: Engine, query: str, full: tuple[str, ...]
) -> None:
    read_as = read(engine, query).full
    assert [one.replace("((", "(").replace("))", ")") for one in read_as] == [
        one.replace("((", "(").replace("))", ")") for one in full
    ]


def test_a_phrase_binds_only_where_every_choice_has_one(engine: Engine) -> None:
    assert read(engine, '"at dawn" harbour').phrases == "(('at':A <-> 'dawn':A))"
    assert read(engine, '"at dawn" or harbour').phrases == ""
    assert read(engine, '"at dawn" or "at noon"').phrases.count("|") == 1


def test_what_is_unwanted_is_read_under_each_configuration(engine: Engine) -> None:
    unwanted = read(engine, "moon -tests").unwanted
    assert "'test'" in unwanted
    assert "'tests'" in unwanted


def test_queries_are_joined_once_each() -> None:
    assert any_of(["'a'", "", "'b'", "'a'"]) == "('a') | ('b')"
    assert all_of(["'a'", "", "'b'", "'a'"]) == "('a') & ('b')"
    assert TextQuery(("'a'",), ("'a':*",)).wide == "('a') | ('a':*)"
    assert any_of([]) == all_of([]) == ""


@pytest.mark.parametrize("word", ["moon", "o'clock", "back\\slash", "''"])
def test_a_lexeme_is_itself_to_postgresql(engine: Engine, word: str) -> None:
    with engine.connect() as connection:
        query = text(
            "SELECT tsvector_to_array(array_to_tsvector(ARRAY[:word])), CAST(:q AS tsquery)"
        )
        (array, read_as) = connection.execute(query, {"word": word, "q": lexeme(word)}).one()
        same = text("SELECT array_to_tsvector(ARRAY[:word]) @@ CAST(:q AS tsquery)")
        assert connection.scalar(same, {"word": word, "q": lexeme(word)}), (array, read_as)

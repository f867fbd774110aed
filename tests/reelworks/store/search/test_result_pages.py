"""The pages of a search show one list, whatever happens to the library between them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from reelworks.domain.library.search import (
    Kind,
    RankSource,
    Reason,
    SearchAnswer,
    SearchRequest,
)
from reelworks.domain.video.transcript import Segment
from reelworks.errors import InputError, SearchExpiredError
from reelworks.store.library.video_reads import delete_video
from reelworks.store.search.result_pages import (
    ListedHit,
    ListedMoment,
    RankedList,
    _from_json,
    _to_json,
    cursor_of,
    read_cursor,
    survivors,
)
from reelworks.store.search.search import search, search_on
from tests.support.search_library import add_speech

TALKS = 23


def talk(engine: Engine, number: int, line: str = "the harbour at dawn", times: int = 1) -> None:
    words = " and ".join([line] * times)
    add_speech(engine, f"talk-{number:02d}", [Segment(0, 2, f"{words} number {number}")])


@pytest.fixture
def harbour(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE videos CASCADE"))
    for number in range(TALKS):
        talk(engine, number)


def first_page(engine: Engine) -> SearchAnswer:
    return search(engine, SearchRequest("harbour dawn", limit=5), {})


def rest(engine: Engine, answer: SearchAnswer) -> list[str]:
    found = []
    while answer.cursor is not None:
        answer = search_on(engine, answer.cursor, 5)
        found += [one.video_id for one in answer.moments]
    return found


def ids(answer: SearchAnswer) -> list[str]:
    return [one.video_id for one in answer.moments]


def test_all_pages_together_are_the_whole_answer_once(engine: Engine, harbour: None) -> None:
    answer = first_page(engine)
    assert (len(answer.moments), answer.total) == (5, TALKS)
    found = ids(answer) + rest(engine, answer)
    assert sorted(found) == [f"talk-{number:02d}" for number in range(TALKS)]
    whole = search(engine, SearchRequest("harbour dawn", limit=50), {})
    assert (ids(whole), whole.cursor) == (found, None)


def test_what_is_added_or_indexed_again_moves_nothing(engine: Engine, harbour: None) -> None:
    before = ids(search(engine, SearchRequest("harbour dawn", limit=50), {}))
    answer = first_page(engine)
    found = ids(answer)
    for step in range(4):  # better hits come, and old ones are indexed again, between all pages
        talk(engine, 50 + step, times=3)
        talk(engine, step)
        talk(engine, TALKS - 1 - step)
        assert answer.cursor is not None
        answer = search_on(engine, answer.cursor, 5)
        found += ids(answer)
    assert answer.cursor is None
    assert found == before
    assert set(ids(first_page(engine))) > {"talk-50", "talk-51"}


def test_what_is_gone_or_says_something_else_now_is_left_out(engine: Engine, harbour: None) -> None:
    before = ids(search(engine, SearchRequest("harbour dawn", limit=50), {}))
    answer = first_page(engine)
    assert answer.cursor is not None
    delete_video(engine, before[6])
    talk(engine, int(before[7][-2:]), line="nothing of the kind")
    second = search_on(engine, answer.cursor, 5)
    assert ids(second) == [before[5], before[8], before[9]]
    assert ids(answer) + ids(second) + rest(engine, second) == [
        one for one in before if one not in before[6:8]
    ]


def test_a_page_marks_the_words_as_the_first_did(engine: Engine, harbour: None) -> None:
    cursor = first_page(engine).cursor
    assert cursor is not None
    for one in search_on(engine, cursor, 5).moments:
        excerpt = one.best.excerpt
        assert [excerpt.text[m.start : m.end] for m in excerpt.matches] == ["harbour", "dawn"]


def test_a_list_expires_and_strange_cursors_are_refused(engine: Engine, harbour: None) -> None:
    cursor = first_page(engine).cursor
    assert cursor is not None
    with engine.begin() as connection:
        connection.execute(text("UPDATE search_pages SET expires_at = now()"))
    with pytest.raises(SearchExpiredError, match="search again"):
        search_on(engine, cursor)
    first_page(engine)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM search_pages")) == 1
    for strange in ("", "x", "'; DROP TABLE videos; --.5", cursor + "000", f"{'a' * 16}.-5"):
        with pytest.raises(InputError):
            search_on(engine, strange)
    with pytest.raises(InputError, match="limit 0"):
        search_on(engine, cursor, 0)


numbers = st.floats(0, 1e6)
rank_sources = st.builds(
    RankSource,
    st.sampled_from(Reason),
    st.sampled_from(Kind),
    st.integers(1, 400),
    st.sampled_from([None, "local/minilm@1", "openai/m"]),
    st.none() | st.integers(0, 10**6).map(lambda number: number / 10**6),
)
hits = st.builds(
    ListedHit,
    st.text(),
    st.sampled_from(Kind),
    st.integers(-(2**31), 2**31 - 1),
    st.lists(rank_sources, max_size=3).map(tuple),
)
moments = st.builds(ListedMoment, numbers, numbers, numbers, st.lists(hits, max_size=3).map(tuple))


@given(st.builds(RankedList, st.text(), st.text(), st.lists(moments, max_size=4).map(tuple)))
def test_a_list_survives_its_stored_form(listed: RankedList) -> None:
    assert _from_json(_to_json(listed)) == listed


@given(st.from_regex(r"[A-Za-z0-9_-]{16}", fullmatch=True), st.integers(0, 999))
def test_a_cursor_is_read_back(page_id: str, offset: int) -> None:
    assert read_cursor(cursor_of(page_id, offset)) == (page_id, offset)


@given(st.text(max_size=24))
def test_any_other_text_is_an_invalid_cursor(cursor: str) -> None:
    try:
        page_id, offset = read_cursor(cursor)
    except InputError as error:
        assert "Invalid cursor" in str(error)
    else:
        assert len(page_id) == 16
        assert 0 <= offset <= 999


def test_hits_whose_text_changed_are_left_out_and_moments_without_hits_too() -> None:
    def hit(row_id: str, text_digest: int) -> ListedHit:
        return ListedHit(row_id, Kind.SPEECH, text_digest, ())

    both = ListedMoment(0, 1, 0.5, (hit("a", 1), hit("b", 2)))
    gone = ListedMoment(2, 3, 0.4, (hit("c", 3),))
    left = survivors([both, gone], {"a": 1, "b": 7})
    assert left == [(both, (hit("a", 1),))]

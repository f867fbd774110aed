"""Search finds what was said, shown and written, says why, and stays silent otherwise."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from sqlalchemy import Engine

from reelworks.domain.library.library import VideoStatus
from reelworks.domain.library.search import Kind, SearchRequest
from reelworks.domain.video.transcript import Segment, Transcript
from reelworks.errors import InputError, UnknownVideoError
from reelworks.store.library.publish import publish_transcript
from reelworks.store.library.video_status import claim_video, set_status
from reelworks.store.search.publish_vectors import publish_segment_vectors
from reelworks.store.search.query_parser import LONGEST
from reelworks.store.search.search import search
from tests.support.search_library import add_frames, add_speech
from tests.support.searched_talk import SMALL, find, marked, toward, unit

pytestmark = pytest.mark.usefixtures("talk")


@pytest.mark.parametrize(
    ("query", "kind", "t_start", "marks"),
    [
        ("moon", Kind.SPEECH, 0.0, ["moon"]),
        ("run test", Kind.SPEECH, 8.0, ["running", "tests"]),
        ('"worst of times"', Kind.SPEECH, 16.0, ["times", "worst", "times"]),
        ("\u201cworst of times\u201d", Kind.SPEECH, 16.0, ["times", "worst", "times"]),
        ("\u201eworst of times\u201c", Kind.SPEECH, 16.0, ["times", "worst", "times"]),
        ("\u2018worst of times\u2019", Kind.SPEECH, 16.0, ["times", "worst", "times"]),
        ('"worst of times', Kind.SPEECH, 16.0, ["times", "worst", "times"]),
        ('"running the" test', Kind.SPEECH, 8.0, ["running", "tests"]),
        ("the best", Kind.SPEECH, 16.0, ["best"]),
        ("engin", Kind.SPEECH, 8.0, ["engineers"]),
        ("save chang", Kind.TEXT, 0.0, ["Save", "changes"]),
        ("checkout", Kind.TEXT, 10.0, ["Checkout"]),
        ("chekout", Kind.TEXT, 10.0, ["Checkout"]),
        ("acount setings", Kind.TEXT, 0.0, ["Account", "Settings"]),
        ("enginers", Kind.SPEECH, 8.0, ["engineers"]),
        ("dceade", Kind.SPEECH, 0.0, ["decade"]),
        ("sailing boats", Kind.PICTURE, 20.0, ["sailing", "boat"]),
    ],
)
def test_words_lead_to_their_moment(
    engine: Engine, query: str, kind: Kind, t_start: float, marks: list[str]
) -> None:
    (hit, *_) = find(engine, query)
    assert (hit.kind, hit.t_start) == (kind, t_start)
    assert [mark for mark in marked(hit) if mark in marks] == marks
    assert hit.title == "Moon talk"


@pytest.mark.parametrize(
    "query",
    [
        "xyzzy",
        "-moon",
        '"moon decade"',
        "choose -decade",
        "times -was",
        '"times of worst"',
        "\u201ctimes of worst\u201d",
        '"run test"',
        '"chekout"',
    ],
)
def test_what_is_not_there_is_not_found(engine: Engine, query: str) -> None:
    if query == "-moon":
        with pytest.raises(InputError):
            find(engine, query)
    else:
        assert find(engine, query) == []


def test_a_phrase_is_not_replaced_by_what_is_near_in_meaning(engine: Engine) -> None:
    near = {SMALL: toward(384, 0, 2)}
    assert [hit.t_start for hit in find(engine, '"worst of times" moon', near)] == [16.0]
    assert [hit.t_start for hit in find(engine, '"worst of times"', near)] == [16.0]
    assert find(engine, '"times of worst"', near) == []
    assert find(engine, '"\U0001f3ac"', near) == []
    assert len(find(engine, '"worst of times" or moon', near)) > 1


def test_a_query_that_the_model_cannot_read_has_no_meaning(engine: Engine) -> None:
    assert find(engine, "\u5713", {SMALL: lambda _: None}) == []
    assert [hit.t_start for hit in find(engine, "decade", {SMALL: lambda _: None})] == [0.0]


def test_the_spelling_of_the_library_is_offered_when_nothing_has_the_words(engine: Engine) -> None:
    def hint(query: str) -> str | None:
        return search(engine, SearchRequest(query), {}).did_you_mean

    assert hint("Engneers running") == "engineers running"
    assert hint("acount setings") == "account settings"
    assert hint("engineer") is None, "found by its stem"
    assert hint("engineers") is None
    assert hint("decade moon") is None
    assert hint("xyzzyx") is None
    assert hint('"enginers"') is None


TYPED = (
    "Since COVID-19 we use GPT-4 and fly an F-16.",
    "A client/server pair over TCP/IP.",
    "Written in C++ and C++17, later in C#.",
    "Written in C, with a grade of A+.",
    "Die Stra\u00dfe nach Mu\u0308nchen",
)
"""The last line is not composed: u and a mark."""
TYPED_SCREENS = ("docs.example.com/install\nnext step", "reelworks.toml", '<div class="lead">')


@pytest.fixture(scope="module")
def typed(engine: Engine) -> str:
    add_speech(engine, "typed", [Segment(n * 60.0, n * 60.0 + 2, t) for n, t in enumerate(TYPED)])
    add_frames(engine, "typed-frames", TYPED_SCREENS)
    return "typed"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("covid 19", {TYPED[0]}),
        ("covid-19", {TYPED[0]}),
        ("gpt 4", {TYPED[0]}),
        ('"gpt 4"', {TYPED[0]}),
        ("GPT-4", {TYPED[0]}),
        ("f 16", {TYPED[0]}),
        ("server", {TYPED[1]}),
        ("client/server", {TYPED[1]}),
        ("server/client", set()),
        ("IP", {TYPED[1]}),
        ("docs", {"docs.example.com/install next step"}),
        ("docs.example.com", {"docs.example.com/install next step"}),
        ("install", {"docs.example.com/install next step"}),
        ("toml", {"reelworks.toml"}),
        ("lead", {'<div class="lead">'}),
        ("C++", {TYPED[2]}),
        ("c++17", {TYPED[2]}),
        ("C#", {TYPED[2]}),
        ("C", {TYPED[3]}),
        ("A+", {TYPED[3]}),
        ("written C", {TYPED[3]}),
        ("M\u00fcnchen", {"Die Stra\u00dfe nach M\u00fcnchen"}),
        ("Mu\u0308nchen", {"Die Stra\u00dfe nach M\u00fcnchen"}),
        ("munchen", {"Die Stra\u00dfe nach M\u00fcnchen"}),
    ],
)
@pytest.mark.usefixtures("typed")
def test_words_are_found_as_people_type_them(engine: Engine, query: str, found: set[str]) -> None:
    hits = [hit for hit in find(engine, query) if hit.video_id.startswith("typed")]
    assert {hit.excerpt.text for hit in hits if hit.kind is not Kind.TITLE} == found


@pytest.mark.usefixtures("typed")
@pytest.mark.parametrize(
    ("query", "marks"),
    [("covid 19", ["COVID", "19"]), ("C++", ["C++", "C++17"]), ("install", ["install"])],
)
def test_the_words_are_marked_where_they_stand(
    engine: Engine, query: str, marks: list[str]
) -> None:
    assert marked(find(engine, query)[0]) == marks


def test_titles_and_file_names_are_found(engine: Engine) -> None:
    claim_video(engine, "named", original_path="https://x.org/Quarterly%20report_v2.mp4?key=secret")
    set_status(engine, "named", VideoStatus.READY)
    for query, text in (
        ("quarterly", "Quarterly report_v2.mp4"),
        ("v2", "Quarterly report_v2.mp4"),
        ("quartely", "Quarterly report_v2.mp4"),
    ):
        (hit,) = find(engine, query)
        assert (hit.kind, hit.video_id, hit.t_start) == (Kind.TITLE, "named", 0.0)
        assert text in hit.excerpt.text
        assert marked(hit)
    assert find(engine, "secret") == []
    assert find(engine, "quarterly", kinds=frozenset({Kind.SPEECH})) == []
    assert find(engine, "quarterly", video_id="talk") == []
    assert [hit.kind for hit in find(engine, "moon talk")] == [Kind.TITLE]


def test_or_finds_either(engine: Engine) -> None:
    assert {hit.t_start for hit in find(engine, "moon or engineers")} == {0.0, 8.0}


def test_models_that_no_row_has_are_not_asked(engine: Engine) -> None:
    def fail(_: str) -> list[float]:
        raise AssertionError("asked")

    assert find(engine, "moon", {"hosted/unused": fail})


def test_a_video_is_shown_once_it_was_ready_and_stays(engine: Engine) -> None:
    claim_video(engine, "fresh", original_path="/fresh.mp4")
    publish_transcript(engine, "fresh", Transcript("en", (Segment(0, 1, "zebra"),)), "x/y")
    publish_segment_vectors(engine, "fresh", [unit(384, 200)], SMALL)
    meaning = {SMALL: toward(384, 200)}
    assert find(engine, "zebra", meaning) == []
    set_status(engine, "fresh", VideoStatus.READY)
    assert len(find(engine, "zebra", meaning)) == 1
    claim_video(engine, "fresh", original_path="/fresh.mp4")
    assert len(find(engine, "zebra", meaning)) == 1
    set_status(engine, "fresh", VideoStatus.FAILED, error="Broken.")
    assert len(find(engine, "zebra", meaning)) == 1


def test_wrong_requests_are_said_to_be(engine: Engine) -> None:
    for query, more in (("", {}), ("  ", {}), ('""', {}), ("moon", {"limit": 0})):
        with pytest.raises(InputError):
            find(engine, query, **more)
    with pytest.raises(UnknownVideoError, match="nobody"):
        find(engine, "moon", video_id="nobody")


OPERATORS = ["-", '"', "'", ":", "*", "&", "|", "!", "(", ")", "<", ">", "<->", "\\", "%", "+",
             "#", "~", "or ", "\u201c", "\u2018", ",", ".", "/", "@", "\x00", "\u0301"]  # fmt: skip
long_runs = st.lists(
    st.tuples(st.sampled_from([*OPERATORS, " ", "moon", "a", "\u6771"]), st.integers(1, 300)),
    max_size=6,
).map(lambda runs: "".join(part * times for part, times in runs)[:LONGEST])


@examples(max_examples=150, deadline=None)
@given(query=st.text(max_size=30) | st.text("ab-\"':*&|!()<> \\%", max_size=15) | long_runs)
@example("moon " + "-" * 40)
@example("|" + "-" * 40 + "|")
@example("a (" + "-" * 64 + ")")
@example("- " * 40 + "moon")
@example("!" * 999 + "a")
@example("a.b " * 250)
@example('"a" ' * 250)
@example("-a " * 330)
@example("aa* " * 250)
@example("a or " * 200)
def test_no_query_breaks_it(engine: Engine, query: str) -> None:
    try:
        hits = find(engine, query, {SMALL: toward(384, 1)})
    except InputError:
        return
    assert len(hits) <= 10
    for hit in hits:
        assert all(0 <= one.start < one.end <= len(hit.excerpt.text) for one in hit.excerpt.matches)

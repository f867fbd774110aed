"""Search within a part of the library; phrases, beginnings, accents, scripts without spaces."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, text

from reelworks.domain.library.search import Filters, Kind, Moment, SearchRequest
from reelworks.domain.video.transcript import Segment
from reelworks.errors import InputError, UnknownVideoError
from reelworks.store.library.video_status import claim_video
from reelworks.store.search.search import search
from tests.support.search_library import add_frames, add_speech

LINES = {
    "news": ("en", "The minister opened the new bridge."),
    "nachrichten": ("de", "Die Minister öffneten die neuen Brücken."),
    "journal": ("fr", "Les ministres ont inauguré le café près du pont."),
    "東京": ("ja", "今日は東京都でiPhoneの使い方を学びます。"),
    "beijing": ("zh", "我们今天在北京大学学习人工智能。"),
    "bangkok": ("th", "วันนี้เราจะไปกรุงเทพมหานคร"),
}
IDS = {"東京": "tokyo"}


@pytest.fixture(scope="module", autouse=True)
def library(engine: Engine) -> None:
    for name, (language, line) in LINES.items():
        said = (Segment(1.0, 4.0, line, speaker="ANNA" if name == "news" else None),)
        add_speech(engine, IDS.get(name, name), said, language)
    add_frames(engine, "slides", ["Bridge plan", "", "Bridge costs"])
    claim_video(engine, "news", original_path="/in/news.mp4", library="daily")
    with engine.begin() as connection:
        connection.execute(text("UPDATE videos SET duration_sec = 60, ready_at = now()"))
        connection.execute(
            text(
                "UPDATE videos SET created_at = '2020-05-01', duration_sec = 600"
                " WHERE id = 'slides'"
            )
        )


def find(engine: Engine, query: str, kinds: str = "", **filters: object) -> list[Moment]:
    wanted = frozenset(Kind(kind) for kind in kinds.split()) or frozenset(Kind)
    request = SearchRequest(query, wanted, Filters(**filters))  # type: ignore[arg-type]
    return list(search(engine, request, {}).moments)


def found(engine: Engine, query: str, kinds: str = "", **filters: object) -> set[str]:
    return {one.video_id for one in find(engine, query, kinds, **filters)}


YEAR = datetime(2020, 5, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("filters", "videos"),
    [
        ({}, {"news", "slides"}),
        ({"libraries": ("daily",)}, {"news"}),
        ({"libraries": ("daily", "default")}, {"news", "slides"}),
        ({"languages": ("en",)}, {"news"}),
        ({"languages": ("de",)}, set()),
        ({"speakers": ("ANNA",)}, {"news"}),
        ({"speakers": ("BERT",)}, set()),
        ({"speakers": ("AN\x00NA",)}, {"news"}),
        ({"created_from": YEAR, "created_to": YEAR + timedelta(days=1)}, {"slides"}),
        ({"created_from": YEAR + timedelta(days=1)}, {"news"}),
        ({"ready_to": YEAR}, set()),
        ({"min_seconds": 100}, {"slides"}),
        ({"max_seconds": 60}, {"news"}),
        ({"video_ids": ("news", "journal")}, {"news"}),
        ({"text_on_screen": True}, {"slides"}),
        ({"text_on_screen": False}, {"news"}),
        ({"libraries": ("daily",), "max_seconds": 10}, set()),
    ],
)
def test_filters(engine: Engine, filters: dict[str, object], videos: set[str]) -> None:
    assert found(engine, "bridge", **filters) == videos


@pytest.mark.parametrize(
    "filters",
    [
        {"languages": ("english",)},
        {"languages": ("'; --",)},
        {"created_from": YEAR, "created_to": YEAR},
        {"created_from": datetime(2020, 1, 1)},
        {"min_seconds": 10, "max_seconds": 5},
        {"min_seconds": -1},
        {"max_seconds": float("nan")},
        {"libraries": ("x",) * 1001},
    ],
)
def test_filters_that_make_no_sense_are_said_to_be(
    engine: Engine, filters: dict[str, object]
) -> None:
    with pytest.raises(InputError):
        find(engine, "bridge", **filters)


def test_a_video_that_is_not_there_is_named(engine: Engine) -> None:
    with pytest.raises(UnknownVideoError, match="nowhere"):
        find(engine, "bridge", video_ids=("news", "nowhere"))


def test_speech_over_a_slide_has_text_on_screen_also_when_the_slide_comes_again(
    engine: Engine,
) -> None:
    add_frames(engine, "lesson", ["Photosynthesis", "", "Photosynthesis"])
    add_speech(engine, "lesson", [Segment(t, t + 2.0, f"leaves number {t}") for t in (2, 12, 22)])
    with engine.begin() as connection:
        connection.execute(
            text(
                "UPDATE frames SET duplicate_of = 'lesson_frame_000' WHERE id = 'lesson_frame_002'"
            )
        )
        connection.execute(text("DELETE FROM frame_captions WHERE frame_id = 'lesson_frame_002'"))
    shown = find(engine, "leaves", "speech", text_on_screen=True)
    hidden = find(engine, "leaves", "speech", text_on_screen=False)
    assert sorted(one.t_start for one in shown) == [2, 22]
    assert [one.t_start for one in hidden] == [12]


@pytest.mark.parametrize(
    ("query", "videos"),
    [
        ("minister", {"news", "nachrichten"}),
        ("ministre", {"journal"}),
        ("ministers", {"news", "nachrichten"}),
        ("öffnete", {"nachrichten"}),
        ("offnete", {"nachrichten"}),
        ("offneten", {"nachrichten"}),
        ("brücke", {"nachrichten"}),
        ("cafe", {"journal"}),
        ("CAFÉ", {"journal"}),
        ("pres", {"journal"}),
        ('"new bridge"', {"news"}),
        ('"bridge new"', set()),
        ('"the new bridge" -minister', set()),
        ("brid*", {"news", "slides"}),
        ("bri* pla*", {"slides"}),
        ("brid* -plan", {"news", "slides"}),
        ("inaug* or costs", {"journal", "slides"}),
        ("東京", {"tokyo"}),
        ("東京都", {"tokyo"}),
        ("京東", set()),
        ("都", {"tokyo"}),
        ("iphone", {"tokyo"}),
        ("iPhoneの使い方", {"tokyo"}),
        ("使い方", {"tokyo"}),
        ("北京", {"beijing"}),
        ("大学", {"beijing"}),
        ("人工智能 北京", {"beijing"}),
        ("人工 -大学", set()),
        ("京大", {"beijing"}),
        ("กรุงเทพ", {"bangkok"}),
        ("วันนี้", {"bangkok"}),
    ],
)
def test_words_of_many_languages(engine: Engine, query: str, videos: set[str]) -> None:
    assert found(engine, query) == videos


def test_what_matched_is_marked_in_scripts_without_spaces(engine: Engine) -> None:
    (moment,) = find(engine, "東京 使い方")
    excerpt = moment.best.excerpt
    assert [excerpt.text[one.start : one.end] for one in excerpt.matches] == ["東京", "使い方"]


def test_a_query_may_not_be_a_book(engine: Engine) -> None:
    with pytest.raises(InputError, match="at most 1000"):
        find(engine, "word " * 300)


def test_a_request_can_be_narrowed_step_by_step() -> None:
    request = SearchRequest("x")
    assert replace(request, filters=Filters(libraries=("a",))).filters.video_ids == ()

"""A moment sums up its hits: kinds and reasons best first, and the frame that shows it."""

from __future__ import annotations

from typing import Any

from reelworks.domain.library.search import Excerpt, Kind, Moment, RankSource, Reason, SearchHit


def hit(kind: Kind, *reasons: RankSource, **values: Any) -> SearchHit:
    given = {
        "id": "h",
        "video_id": "v",
        "title": "",
        "t_start": 0.0,
        "t_end": 1.0,
        "excerpt": Excerpt(""),
        "score": 0.1,
        "frame_id": None,
        "frame_path": None,
        "model": "m",
    } | values
    return SearchHit(kind=kind, reasons=reasons, **given)


def moment(*hits: SearchHit) -> Moment:
    return Moment("v", "Talk", "default", "/talk.mp4", 60.0, 0.0, 1.0, 0.2, hits)


def test_kinds_come_once_and_best_first() -> None:
    found = moment(hit(Kind.TEXT), hit(Kind.SPEECH), hit(Kind.TEXT))
    assert found.kinds == (Kind.TEXT, Kind.SPEECH)
    assert found.best is found.hits[0]


def test_of_each_ranked_list_the_best_rank_of_any_hit_counts() -> None:
    words = [RankSource(Reason.WORDS, Kind.SPEECH, rank) for rank in (7, 2)]
    meaning = RankSource(Reason.MEANING, Kind.SPEECH, 1, model="a")
    other_model = RankSource(Reason.MEANING, Kind.SPEECH, 3, model="b")
    found = moment(hit(Kind.SPEECH, words[0], other_model), hit(Kind.SPEECH, words[1], meaning))
    assert found.reasons == (meaning, words[1], other_model)


def test_a_frame_that_was_found_goes_before_one_that_was_only_shown_then() -> None:
    spoken = hit(Kind.SPEECH, frame_id="shown", frame_path="frames/shown.jpg")
    seen = hit(Kind.PICTURE, frame_id="seen", frame_path="frames/seen.jpg")
    assert (moment(spoken, seen).frame_id, moment(spoken, seen).frame_path) == (
        "seen",
        "frames/seen.jpg",
    )
    assert moment(spoken).frame_id == "shown"
    assert moment(hit(Kind.SPEECH)).frame_id is None

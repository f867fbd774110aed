"""Moments, cuts and similar frames as the API shows them."""

from __future__ import annotations

from reelworks.app.api.schemas.search import CutOut, Found, HitOut, MomentOut, SimilarOut
from reelworks.domain.library.cuts import Cut
from reelworks.domain.library.search import (
    Excerpt,
    Kind,
    MatchSpan,
    Moment,
    RankSource,
    Reason,
    SearchAnswer,
    SearchHit,
    SimilarFrame,
)

SPEECH = SearchHit(
    id="s1",
    video_id="talk",
    title="A talk",
    kind=Kind.SPEECH,
    t_start=1.0,
    t_end=2.5,
    excerpt=Excerpt("the age of wisdom", (MatchSpan(4, 7),)),
    reasons=(RankSource(Reason.WORDS, Kind.SPEECH, 1),),
    score=0.5,
    frame_id=None,
    frame_path=None,
    model="local/whisper",
    speaker="anna",
)
MOMENT = Moment("talk", "A talk", "default", "/films/talk.mp4", 60.0, 1.0, 4.25, 0.5, (SPEECH,))


def test_a_hit_is_shown_with_its_marks_and_reasons():
    shown = HitOut.of(SPEECH)

    assert shown.excerpt.model_dump() == {
        "text": "the age of wisdom",
        "matches": [{"start": 4, "end": 7}],
    }
    (why,) = shown.reasons
    assert (why.reason, why.rank, why.similarity) == (Reason.WORDS, 1, None)
    assert (shown.frame_id, shown.image, shown.speaker) == (None, None, "anna")


def test_a_moment_links_its_media_at_its_time_and_never_names_its_source():
    shown = MomentOut.of(MOMENT)

    assert shown.media == "/videos/talk/media#t=1.000,4.250"
    assert shown.image is None
    assert "/films" not in shown.model_dump_json()


def test_a_page_says_how_to_get_the_next_and_why_meaning_is_missing():
    shown = Found.of(SearchAnswer((MOMENT,), 7, "next"), "Searched by words only.")

    assert (shown.total, shown.cursor, len(shown.moments)) == (7, "next", 1)
    assert shown.note == "Searched by words only."


def test_a_cut_is_shown_without_its_source():
    shown = CutOut.of(Cut("talk", "A talk", "/films/talk.mp4", 1.0, 2.0, True, "a note"))

    assert shown.model_dump() == {
        "video_id": "talk",
        "title": "A talk",
        "t_in": 1.0,
        "t_out": 2.0,
        "note": "a note",
    }


def test_a_similar_frame_links_its_image():
    frame = SimilarFrame("talk_frame_001", "talk", "A talk", 3.0, 1.0, 5.0, "frames/x.jpg", 4)

    shown = SimilarOut.of(frame)

    assert shown.image == "/videos/talk/frames/talk_frame_001.jpg"
    assert (shown.distance, shown.t) == (4, 3.0)

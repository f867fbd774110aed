"""A video as the API shows it, in lists and whole."""

from __future__ import annotations

from datetime import UTC, datetime

from reelworks.app.api.schemas.videos import VideoDetail, VideoOut
from reelworks.domain.library.access import Caller, Scope
from reelworks.domain.library.library import (
    StoredFrame,
    StoredScene,
    StoredSegment,
    VideoSummary,
    VideoView,
)
from reelworks.domain.video.scene import Frame, Scene
from reelworks.domain.video.transcript import Segment, Word
from reelworks.domain.video.vision import Box, Control, ControlKind, FrameDescription, ScreenText

NOW = datetime(2026, 11, 27, tzinfo=UTC)
ADMIN = Caller("", (Scope.ADMIN,))
READER = Caller("reader", (Scope.READ,))
SUMMARY = VideoSummary(
    "talk", "A talk", "talks", "ready", None, 60.0, "en", "/films/talk.mp4", NOW, NOW
)
BOX = Box(0.1, 0.2, 0.3, 0.4)
SEEN = FrameDescription(
    None,
    controls=(Control(ControlKind.BUTTON, "Save", BOX, 0.9),),
    text=(ScreenText("Hello", BOX, 0.8),),
)
FRAMES = (
    StoredFrame(
        "talk_frame_000",
        "talk_scene_000",
        "frames/0.jpg",
        Frame(0, 0, 1.0, "00ff00ff00ff00ff", "0" * 64, 640, 360, 12.0),
        "local/sharpest",
        SEEN,
        "local/rapidocr",
    ),
    StoredFrame(
        "talk_frame_001",
        "talk_scene_001",
        "frames/1.jpg",
        Frame(1, 1, 5.0, "00ff00ff00ff00ff", "0" * 64, 640, 360, 12.0, duplicate_of=0),
        "local/sharpest",
    ),
)
SPOKEN = StoredSegment(
    "talk_segment_0000", Segment(0.5, 2.0, "Hello.", (Word("Hello.", 0.5, 0.9),), "en"), "local/w"
)
VIEW = VideoView(
    SUMMARY,
    upload_path="uploads/talk_talk.mp4",
    normalized_path=None,
    digests={"source": "0" * 64},
    probe={"duration": 60.0},
    warnings=("The end is missing.",),
    scenes=(StoredScene("talk_scene_000", Scene(0, 0.0, 4.0), "local/adaptive"),),
    frames=FRAMES,
    segments=(SPOKEN,),
)


def test_a_video_in_a_list_links_its_files():
    shown = VideoOut.of(SUMMARY, ADMIN)

    assert (shown.source, shown.duration) == ("/films/talk.mp4", 60.0)
    assert shown.links["subtitles_vtt"] == "/videos/talk/subtitles.vtt"
    assert shown.links["self"] == "/videos/talk"


def test_a_reader_sees_the_name_of_the_source_and_not_its_folder():
    assert VideoOut.of(SUMMARY, READER).source == "talk.mp4"


def test_a_whole_video_has_scenes_frames_and_speech():
    shown = VideoDetail.of_view(VIEW, ADMIN)

    assert [(one.index, one.t_end) for one in shown.scenes] == [(0, 4.0)]
    assert shown.transcript[0].words[0].text == "Hello."
    assert shown.warnings == ["The end is missing."]
    assert shown.probe == {"duration": 60.0}


def test_a_frame_says_what_it_shows_with_boxes_in_fractions():
    first, _ = VideoDetail.of_view(VIEW, ADMIN).frames

    assert first.image == "/videos/talk/frames/talk_frame_000.jpg"
    assert first.caption is not None
    assert (first.caption.caption, first.caption.model) == (None, "local/rapidocr")
    assert [one.model_dump(mode="json") for one in first.caption.controls] == [
        {
            "kind": "button",
            "label": "Save",
            "box": {"x": 0.1, "y": 0.2, "w": 0.3, "h": 0.4},
            "confidence": 0.9,
        }
    ]
    assert first.caption.text[0].text == "Hello"


def test_a_duplicate_names_the_frame_that_it_repeats_and_has_no_caption():
    _, second = VideoDetail.of_view(VIEW, ADMIN).frames

    assert (second.duplicate_of, second.caption) == ("talk_frame_000", None)

"""Parts of a video as the API shows them."""

from __future__ import annotations

from reelworks.app.api.schemas.video_parts import VideoFrames, VideoScenes, VideoTranscript
from reelworks.domain.library.library import StoredFrame, StoredScene, StoredSegment
from reelworks.domain.video.scene import Frame, Scene
from reelworks.domain.video.transcript import Segment, Word
from reelworks.domain.video.vision import Box, Control, ControlKind, FrameDescription, ScreenText


def frame(index: int, **more) -> StoredFrame:
    found = Frame(
        index=index, scene_index=0, t=1.5, phash="ff", sha256="a", width=640, height=360,
        sharpness=1.0, duplicate_of=more.pop("duplicate_of", None),
    )  # fmt: skip
    return StoredFrame(
        f"v_frame_{index:03d}", "v_scene_000", "frames/v/a.jpg", found, "m@1", **more
    )


def test_a_scene_has_its_number_and_its_times() -> None:
    shown = VideoScenes.of("v", [StoredScene("v_scene_002", Scene(2, 1.0, 2.5), "m@1")])

    assert shown.model_dump() == {
        "video_id": "v",
        "scenes": [{"id": "v_scene_002", "index": 2, "t_start": 1.0, "t_end": 2.5, "model": "m@1"}],
    }


def test_a_frame_says_what_it_shows_where_and_how_sure_that_is() -> None:
    seen = FrameDescription(
        caption=None,
        objects=("lamp",),
        controls=(Control(ControlKind.BUTTON, "Save", Box(0.1, 0.2, 0.3, 0.4), 0.9),),
        text=(ScreenText("Total", Box(0.5, 0.5, 0.1, 0.1)),),
    )
    stored = [frame(0, description=seen, description_model="d@2"), frame(1, duplicate_of=0)]

    first, second = VideoFrames.of("v", stored).model_dump(mode="json")["frames"]

    assert first["image"] == "/videos/v/frames/v_frame_000.jpg"
    assert first["caption"] == {
        "caption": None,
        "objects": ["lamp"],
        "controls": [
            {
                "kind": "button",
                "label": "Save",
                "box": {"x": 0.1, "y": 0.2, "w": 0.3, "h": 0.4},
                "confidence": 0.9,
            }
        ],
        "text": [
            {"text": "Total", "box": {"x": 0.5, "y": 0.5, "w": 0.1, "h": 0.1}, "confidence": None}
        ],
        "model": "d@2",
    }
    assert (second["caption"], second["duplicate_of"]) == (None, "v_frame_000")


def test_a_transcript_has_its_language_and_the_times_of_its_words() -> None:
    word = Word("Hallo", 0.0, 0.4, 0.8)
    said = StoredSegment("v_segment_000", Segment(0.0, 1.0, "Hallo", (word,), "de", "S1"), "m@1")

    shown = VideoTranscript.of("v", "de", [said]).model_dump()

    assert (shown["video_id"], shown["language"]) == ("v", "de")
    (line,) = shown["segments"]
    assert (line["text"], line["language"], line["speaker"]) == ("Hallo", "de", "S1")
    assert line["words"] == [{"text": "Hallo", "t_start": 0.0, "t_end": 0.4, "confidence": 0.8}]

"""Cache status: the amounts that cached results hand to later stages."""

from __future__ import annotations

from typing import Any

from reelworks.domain.video.scene import Frame
from reelworks.domain.video.transcript import Segment, Transcript
from reelworks.domain.video.video import NormalizedAudio
from reelworks.operations.backfill.cache_status import item_counts
from reelworks.pipeline.spec import Stage
from reelworks.pipeline.stage_cache import StageResult


def result(value: Any) -> StageResult[Any]:
    return StageResult(value, {}, "a" * 64, None, True)


def frame(index: int, duplicate_of: int | None = None) -> Frame:
    return Frame(index, index, float(index), "0" * 16, "b" * 64, 640, 360, 1.0, duplicate_of)


def test_nothing_is_known_of_an_empty_cache() -> None:
    assert item_counts({}) == {}


def test_frames_count_without_duplicates() -> None:
    frames = (frame(0), frame(1, duplicate_of=0), frame(2))
    assert item_counts({Stage.FRAMES: result(frames)}) == {"frames": 2}


def test_a_transcript_counts_its_segments() -> None:
    transcript = Transcript("en", (Segment(0, 1, "Hello."), Segment(1, 2, "You.")))
    results = {Stage.EXTRACT_AUDIO: result(None), Stage.TRANSCRIBE: result(transcript)}
    assert item_counts(results) == {"segments": 2}


def test_a_video_without_sound_is_known_before_it_is_transcribed() -> None:
    assert item_counts({Stage.EXTRACT_AUDIO: result(None)}) == {"sound": 0}
    audio = NormalizedAudio(60.0, None)
    assert item_counts({Stage.EXTRACT_AUDIO: result(audio)}) == {}

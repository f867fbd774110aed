"""Store keys: a library that exists is found under them, so each is pinned."""

from __future__ import annotations

import re

import pytest

from reelworks.domain import artifact_keys as keys
from reelworks.pipeline.spec import Stage, spec_of

DIGEST = "ab" * 32


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (keys.upload_key("talk", "a.mp4"), "uploads/talk_a.mp4"),
        (keys.upload_prefix("talk"), "uploads/talk_"),
        (keys.processed_key("talk", keys.PROXY), "processed/talk/proxy.mp4"),
        (keys.processed_key("talk", keys.NORMALIZED), "processed/talk/normalized.mp4"),
        (keys.audio_key("talk"), "processed/talk/audio.wav"),
        (keys.subtitles_key("talk", ".srt"), "subs/talk.srt"),
        (keys.frame_key("talk", keys.frame_name(7)), "frames/talk/scene_007.jpg"),
        (keys.metadata_key("talk"), "videos/talk.json"),
        (keys.report_key("b1"), "reports/b1.json"),
        (keys.call_key(DIGEST), f"cache/calls/{DIGEST}.json"),
        (keys.manifest_key("scenes", DIGEST), f"cache/stages/scenes/{DIGEST}.json"),
        (keys.item_key("vision", DIGEST), f"cache/items/vision/ab/{DIGEST}"),
        (keys.reference_by_video("talk", "scenes", "k"), "cache/uses/talk/scenes/k"),
        (keys.reference_by_entry("scenes", "k", "talk"), "cache/stages/scenes/k.uses/talk"),
    ],
)
def test_each_kind_of_file_has_its_key(key, expected):
    assert key == expected


def test_a_call_s_key_is_what_the_flow_s_form_accepts():
    assert re.fullmatch(keys.CALL_KEY_PATTERN, keys.call_key(DIGEST))
    assert not re.fullmatch(keys.CALL_KEY_PATTERN, "cache/calls/../secret.json")


@pytest.mark.parametrize(
    ("stage", "name", "key"),
    [
        (Stage.INGEST, "a.mp4", keys.upload_key("talk", "a.mp4")),
        (Stage.NORMALIZE, keys.NORMALIZED, keys.processed_key("talk", keys.NORMALIZED)),
        (Stage.EXTRACT_AUDIO, keys.AUDIO, keys.audio_key("talk")),
        (Stage.TRANSCRIBE, keys.SUBTITLES[0], keys.subtitles_key("talk", ".srt")),
        (Stage.TRANSCRIBE, keys.SUBTITLES[1], keys.subtitles_key("talk", ".vtt")),
        (Stage.FRAMES, keys.frame_name(3), keys.frame_key("talk", keys.frame_name(3))),
    ],
)
def test_a_stage_s_files_lie_where_their_readers_look(stage: Stage, name: str, key: str):
    assert spec_of(stage).artifact_key("talk", name) == key

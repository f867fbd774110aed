"""Which sources have another cache key since their audio or video is made otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest

from reelworks.media.encoding import NormalizeParams
from reelworks.media.inspect.probe import probe
from reelworks.stages.source.revised_sources import audio_params, video_params
from tests.support.made_media import MadeMedia

PARAMS = NormalizeParams()


@pytest.mark.parametrize(
    "name",
    [
        *("video/voicestudio-en.mp4", "video/testvideo.mp4", "odd/rot90.mp4", "odd/no_audio.mp4"),
        *("odd/audio_late_1500ms.mp4", "odd/truncated_faststart_50pct.mp4", "speech/jfk.flac"),
        "odd/audio_only.m4a",
    ],
)
def test_ordinary_sources_keep_their_keys(media: Path, name: str) -> None:
    found = probe(media / name)
    assert video_params(found, PARAMS, None) == {}
    assert audio_params(found, None) == {}
    assert audio_params(found, 1) == {}, "there is no other track"


@pytest.mark.parametrize(
    "name", ["late_picture.mp4", "cover.mp4", "growing.ts", "cropped.mkv", "early_sound.mkv"]
)
def test_revised_sources_have_new_ones(made: MadeMedia, name: str) -> None:
    assert video_params(probe(made(name)), PARAMS, None) == {"revision": 2}


def test_two_tracks_are_a_choice_in_an_mp4_as_well(media: Path) -> None:
    found = probe(media / "video" / "nasa_13013.mp4")
    assert set(video_params(found, PARAMS, None)) == {"revision", "audio_choice", "audio_track"}


def test_the_users_track_is_part_of_both_keys(made: MadeMedia) -> None:
    found = probe(made("second_track_speaks.mkv"))
    assert audio_params(found, None) == {"audio_choice": 1, "audio_track": None}
    assert audio_params(found, 2) == {"audio_choice": 1, "audio_track": 2}
    assert video_params(found, PARAMS, 2) == {
        "revision": 2,
        "audio_choice": 1,
        "audio_track": 2,
    }

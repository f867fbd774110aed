"""The track and the channels that carry the speech."""

from __future__ import annotations

from pathlib import Path

import pytest

from reelworks.domain.jobs.progress import silent
from reelworks.domain.video.video import AudioMix, Probe
from reelworks.errors import InputError
from reelworks.media.inspect.probe import probe
from reelworks.stages.source.choose_audio import choose_audio, needs_choice
from tests.support.made_media import MadeMedia


def chosen(source: Path, folder: Path, track: int | None = None) -> Probe:
    found = choose_audio(source, probe(source), track, folder, silent)
    assert not folder.exists() or list(folder.iterdir()) == []
    return found


def test_a_silent_default_track_gives_way_to_the_one_that_speaks(
    made: MadeMedia, tmp_path: Path
) -> None:
    found = chosen(made("second_track_speaks.mkv"), tmp_path / "survey")
    assert found.audio is not None
    assert found.audio.index == 2
    assert found.mix is not None
    assert (found.mix.track, found.mix.method, found.mix.unheard) == (2, "downmix", ())
    assert found.mix.reason is not None
    assert "the default track 1 has 0 s" in found.mix.reason


@pytest.mark.parametrize("number", [1, 2])
def test_the_users_track_is_taken(made: MadeMedia, tmp_path: Path, number: int) -> None:
    found = chosen(made("second_track_speaks.mkv"), tmp_path / "survey", number)
    assert found.audio is not None
    assert found.audio.index == number
    assert found.mix == AudioMix(number, reason=f"Audio track {number} was chosen by the user.")


@pytest.mark.parametrize(
    ("name", "tracks"),
    [("second_track_speaks.mkv", "2 audio tracks"), ("memo.amr", "1 audio track")],
)
def test_a_track_that_is_not_there_is_an_error(
    made: MadeMedia, tmp_path: Path, name: str, tracks: str
) -> None:
    with pytest.raises(InputError, match=f"has {tracks}, so there is no audio track 3"):
        chosen(made(name), tmp_path / "survey", 3)


def test_another_language_is_named_as_not_heard(made: MadeMedia, tmp_path: Path) -> None:
    found = chosen(made("dubbed.mkv"), tmp_path / "survey")
    assert found.audio is not None
    assert found.audio.language == "eng"
    assert found.mix is not None
    (unheard,) = found.mix.unheard
    assert unheard.startswith("Speech on audio track 2 (")
    assert unheard.endswith("choose that track instead with --audio-track 2.")


@pytest.mark.parametrize(
    ("name", "count", "number"),
    [("10_channels.wav", 10, 10), ("6_channels.wav", 6, 4), ("3_channels.wav", 3, 3)],
)
def test_a_channel_that_the_downmix_leaves_out_is_used(
    made: MadeMedia, tmp_path: Path, name: str, count: int, number: int
) -> None:
    found = chosen(made(name), tmp_path / "survey")
    assert found.mix == AudioMix(
        1,
        "channels",
        (number,),
        f"Channel {number} of {count} used: the usual downmix leaves speech out.",
    )


@pytest.mark.parametrize("name", ["surround.mka", "two_tracks.mkv"])
def test_where_nothing_is_lost_the_default_stays(
    made: MadeMedia, tmp_path: Path, name: str
) -> None:
    before = probe(made(name))
    found = chosen(made(name), tmp_path / "survey")
    assert found.audio == before.audio
    assert found.mix is not None
    assert (found.mix.method, found.mix.reason, found.mix.unheard) == ("downmix", None, ())


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("speech/jfk.flac", False),
        ("odd/rot90.mp4", False),
        ("odd/no_audio.mp4", False),
        ("made/antiphase.wav", False),
        ("made/surround.mka", True),
        ("made/two_tracks.mkv", True),
    ],
)
def test_most_sources_leave_no_choice(
    media: Path, made: MadeMedia, name: str, wanted: bool
) -> None:
    source = made(name.removeprefix("made/")) if name.startswith("made/") else media / name
    assert needs_choice(probe(source)) is wanted

"""What is found out about files, real and odd."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from reelworks.errors import (
    SourceNotFoundError,
    SourceUnreadableError,
    UnsafeMediaError,
    UnsupportedMediaError,
)
from reelworks.media.inspect.container import open_container
from reelworks.media.inspect.probe import probe
from tests.support.made_media import MadeMedia


@pytest.mark.parametrize(
    ("name", "size", "rate", "duration", "sound"),
    [
        ("video/counter.mp4", (1920, 1080), 10.0, 3.0, None),
        ("video/testvideo.mp4", (1280, 720), 29.97, 24.02, None),
        ("video/voicestudio-en.mp4", (1280, 720), 25.0, 11.4, "aac"),
        ("odd/single_frame.mp4", (854, 480), 24.0, 0.04, None),
        ("odd/truncated_faststart_50pct.mp4", (854, 480), 24.0, 10.0, None),
        ("odd/no_audio.mp4", (320, 180), 25.0, 5.08, None),
    ],
)
def test_plain_videos(
    media: Path, name: str, size: tuple[int, int], rate: float, duration: float, sound: str | None
) -> None:
    found = probe(media / name)
    assert found.video is not None
    assert (found.video.width, found.video.height) == size
    assert found.video.frame_rate == pytest.approx(rate, abs=0.01)
    assert found.duration == pytest.approx(duration, abs=0.01)
    assert found.video.start == 0
    assert (found.video.codec, found.video.pixel_aspect) == ("h264", "1:1")
    assert not (found.video.interlaced or found.video.hdr or found.video.rotation)
    assert (found.audio.codec if found.audio else None) == sound


def test_of_two_pictures_the_larger_and_of_two_sounds_the_first(media: Path) -> None:
    found = probe(media / "video" / "nasa_13013.mp4")
    assert found.video is not None
    assert found.audio is not None
    assert (found.video.index, found.video.width) == (3, 480)
    assert (found.audio.index, found.audio.sample_rate) == (1, 8000)
    assert [track.index for track in found.video_tracks] == [0, 3]
    assert [track.index for track in found.audio_tracks] == [1, 4]


def test_the_default_sound_wins(made: MadeMedia) -> None:
    found = probe(made("two_tracks.mkv"))
    assert found.audio is not None
    assert (found.audio.index, found.audio.language, found.audio.default) == (2, "spa", True)
    assert [track.default for track in found.audio_tracks] == [False, True]


@pytest.mark.parametrize(("number", "index"), [(1, 1), (2, 2)])
def test_a_stated_audio_track_wins(made: MadeMedia, number: int, index: int) -> None:
    found = probe(made("two_tracks.mkv"), audio_track=number)
    assert found.audio is not None
    assert found.audio.index == index
    assert found.audio_number(found.audio) == number


def test_a_voice_memo_is_sound(made: MadeMedia) -> None:
    found = probe(made("memo.amr"))
    assert found.video is None
    assert found.audio is not None
    assert (found.audio.codec, found.audio.channels) == ("amr_nb", 1)
    assert found.duration == pytest.approx(10.0)


def test_sound_only(media: Path) -> None:
    found = probe(media / "odd" / "audio_only.m4a")
    assert found.video is None
    assert found.audio is not None
    assert found.duration == pytest.approx(11.0)


def test_a_cover_picture_is_no_video(made: MadeMedia) -> None:
    found = probe(made("cover.mp3"))
    assert found.video is None
    assert found.video_tracks == ()
    assert found.audio is not None


@pytest.mark.parametrize(
    ("name", "degrees"), [("turned_180.mp4", 180), ("turned_270.mp4", 90), ("portrait.mp4", 0)]
)
def test_rotation_is_clockwise(made: MadeMedia, name: str, degrees: int) -> None:
    """ffmpeg's ``-display_rotation`` counts the other way round."""
    found = probe(made(name)).video
    assert found is not None
    assert found.rotation == degrees


@pytest.mark.parametrize(
    ("name", "degrees"),
    [("mirrored.mp4", 0), ("upside_down.mp4", 180), ("turned_mirrored.mp4", 270)],
)
def test_a_mirror_comes_after_the_turn(made: MadeMedia, name: str, degrees: int) -> None:
    """Upside down is turned by half and then mirrored left to right."""
    found = probe(made(name)).video
    assert found is not None
    assert (found.rotation, found.mirrored) == (degrees, True)


def test_broadcast_stream(made: MadeMedia) -> None:
    found = probe(made("interlaced.ts"))
    assert found.video is not None
    assert found.audio is not None
    assert (found.video.codec, found.video.interlaced) == ("mpeg2video", True)
    assert found.video.pixel_aspect == "64:45"
    assert found.audio.codec == "ac3"
    assert min(found.video.start, found.audio.start) == pytest.approx(0, abs=1e-6)


def test_hdr(made: MadeMedia) -> None:
    found = probe(made("hdr.mp4")).video
    assert found is not None
    assert (found.hdr, found.pixel_format, found.codec) == (True, "yuv420p10le", "hevc")


def test_variable_rate(made: MadeMedia, media: Path) -> None:
    varying, steady = probe(made("vfr.mp4")).video, probe(media / "video" / "testvideo.mp4").video
    assert varying is not None
    assert steady is not None
    assert (varying.variable_rate, steady.variable_rate) == (True, False)


@pytest.mark.parametrize(
    ("name", "picture", "heard"),
    [
        ("late_sound.mp4", 0.0, 1.5),
        ("early_sound.mkv", 0.5, 0.0),
        ("early_sound.ts", 0.5, 0.0),
    ],
)
def test_starts(made: MadeMedia, name: str, picture: float, heard: float) -> None:
    found = probe(made(name))
    assert found.video is not None
    assert found.audio is not None
    assert found.video.start == pytest.approx(picture, abs=0.011)
    assert found.audio.start == pytest.approx(heard, abs=0.025)


def test_a_matroska_tracks_length_comes_from_its_tag(made: MadeMedia) -> None:
    found = probe(made("early_sound.mkv")).video
    assert found is not None
    assert found.duration == pytest.approx(3.0, abs=0.02)


def test_gif_is_a_video_and_a_still_picture_is_not(made: MadeMedia) -> None:
    found = probe(made("moving.gif"))
    assert found.video is not None
    assert (found.video.codec, found.duration) == ("gif", pytest.approx(3.0, abs=0.11))
    with pytest.raises(UnsupportedMediaError, match=r"still\.png"):
        probe(made("still.png"))


@pytest.mark.parametrize(
    ("name", "error", "reason"),
    [
        ("odd/empty.mp4", UnsupportedMediaError, "is empty"),
        ("odd/text.mp4", UnsupportedMediaError, "is not a readable video or audio file"),
        ("speech/sonnet001.vtt", UnsupportedMediaError, "is not a readable video or audio file"),
        ("hostile/hls_local_file.mp4", UnsafeMediaError, "HLS playlist"),
        ("hostile/concat_script.mp4", UnsafeMediaError, "concat script"),
        ("odd/gone.mp4", SourceNotFoundError, "does not exist"),
        ("odd", SourceUnreadableError, "is a folder"),
    ],
)
def test_bad_input_names_the_file_and_the_reason(
    media: Path, name: str, error: type[Exception], reason: str
) -> None:
    with pytest.raises(error, match=reason) as caught:
        probe(media / name)
    assert str(media / name) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_nothing_that_decodes_is_unsupported(made: MadeMedia) -> None:
    with pytest.raises(UnsupportedMediaError, match="nothing in it can be decoded"):
        probe(made("wiped.mp4"))


def test_a_script_that_looks_like_nothing_is_still_not_opened(tmp_path: Path) -> None:
    """The reader's own restrictions hold where our look at the file would be fooled."""
    (tmp_path / "secret.ts").write_bytes(b"secret")
    script = tmp_path / "x.m3u8"
    script.write_bytes(b"\n" * 70_000 + b"#EXTM3U\n#EXTINF:1,\nsecret.ts\n")
    with pytest.raises(UnsupportedMediaError), open_container(script):
        pass


def test_a_file_that_may_not_be_read(media: Path, tmp_path: Path) -> None:
    locked = tmp_path / "locked.mp4"
    shutil.copy(media / "video" / "counter.mp4", locked)
    locked.chmod(0)
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        with pytest.raises(SourceUnreadableError, match="may not be read"):
            probe(locked)
    finally:
        if root:
            os.seteuid(0)


def test_damage_is_silent(made: MadeMedia, capfd: pytest.CaptureFixture[str]) -> None:
    assert probe(made("bitflips.mp4")).video is not None
    assert capfd.readouterr() == ("", "")

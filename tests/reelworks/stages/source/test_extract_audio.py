"""The wav that speech models hear, in step with the frame."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from reelworks.domain.jobs.progress import silent
from reelworks.errors import CancelledError, NoSpaceError
from reelworks.media.inspect.probe import probe
from reelworks.stages.source.choose_audio import choose_audio
from reelworks.stages.source.extract_audio import ExtractedAudio, extract_audio
from reelworks.stages.source.normalize import NormalizeParams, normalize
from tests.support.decoded import Floats, onset, pitch, sound, wav
from tests.support.made_media import MadeMedia, ffmpeg

FRAME = 1 / 30
RATE = 16_000
_INDEX_IN_FRONT = ["-c", "copy", "-movflags", "+faststart"]


def run(source: Path, folder: Path) -> tuple[ExtractedAudio, Floats]:
    made = extract_audio(source, probe(source), folder, silent)
    assert made.audio is not None
    assert made.wav_path == folder / "audio.wav"
    samples = wav(made.wav_path)
    assert made.audio.duration == pytest.approx(len(samples) / RATE)
    return made, samples


@pytest.mark.parametrize(
    ("name", "seconds"),
    [
        ("speech/jfk.flac", 11.0),
        ("speech/fw-multilingual.mp3", 59.9),
        ("odd/audio_only.m4a", 11.0),
        ("video/voicestudio-en.mp4", 11.4),
        ("video/nasa_13013.mp4", 13.056),
        ("odd/audio_late_1500ms.mp4", 8.0),
    ],
)
def test_real_files_give_all_their_sound(
    media: Path, tmp_path: Path, name: str, seconds: float
) -> None:
    made, samples = run(media / name, tmp_path)
    assert len(samples) / RATE == pytest.approx(seconds, abs=0.06)
    assert made.audio is not None
    assert made.audio.warnings == ()
    assert np.abs(samples).max() > 0.05


@pytest.mark.parametrize(
    ("name", "starts"),
    [
        ("late_sound.mp4", 1.5),
        ("early_sound.mkv", 1.0),
        ("early_sound.ts", 1.0),
        ("two_tracks.mkv", 0.0),
    ],
)
def test_sample_0_is_the_earliest_track(
    made: MadeMedia, tmp_path: Path, name: str, starts: float
) -> None:
    _, samples = run(made(name), tmp_path)
    assert onset(samples, RATE) == pytest.approx(starts, abs=FRAME)


@pytest.mark.parametrize(
    "name", ["late_sound.mp4", "early_sound.mkv", "early_sound.ts", "sound_with_hole.mkv"]
)
def test_the_wav_is_in_step_with_the_normalized_video(
    made: MadeMedia, tmp_path: Path, name: str
) -> None:
    _, samples = run(made(name), tmp_path)
    normalize(made(name), probe(made(name)), NormalizeParams(), tmp_path, silent)
    heard = sound(tmp_path / "normalized.mp4", rate=RATE)
    assert onset(samples, RATE) == pytest.approx(onset(heard, RATE), abs=0.005)


def test_late_speech_lies_where_the_source_has_it(media: Path, tmp_path: Path) -> None:
    """The lag between our wav and the source's own clock, by cross-correlation."""
    source = media / "odd" / "audio_late_1500ms.mp4"
    _, samples = run(source, tmp_path)
    heard = sound(source, rate=RATE)
    length = min(len(samples), len(heard))
    spectrum = np.fft.rfft(samples[:length], 2 * length)
    lags = np.fft.irfft(spectrum * np.conj(np.fft.rfft(heard[:length], 2 * length)))
    lag = int(np.argmax(lags))
    assert min(lag, 2 * length - lag) / RATE < FRAME
    assert np.abs(samples[: int(1.4 * RATE)]).max() == 0


def test_holes_are_filled_with_silence(made: MadeMedia, tmp_path: Path) -> None:
    _, samples = run(made("sound_with_hole.mkv"), tmp_path)
    assert np.abs(samples[int(1.1 * RATE) : int(1.9 * RATE)]).max() < 0.01
    assert onset(samples, RATE, after=1.5) == pytest.approx(2.0, abs=FRAME)


def test_the_default_track_is_taken(made: MadeMedia, tmp_path: Path) -> None:
    extracted, samples = run(made("two_tracks.mkv"), tmp_path)
    assert pitch(samples[RATE : 2 * RATE], RATE) == pytest.approx(880, abs=2)
    assert extracted.audio is not None
    assert extracted.audio.track is not None
    assert extracted.audio.track.language == "spa"


def test_channels_that_change_half_way_lose_no_time(made: MadeMedia, tmp_path: Path) -> None:
    _, samples = run(made("changing.ts"), tmp_path)
    assert len(samples) / RATE == pytest.approx(6.0, abs=0.1)


def test_silence_is_silence(made: MadeMedia, tmp_path: Path) -> None:
    _, samples = run(made("silent.mp4"), tmp_path)
    assert len(samples) / RATE == pytest.approx(3.0, abs=0.05)
    assert np.abs(samples).max() < 0.001


def test_no_sound_is_a_result(media: Path, tmp_path: Path) -> None:
    source = media / "odd" / "no_audio.mp4"
    assert extract_audio(source, probe(source), tmp_path, silent) == ExtractedAudio(None, None)
    assert list(tmp_path.iterdir()) == []


def test_the_same_source_gives_the_same_bytes(media: Path, tmp_path: Path) -> None:
    source = media / "video" / "voicestudio-en.mp4"
    for turn in ("1", "2"):
        run(source, tmp_path / turn)
    once, again = ((tmp_path / turn / "audio.wav").read_bytes() for turn in ("1", "2"))
    assert once == again


def test_truncated_audio_is_reported(media: Path, tmp_path: Path) -> None:
    whole = tmp_path / "whole.mp4"
    ffmpeg(["-i", str(media / "video" / "voicestudio-en.mp4"), *_INDEX_IN_FRONT], whole)
    data = whole.read_bytes()
    source = tmp_path / "cut.mp4"
    source.write_bytes(data[: len(data) // 2])
    made, samples = run(source, tmp_path / "out")
    assert made.audio is not None
    assert len(samples) / RATE < 11
    assert any("11.4 s" in warning for warning in made.audio.warnings)


def test_cancelling_and_a_full_disk_leave_no_wav(media: Path, tmp_path: Path) -> None:
    def cancel(done: float, total: float) -> None:
        raise CancelledError("stop")

    source = media / "speech" / "jfk.flac"
    with pytest.raises(CancelledError):
        extract_audio(source, probe(source), tmp_path, cancel)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "audio.wav").symlink_to("/dev/full")
    with pytest.raises(NoSpaceError):
        extract_audio(source, probe(source), tmp_path, silent)


def test_sound_before_the_first_picture_is_kept(
    media: Path, made: MadeMedia, tmp_path: Path
) -> None:
    _, late = run(made("late_picture.mp4"), tmp_path / "late")
    _, whole = run(media / "video" / "voicestudio-en.mp4", tmp_path / "whole")
    np.testing.assert_array_equal(late, whole)


def similarity(one: Floats, other: Floats) -> float:
    length = min(len(one), len(other))
    return float(np.corrcoef(one[:length], other[:length])[0, 1])


@pytest.mark.parametrize(
    ("name", "method", "channels"),
    [
        ("antiphase.wav", "difference", ()),
        ("one_side.wav", "channels", (2,)),
        ("10_channels.wav", "channels", (10,)),
        ("6_channels.wav", "channels", (4,)),
        ("3_channels.wav", "channels", (3,)),
        ("surround.mka", "downmix", ()),
        ("two_microphones.wav", "downmix", ()),
    ],
)
def test_what_is_spoken_is_heard_whatever_the_channels(
    media: Path,
    made: MadeMedia,
    tmp_path: Path,
    name: str,
    method: str,
    channels: tuple[int, ...],
) -> None:
    source = made(name)
    chosen = choose_audio(source, probe(source), None, tmp_path / "survey", silent)
    extracted = extract_audio(source, chosen, tmp_path, silent)
    assert extracted.audio is not None
    assert extracted.audio.mix is not None
    assert (extracted.audio.mix.method, extracted.audio.mix.channels) == (method, channels)
    assert extracted.audio.warnings == ()
    assert extracted.wav_path is not None
    _, speech = run(media / "speech" / "jfk.flac", tmp_path / "speech")
    if name != "two_microphones.wav":  # whose sum is a comb of the two
        assert similarity(wav(extracted.wav_path), speech) > 0.95
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["audio.wav"]


def test_two_speakers_are_kept_apart(media: Path, made: MadeMedia, tmp_path: Path) -> None:
    made_of = ("two_cities.flac", "jfk.flac")
    extracted, _ = run(made("two_speakers.wav"), tmp_path)
    assert extracted.audio is not None
    assert extracted.audio.mix is not None
    assert extracted.audio.mix.method == "separate"
    assert [path.name for path in extracted.channel_paths] == ["audio_left.wav", "audio_right.wav"]
    for path, name in zip(extracted.channel_paths, made_of, strict=True):
        _, alone = run(media / "speech" / name, tmp_path / name)
        assert similarity(wav(path), alone) > 0.99

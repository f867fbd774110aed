"""Quality and behaviour of the local transcriber, with the real weights on real speech."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import jiwer
import numpy as np
import pytest

from reelworks.domain.digest import ModelRef
from reelworks.domain.jobs.progress import silent
from reelworks.domain.video.transcript import Transcript
from reelworks.errors import CancelledError, InputError, UnsupportedMediaError
from reelworks.models.runtime.pool import ModelPool
from reelworks.models.speech.waveform import read_pcm, sample_count, write_wav
from reelworks.models.speech.whisper import WhisperTranscriber

RATE = 16_000
AsWav = Callable[[str], Path]


@pytest.fixture(scope="module")
def whisper(models_dir: Path) -> WhisperTranscriber:
    return WhisperTranscriber("whisper-base", models_dir, threads=1)


def plain(text: str) -> str:
    """Lower case, no marks, no line numbers: what counts as the same words."""
    text = re.sub(r"f\d{6}|[^\w' ]", " ", text.lower().replace("’", "'"))  # noqa: RUF001 - the mark is meant
    return " ".join(word.strip("'") for word in text.split())


def reference(media: Path, name: str) -> str:
    truth = json.loads((media / "ground_truth.json").read_text())
    if "sonnet" in name:
        return (media / "speech/sonnet_en.txt").read_text()
    if "voicestudio" in name:
        lines = (media / "speech/voicestudio-en.srt").read_text().splitlines()
        return " ".join(line for line in lines if line and "-->" not in line and not line.isdigit())
    stem = Path(name).with_suffix("")
    return next(str(v["text"]) for k, v in truth.items() if Path(k).with_suffix("") == stem)


def check_times(transcript: Transcript, duration: float) -> None:
    """Times rise, words do not overlap, all lie within the audio."""
    words = [word for segment in transcript.segments for word in segment.words]
    at = 0.0
    for word in words:
        assert at <= word.t_start <= word.t_end <= duration
        assert word.confidence is not None and 0 <= word.confidence <= 1
        at = word.t_end
    for segment in transcript.segments:
        assert segment.t_start == segment.words[0].t_start
        assert segment.t_end == segment.words[-1].t_end


@pytest.mark.parametrize(
    ("name", "most"),
    [
        ("speech/jfk.flac", 0.0),
        pytest.param("speech/two_cities.flac", 0.04, marks=pytest.mark.slow),
        # Shakespeare's spelling; sequential beam 5 has 9.5 %
        pytest.param("speech/sonnet_en.mp3", 0.16, marks=pytest.mark.slow),
        # "Voice Studio" counts as two errors
        pytest.param("video/voicestudio-en.mp4", 0.08, marks=pytest.mark.slow),
    ],
)
def test_word_error_rate(
    whisper: WhisperTranscriber, media: Path, as_wav: AsWav, name: str, most: float
) -> None:
    wav = as_wav(name)
    result = whisper.transcribe(wav, language=None, progress=silent)
    assert result.language == "en"
    assert jiwer.wer(plain(reference(media, name)), plain(result.text)) <= most
    check_times(result, sample_count(wav) / RATE)


def test_a_word_is_where_it_was_said(whisper: WhisperTranscriber, as_wav: AsWav) -> None:
    result = whisper.transcribe(as_wav("speech/jfk.flac"), language="en", progress=silent)
    (word,) = [w for s in result.segments for w in s.words if w.text.startswith("Americans")]
    assert word.t_start < 1.8 < word.t_end


def test_times_count_from_the_first_sample(
    whisper: WhisperTranscriber, as_wav: AsWav, tmp_path: Path
) -> None:
    speech = read_pcm(as_wav("speech/jfk.flac"))
    write_wav(tmp_path / "late.wav", bytes(2 * 40 * RATE) + speech + bytes(2 * 3 * RATE) + speech)
    result = whisper.transcribe(tmp_path / "late.wav", language=None, progress=silent)
    said = [w for s in result.segments for w in s.words if w.text.startswith("Americans")]
    assert len(said) == 2
    assert said[0].t_start < 41.8 < said[0].t_end
    assert said[1].t_start < 55.8 < said[1].t_end


@pytest.mark.slow
def test_both_languages_of_a_mixed_file_stay(whisper: WhisperTranscriber, as_wav: AsWav) -> None:
    result = whisper.transcribe(
        as_wav("speech/fw-multilingual.mp3"), language=None, progress=silent
    )
    text = result.text.lower()
    for said in ("permission is hereby granted", "free of charge", "above copyright notice"):
        assert said in text
    for said in ("software", "rechte", "zu veröffentlichen", "verkaufen", "bedingungen"):
        assert said in text[text.index("above copyright notice") :]
    assert {segment.language for segment in result.segments} == {"en", "de"}
    assert len(text.split()) > 130


@pytest.mark.parametrize("kind", ["silence", "noise", "music", "nothing"])
def test_nothing_is_invented_where_nobody_speaks(
    models_dir: Path, tmp_path: Path, kind: str
) -> None:
    t = np.arange(30 * RATE) / RATE
    beat = np.exp(-4 * (t % 0.5))
    sound = {
        "silence": np.zeros(30 * RATE),
        "noise": np.random.default_rng(1).normal(0, 0.1, 30 * RATE),
        "music": sum(0.1 * np.sin(2 * np.pi * f * t) * beat for f in (196, 247, 294, 392)),
        "nothing": np.zeros(0),
    }[kind]
    write_wav(tmp_path / "x.wav", (sound * 32767).astype("<i2").tobytes())
    pool = ModelPool()
    whisper = WhisperTranscriber("whisper-base", models_dir, pool=pool)
    result = whisper.transcribe(tmp_path / "x.wav", language=None, progress=silent)
    assert result == Transcript(language=None)
    assert pool.loaded() == ()  # the decoder was not even loaded


def test_speech_in_noise_gains_no_words_around_it(
    whisper: WhisperTranscriber, as_wav: AsWav, tmp_path: Path
) -> None:
    speech = np.frombuffer(read_pcm(as_wav("speech/jfk.flac")), "<i2").astype(float)
    noise = np.random.default_rng(2).normal(0, 200, len(speech) + 30 * RATE)
    noise[15 * RATE : 15 * RATE + len(speech)] += speech
    write_wav(tmp_path / "x.wav", np.clip(noise, -32768, 32767).astype("<i2").tobytes())
    result = whisper.transcribe(tmp_path / "x.wav", language=None, progress=silent)
    assert plain(result.text).split()[0] == "and"
    assert plain(result.text).endswith("for your country")
    assert result.segments[0].t_start > 14.5
    assert result.segments[-1].t_end < 27.0


def test_progress_counts_seconds_and_can_stop_the_work(
    whisper: WhisperTranscriber, as_wav: AsWav
) -> None:
    wav = as_wav("speech/jfk.flac")
    seen: list[tuple[float, float]] = []
    whisper.transcribe(wav, language="en", progress=lambda *at: seen.append(at))
    assert seen[0] == (0.0, 11.0)
    assert seen[-1] == (11.0, 11.0)
    assert seen == sorted(seen)

    def stop(done: float, total: float) -> None:
        raise CancelledError("Stopped.")

    with pytest.raises(CancelledError):
        whisper.transcribe(wav, language="en", progress=stop)


def test_the_same_sound_gives_the_same_words(whisper: WhisperTranscriber, as_wav: AsWav) -> None:
    wav = as_wav("speech/jfk.flac")
    first = whisper.transcribe(wav, language=None, progress=silent)
    assert whisper.transcribe(wav, language=None, progress=silent) == first


def test_a_language_that_the_model_does_not_know_is_an_input_error(
    whisper: WhisperTranscriber, as_wav: AsWav
) -> None:
    with pytest.raises(InputError, match="'xx'"):
        whisper.transcribe(as_wav("speech/jfk.flac"), language="xx", progress=silent)


@pytest.mark.parametrize("samples", [1, 100, 1_000, 4_000, 9_000])
def test_very_short_sound_is_no_trouble(
    whisper: WhisperTranscriber, as_wav: AsWav, tmp_path: Path, samples: int
) -> None:
    write_wav(tmp_path / "x.wav", read_pcm(as_wav("speech/jfk.flac"), 24_000, 24_000 + samples))
    result = whisper.transcribe(tmp_path / "x.wav", language=None, progress=silent)
    check_times(result, samples / RATE)


def test_what_is_no_wav_is_an_input_error(whisper: WhisperTranscriber, tmp_path: Path) -> None:
    (tmp_path / "x.wav").write_text("no sound")
    with pytest.raises(UnsupportedMediaError):
        whisper.transcribe(tmp_path / "x.wav", language=None, progress=silent)


def test_the_model_names_its_weights(whisper: WhisperTranscriber) -> None:
    assert whisper.model == ModelRef("local", "whisper-base", "d01c3014881c")
    assert whisper.limits.max_seconds is None

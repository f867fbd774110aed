"""Hosted speech to text: real audio goes out, a transcript with times comes back."""

from __future__ import annotations

import io
import wave
from pathlib import Path

import av
import numpy as np
import pytest

from reelworks.errors import (
    ProviderAuthError,
    ProviderRejectedError,
    RateLimitedError,
    SourceNotFoundError,
    UnsupportedMediaError,
)
from reelworks.providers.openai.audio import MAX_SECONDS, OpenAiTranscriber, flac_of
from reelworks.providers.openai.client import HostedApi
from reelworks.settings import Settings
from tests.support.openai_server import AUDIO, Fault, OpenAiServer, error, rate_limited


def write_wav(path: Path, samples: np.ndarray) -> Path:
    with wave.open(str(path), "wb") as target:
        target.setnchannels(1)
        target.setsampwidth(2)
        target.setframerate(16_000)
        target.writeframes(samples.astype("<i2").tobytes())
    return path


def samples_of(sound: str | io.BytesIO) -> np.ndarray:
    resampler = av.AudioResampler(format="s16", layout="mono", rate=16_000)
    with av.open(sound) as container:
        frames = [f for frame in container.decode(audio=0) for f in resampler.resample(frame)]
    return np.concatenate([frame.to_ndarray()[0] for frame in frames + resampler.resample(None)])


@pytest.fixture(scope="module")
def jfk(media: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("audio")
    return write_wav(folder / "jfk.wav", samples_of(str(media / "speech" / "jfk.flac")))


@pytest.fixture
def transcriber(hosted: Settings, api: HostedApi) -> OpenAiTranscriber:
    return OpenAiTranscriber(hosted, "whisper-1", api=api)


class Watch:
    def __init__(self) -> None:
        self.calls: list[tuple[float, float]] = []

    def __call__(self, done: float, total: float) -> None:
        self.calls.append((done, total))


def test_words_carry_times_and_the_segments_punctuation(
    transcriber: OpenAiTranscriber, openai_server: OpenAiServer, jfk: Path
) -> None:
    watch = Watch()
    transcript = transcriber.transcribe(jfk, language=None, progress=watch)

    assert transcript.language == "en"
    assert transcript.text == "Open the settings.\nand save your work."
    assert [word.text for word in transcript.segments[0].words] == ["Open", "the", "settings."]
    assert transcript.segments[1].words[0].t_start == 1.4
    assert transcript.segments[1].language == "en"
    assert watch.calls == [(0.0, 11.0), (11.0, 11.0)]

    sent = openai_server.seen(AUDIO)[0].body
    assert sent["response_format"] == "verbose_json"
    assert sent["timestamp_granularities"] == ["word", "segment"]
    assert "language" not in sent


def test_what_is_sent_is_the_same_sound_in_fewer_bytes(
    transcriber: OpenAiTranscriber, openai_server: OpenAiServer, jfk: Path
) -> None:
    transcriber.transcribe(jfk, language="en", progress=Watch())
    sent = openai_server.seen(AUDIO)[0]
    assert sent.upload.startswith(b"fLaC")
    assert len(sent.upload) < 0.75 * jfk.stat().st_size
    np.testing.assert_array_equal(samples_of(io.BytesIO(sent.upload)), samples_of(str(jfk)))
    assert sent.body["language"] == "en"


def test_the_longest_piece_stays_under_the_limit_even_as_noise(tmp_path: Path) -> None:
    seconds = 20
    noise = np.random.default_rng(1).integers(-32768, 32768, 16_000 * seconds)
    flac, duration = flac_of(write_wav(tmp_path / "noise.wav", noise))
    assert duration == seconds
    assert len(flac) / seconds * MAX_SECONDS < 20e6


def test_a_server_that_times_segments_only_gets_its_words_spread(
    transcriber: OpenAiTranscriber, openai_server: OpenAiServer, jfk: Path
) -> None:
    openai_server.fault(AUDIO, Fault(edit=lambda answer: answer | {"words": None}))
    first = transcriber.transcribe(jfk, language=None, progress=Watch()).segments[0]
    assert [word.text for word in first.words] == ["Open", "the", "settings."]
    assert first.words[0].t_start == first.t_start == 0.2
    assert first.words[-1].t_end == pytest.approx(first.t_end)


@pytest.mark.parametrize("model", ["gpt-4o-transcribe", "whisper-1"])
def test_a_model_without_times_is_a_matter_of_settings(
    hosted: Settings, openai_server: OpenAiServer, jfk: Path, model: str
) -> None:
    """One refuses the form of answer; another takes it and then leaves the times out."""
    timeless = Fault(edit=lambda answer: {"text": answer["text"]})
    openai_server.fault(AUDIO, timeless, where=lambda seen: seen.body["model"] == "whisper-1")
    with pytest.raises(ProviderRejectedError, match="TRANSCRIBE_MODEL"):
        OpenAiTranscriber(hosted, model).transcribe(jfk, language=None, progress=Watch())
    assert openai_server.count(AUDIO) == 1


def test_no_speech_is_a_result(
    transcriber: OpenAiTranscriber, openai_server: OpenAiServer, jfk: Path
) -> None:
    openai_server.speech = []
    transcript = transcriber.transcribe(jfk, language=None, progress=Watch())
    assert transcript.segments == ()
    assert transcript.language is None


def test_sound_too_short_to_ask_about_is_not_sent(
    transcriber: OpenAiTranscriber, openai_server: OpenAiServer, tmp_path: Path
) -> None:
    blip = write_wav(tmp_path / "blip.wav", np.zeros(800))
    assert transcriber.transcribe(blip, language=None, progress=Watch()).segments == ()
    nothing = write_wav(tmp_path / "nothing.wav", np.zeros(0))
    assert transcriber.transcribe(nothing, language=None, progress=Watch()).segments == ()
    assert openai_server.count(AUDIO) == 0


def test_a_retried_upload_is_sent_whole_again(
    transcriber: OpenAiTranscriber, openai_server: OpenAiServer, jfk: Path
) -> None:
    openai_server.fault(AUDIO, rate_limited(0.05))
    transcriber.transcribe(jfk, language=None, progress=Watch())
    first, second = openai_server.seen(AUDIO)
    assert len(first.upload) > 100_000
    assert first.upload == second.upload


def test_faults_are_distinguished(
    transcriber: OpenAiTranscriber, openai_server: OpenAiServer, jfk: Path
) -> None:
    for fault, kind in [
        (error(401, "No."), ProviderAuthError),
        (error(413, "Maximum content size limit exceeded."), ProviderRejectedError),
        (rate_limited(600), RateLimitedError),
    ]:
        openai_server.heal()
        openai_server.fault(AUDIO, fault, times=None)
        with pytest.raises(kind):
            transcriber.transcribe(jfk, language=None, progress=Watch())
    assert openai_server.count(AUDIO) == 3


def test_a_file_that_is_no_sound_is_named(transcriber: OpenAiTranscriber, tmp_path: Path) -> None:
    text = tmp_path / "notes.wav"
    text.write_text("no sound here")
    with pytest.raises(UnsupportedMediaError, match=r"notes\.wav"):
        transcriber.transcribe(text, language=None, progress=Watch())
    with pytest.raises(SourceNotFoundError, match=r"gone\.wav"):
        transcriber.transcribe(tmp_path / "gone.wav", language=None, progress=Watch())


def test_limits(transcriber: OpenAiTranscriber) -> None:
    assert transcriber.limits.max_seconds == MAX_SECONDS
    assert transcriber.limits.parallel == 4
    assert transcriber.model.name == "whisper-1"

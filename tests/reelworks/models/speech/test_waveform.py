"""WAV files of 16 kHz mono audio, whole and in part."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from reelworks.errors import SourceNotFoundError, UnsupportedMediaError
from reelworks.models.speech.waveform import read_pcm, read_samples, sample_count, write_wav


@pytest.fixture
def ramp(tmp_path: Path) -> Path:
    """A wav whose n-th sample is n."""
    wav = tmp_path / "ramp.wav"
    write_wav(wav, np.arange(1000, dtype="<i2").tobytes())
    return wav


def test_samples_are_read_by_their_position(ramp: Path) -> None:
    assert sample_count(ramp) == 1000
    assert np.frombuffer(read_pcm(ramp, 10, 13), "<i2").tolist() == [10, 11, 12]
    assert (read_samples(ramp, 998) * 32768).tolist() == [998, 999]
    assert len(read_samples(ramp, 2000, 3000)) == 0


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceNotFoundError, match=r"gone\.wav"):
        sample_count(tmp_path / "gone.wav")


@pytest.mark.parametrize("content", [b"", b"RIFF", b"RIFF\x04\x00\x00\x00WAVE", b"not a wav" * 9])
def test_what_is_no_wav_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bad.wav").write_bytes(content)
    with pytest.raises(UnsupportedMediaError, match=r"bad\.wav"):
        read_samples(tmp_path / "bad.wav")


def test_another_sample_rate_is_refused(tmp_path: Path) -> None:
    with wave.open(str(tmp_path / "cd.wav"), "wb") as stream:
        stream.setnchannels(2)
        stream.setsampwidth(2)
        stream.setframerate(44100)
        stream.writeframes(bytes(400))
    with pytest.raises(UnsupportedMediaError, match="16 kHz mono"):
        read_samples(tmp_path / "cd.wav")

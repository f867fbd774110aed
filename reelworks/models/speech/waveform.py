"""WAV files of 16 kHz mono 16-bit audio, the form that the stages pass on."""

from __future__ import annotations

import wave
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt

from reelworks.errors import SourceNotFoundError, UnsupportedMediaError

SAMPLE_RATE = 16_000
"""Hz."""

Samples = npt.NDArray[np.float32]
"""Shape (n,), full scale is -1 to 1."""


def sample_count(wav: Path) -> int:
    """Return how many samples the file really has, whatever its header states.

    Raises ``SourceNotFoundError`` or ``UnsupportedMediaError``.
    """
    with _opened(wav) as stream:
        return stream.getnframes()


def read_samples(wav: Path, start: int = 0, stop: int | None = None) -> Samples:
    """Return the samples from ``start`` up to ``stop`` (to the end when None).

    Raises ``SourceNotFoundError`` or ``UnsupportedMediaError``.
    """
    pcm = np.frombuffer(read_pcm(wav, start, stop), dtype="<i2")
    return pcm.astype(np.float32) / np.float32(32768)


def read_pcm(wav: Path, start: int = 0, stop: int | None = None) -> bytes:
    """Return the samples from ``start`` up to ``stop`` as little-endian 16-bit integers."""
    with _opened(wav) as stream:
        end = stream.getnframes() if stop is None else min(stop, stream.getnframes())
        stream.setpos(min(start, end))
        return stream.readframes(max(end - start, 0))


def write_wav(wav: Path, pcm: bytes) -> None:
    """Write 16 kHz mono little-endian 16-bit samples as a wav file."""
    with wave.open(str(wav), "wb") as stream:
        stream.setnchannels(1)
        stream.setsampwidth(2)
        stream.setframerate(SAMPLE_RATE)
        stream.writeframes(pcm)


@contextmanager
def _opened(wav: Path) -> Iterator[wave.Wave_read]:
    try:
        with wave.open(str(wav), "rb") as stream:
            form = (stream.getnchannels(), stream.getsampwidth(), stream.getframerate())
            if form != (1, 2, SAMPLE_RATE):
                raise UnsupportedMediaError(
                    f"The audio file {wav.name} is not 16 kHz mono 16-bit; normalize it first."
                )
            yield stream
    except FileNotFoundError as error:
        raise SourceNotFoundError(
            f"The audio file {wav} does not exist; extract the audio again."
        ) from error
    except (wave.Error, EOFError) as error:
        raise UnsupportedMediaError(
            f"The audio file {wav.name} cannot be read as wav ({error or 'it ends too early'}); "
            f"extract the audio again."
        ) from error

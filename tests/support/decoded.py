"""What a viewer sees and hears of a file, for tests to compare."""

from __future__ import annotations

import wave
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Picture:
    """One decoded picture."""

    t: Fraction
    luma: Floats
    """HxW, 0 to 255."""


def pictures(
    path: Path, size: tuple[int, int] | None = None, limit: int | None = None
) -> list[Picture]:
    """Decode the first picture stream; ``size`` is width and height to shrink to."""
    found = []
    with av.open(f"file:{path}") as container:
        for frame in islice(container.decode(video=0), limit):
            width, height = size or (frame.width, frame.height)
            small = frame.reformat(width=width, height=height, format="gray")
            luma = small.to_ndarray().astype(np.float32)
            found.append(Picture(frame.pts * frame.time_base, luma))
    return found


def sound(path: Path, rate: int = 48_000) -> Floats:
    """Decode the first sound track as mono, sample 0 at time 0 of the file."""
    with av.open(str(path)) as container:
        resampler = av.AudioResampler(format="flt", layout="mono", rate=rate)
        parts, start = [], None
        for frame in container.decode(container.streams.audio[0]):
            start = frame.pts * frame.time_base if start is None else start
            parts += [out.to_ndarray()[0] for out in resampler.resample(frame)]
        parts += [out.to_ndarray()[0] for out in resampler.resample(None)]
    heard = np.concatenate(parts)
    lead = round((start or 0) * rate)
    return np.pad(heard, (lead, 0)) if lead >= 0 else heard[-lead:]


def wav(path: Path) -> Floats:
    """Read a 16-bit mono wav, -1 to 1."""
    with wave.open(str(path), "rb") as reader:
        assert (reader.getframerate(), reader.getnchannels(), reader.getsampwidth()) == (
            16000,
            1,
            2,
        )
        data = reader.readframes(reader.getnframes())
    return np.frombuffer(data, "<i2").astype(np.float32) / 32768


def onset(samples: Floats, rate: int, after: float = 0.0) -> float:
    """Seconds of the first loud sample at or after ``after``."""
    first = int(after * rate)
    return first / rate + float(np.argmax(np.abs(samples[first:]) > 0.05)) / rate


def pitch(samples: Floats, rate: int) -> float:
    """Hz of the strongest tone."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(spectrum) * rate / len(samples))


def likeness(one: Floats, other: Floats) -> float:
    """Structural similarity over 8x8 blocks (Wang et al. 2004), 1 for equal pictures."""
    height, width = (side // 8 * 8 for side in one.shape)

    def blocks(luma: Floats) -> Floats:
        cut = luma[:height, :width].reshape(height // 8, 8, width // 8, 8)
        return cut.transpose(0, 2, 1, 3).reshape(-1, 64)

    a, b = blocks(one), blocks(other)
    mean_a, mean_b = a.mean(1), b.mean(1)
    shared = ((a - mean_a[:, None]) * (b - mean_b[:, None])).mean(1)
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    top = (2 * mean_a * mean_b + c1) * (2 * shared + c2)
    bottom = (mean_a**2 + mean_b**2 + c1) * (a.var(1) + b.var(1) + c2)
    return float((top / bottom).mean())

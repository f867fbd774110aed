"""Channel signals: loudness and likeness of the channels of interleaved 16 kHz samples."""

from __future__ import annotations

import wave
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from reelworks.media.output_folder import write_error
from reelworks.models.speech.voice_activity import Region, speech_regions
from reelworks.models.speech.waveform import SAMPLE_RATE, read_pcm, sample_count

Floats = npt.NDArray[np.float64]
Pcm = npt.NDArray[np.int16]
"""Shape (samples, channels)."""

FRAME = SAMPLE_RATE // 50
"""Samples (20 ms) over which loudness is compared."""
QUIET_DB = -60.0
"""Of full scale: what is below is no speech."""
RUMBLE = 120.0
"""Hz up to which a channel for low frequencies (LFE) goes (ITU-R BS.775); speech has more above."""
_BLOCK = 60 * SAMPLE_RATE
"""Samples read at once, so that a day of audio does not fill the memory."""
_FLOOR = 1e-12


@dataclass(frozen=True, slots=True)
class ChannelPower:
    """Mean power (1 is full scale) of each 20 ms: shape (frames,) or (frames, channels)."""

    channels: Floats
    downmix: Floats
    cross: Floats
    """Mean product of the downmix and each channel."""

    def is_active(self, number: int) -> bool:
        """True when channel ``number`` (from 1) is more than noise at some time."""
        return bool((decibels(self.channels[:, number - 1]) > QUIET_DB).any())

    def in_downmix(self, number: int) -> float:
        """Gain of channel ``number`` in the downmix, whatever else is in it; 0 without sound.

        The regression of the downmix on the channel: others that are unlike it cancel out.
        """
        power = self.channels[:, number - 1].sum()
        return float(abs(self.cross[:, number - 1].sum()) / (power + _FLOOR))


def open_pcm(path: Path, channels: int) -> Pcm:
    """Map a file of interleaved little-endian 16-bit samples."""
    count = path.stat().st_size // (2 * channels)
    if count == 0:
        return np.zeros((0, channels), np.int16)
    return np.memmap(path, "<i2", "r", shape=(count, channels))


def measure(pcm: Pcm, downmix: Path) -> ChannelPower:
    """Measure the channels and their ``downmix`` (a wav), frame by frame."""
    parts = list(_measured(pcm, downmix))
    if not parts:
        nothing = np.zeros((0, pcm.shape[1]))
        return ChannelPower(nothing, np.zeros(0), nothing)
    channels, mixed, cross = (np.concatenate(one) for one in zip(*parts, strict=True))
    return ChannelPower(channels, mixed, cross)


def _measured(pcm: Pcm, downmix: Path) -> Iterator[tuple[Floats, Floats, Floats]]:
    total = min(len(pcm), sample_count(downmix)) // FRAME * FRAME
    for start in range(0, total, _BLOCK):
        stop = min(start + _BLOCK, total)
        mixed = np.frombuffer(read_pcm(downmix, start, stop), "<i2").reshape(-1, FRAME, 1)
        block = pcm[start:stop].reshape(-1, FRAME, pcm.shape[1])
        one, each = (np.asarray(x, np.float32) / np.float32(32768) for x in (mixed, block))
        yield (each**2).mean(axis=1), (one[:, :, 0] ** 2).mean(axis=1), (each * one).mean(axis=1)


def decibels(power: Floats) -> Floats:
    """Return power as dB of full scale."""
    return np.asarray(10 * np.log10(power + _FLOOR))


def envelope_likeness(first: Floats, second: Floats) -> float:
    """Correlation of two loudness curves in dB, where either is more than noise; -1 to 1.

    Delay, polarity and tone do not matter: one source in two microphones is near 1, two people who
    talk by turns are below 0.
    """
    a, b = (np.maximum(decibels(one), QUIET_DB) for one in (first, second))
    active = (a > QUIET_DB) | (b > QUIET_DB)
    a, b = a[active], b[active]
    if len(a) < 2 or a.std() < 1e-6 or b.std() < 1e-6:
        return 0.0
    return float(np.corrcoef(a, b)[0, 1])


def is_rumble(pcm: Pcm, number: int) -> bool:
    """True when channel ``number`` (from 1) has only bass, as one for low frequencies has.

    The steps between samples have ``(2 sin(pi f / rate))^2`` times the power of a frequency f.
    """
    power = steps = 0.0
    for at in range(0, len(pcm), _BLOCK):
        block = pcm[at : at + _BLOCK, number - 1].astype(np.float64)
        power += float(np.square(block).sum())
        steps += float(np.square(np.diff(block)).sum())
    return bool(steps < power * (2 * np.sin(np.pi * RUMBLE / SAMPLE_RATE)) ** 2)


def write_channel(pcm: Pcm, weights: tuple[float, ...], wav: Path) -> None:
    """Write the weighted sum of the channels as a wav.

    Raises ``NoSpaceError`` and ``PermissionDeniedError``.
    """
    factors = np.asarray(weights, np.float32)
    try:
        with wave.open(str(wav), "wb") as stream:
            stream.setparams((1, 2, SAMPLE_RATE, 0, "NONE", ""))
            for at in range(0, len(pcm), _BLOCK):
                mixed = np.rint(pcm[at : at + _BLOCK].astype(np.float32) @ factors)
                stream.writeframes(np.clip(mixed, -32768, 32767).astype("<i2").tobytes())
    except OSError as error:
        raise write_error(wav, wav.parent, error) from error


def speech_in(pcm: Pcm, weights: tuple[float, ...], scratch: Path) -> list[Region]:
    """Return the speech in a weighted sum of the channels; ``scratch`` is written and removed."""
    write_channel(pcm, weights, scratch)
    try:
        return speech_regions(scratch)
    finally:
        scratch.unlink(missing_ok=True)

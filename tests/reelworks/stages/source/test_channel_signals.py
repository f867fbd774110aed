"""Loudness and likeness of channels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from reelworks.errors import NoSpaceError
from reelworks.models.speech.waveform import read_samples, write_wav
from reelworks.stages.source.channel_signals import (
    envelope_likeness,
    is_rumble,
    measure,
    open_pcm,
    write_channel,
)

RATE = 16_000
SECONDS = np.arange(2 * RATE) / RATE
TONE = (8000 * np.sin(2 * np.pi * 440 * SECONDS)).astype("<i2")
SILENCE = np.zeros_like(TONE)


def test_power_and_share_in_the_downmix(tmp_path: Path) -> None:
    pcm = np.stack([TONE, SILENCE, -TONE], axis=1)
    write_wav(tmp_path / "mix.wav", (TONE // 2).tobytes())
    power = measure(pcm, tmp_path / "mix.wav")
    assert power.channels.shape == (100, 3)
    assert power.channels[:, 0] == pytest.approx((8000 / 32768) ** 2 / 2, rel=0.05)
    assert [power.is_active(n) for n in (1, 2, 3)] == [True, False, True]
    assert power.in_downmix(1) == pytest.approx(0.5, abs=0.01)
    assert power.in_downmix(2) == 0
    assert power.in_downmix(3) == pytest.approx(0.5, abs=0.01)


def test_a_quiet_channel_is_in_the_downmix_although_others_are_loud(tmp_path: Path) -> None:
    noise = np.random.default_rng(2).normal(0, 6000, (10 * RATE, 2))
    quiet = noise[:, 1] / 20
    pcm = np.stack([noise[:, 0], quiet], axis=1).astype("<i2")
    write_wav(tmp_path / "mix.wav", (0.7 * noise[:, 0] + 0.3 * quiet).astype("<i2").tobytes())
    assert measure(pcm, tmp_path / "mix.wav").in_downmix(2) == pytest.approx(0.3, abs=0.2)


@pytest.mark.parametrize(("hertz", "rumble"), [(40, True), (100, True), (200, False), (440, False)])
def test_bass_alone_is_rumble(hertz: int, rumble: bool) -> None:
    tone = 8000 * np.sin(2 * np.pi * hertz * SECONDS)
    assert is_rumble(np.stack([TONE, tone.astype("<i2")], axis=1), 2) is rumble


def test_no_samples_have_no_power(tmp_path: Path) -> None:
    (tmp_path / "raw.pcm").touch()
    write_wav(tmp_path / "mix.wav", b"")
    pcm = open_pcm(tmp_path / "raw.pcm", 2)
    power = measure(pcm, tmp_path / "mix.wav")
    assert power.channels.shape == (0, 2)
    assert not power.is_active(1)
    assert power.in_downmix(1) == 0
    assert envelope_likeness(power.channels[:, 0], power.channels[:, 1]) == 0


def test_likeness_is_of_loudness_alone() -> None:
    one = np.abs(np.sin(np.arange(500) / 7)) ** 4
    by_turns = np.abs(np.cos(np.arange(500) / 7)) ** 4
    assert envelope_likeness(one, one / 50) > 0.9
    assert envelope_likeness(one, by_turns) < 0
    assert envelope_likeness(one, np.zeros(500)) == 0


def test_a_file_is_read_and_written_in_pieces(tmp_path: Path) -> None:
    length = 61 * RATE
    noise = np.random.default_rng(1).integers(-9000, 9000, (length, 2)).astype("<i2")
    (tmp_path / "raw.pcm").write_bytes(noise.tobytes())
    pcm = open_pcm(tmp_path / "raw.pcm", 2)
    write_channel(pcm, (0.5, -0.5), tmp_path / "difference.wav")
    found = read_samples(tmp_path / "difference.wav") * 32768
    wanted = (noise[:, 0].astype(float) - noise[:, 1]) / 2
    assert np.abs(found - wanted).max() <= 0.5
    assert measure(pcm, tmp_path / "difference.wav").channels.shape == (length // 320, 2)


def test_a_full_disk_is_named(tmp_path: Path) -> None:
    with pytest.raises(NoSpaceError):
        write_channel(np.zeros((20_000, 1), np.int16), (1.0,), Path("/dev/full"))

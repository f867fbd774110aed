"""Stereo mix: how left and right become what speech models hear, without cancelling or muddle."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from reelworks.domain.artifact_keys import AUDIO_CHANNELS
from reelworks.domain.video.video import AudioMix
from reelworks.models.speech.voice_activity import speech_regions
from reelworks.stages.source.channel_signals import (
    FRAME,
    ChannelPower,
    Pcm,
    decibels,
    envelope_likeness,
    measure,
    open_pcm,
    speech_in,
    write_channel,
)
from reelworks.stages.source.speech_coverage import (
    MISSED_SECONDS,
    SPEAKS_SECONDS,
    StereoSpeech,
    choose_stereo,
    missing,
    seconds_of,
    union,
)

LEFT, RIGHT = (1.0, 0.0), (0.0, 1.0)
DIFFERENCE = (0.5, -0.5)

LOUD_DB = -50.0
"""Of full scale: quieter sound is background."""
CANCELLED = 0.1
"""Share of the channels' power left in the sum from which they cancel; equal channels leave all,
unlike ones half."""
INDEPENDENT = 0.3
"""Likeness of the loudness of left and right below which each is a source of its own. Recordings of
one source were measured at 0.98 and more (one voice in two microphones, 9 ms apart, among them),
six pairs of different speakers, and a speaker against noise, at 0.13 and less."""
_FRAME_SECONDS = FRAME / 16_000

_REASONS = {
    ("difference", ()): "Left and right are out of phase: one of them was inverted.",
    ("channels", (1,)): "Only the left channel is used: it has the speech.",
    ("channels", (2,)): "Only the right channel is used: it has the speech.",
    ("separate", ()): "Left and right carry different speakers: each was transcribed by itself.",
}


@dataclass(frozen=True, slots=True)
class StereoMix:
    """The mix and the files that it needs besides the downmix."""

    mix: AudioMix
    channels: tuple[Path, ...] = ()
    """The wav of each channel, where they are transcribed separately."""


def mix_stereo(wav: Path, stereo: Path, number: int, out_dir: Path) -> StereoMix:
    """Decide how the channels in ``stereo`` are mixed; write ``wav`` again where it must change.

    ``wav`` is their downmix (16 kHz mono), ``stereo`` their raw samples, ``number`` that of the
    track. Loudness alone clears most files; only in doubt is speech looked for in each channel.
    """
    pcm = open_pcm(stereo, 2)
    power = measure(pcm, wav)
    independent = is_independent(power)
    if not independent and not cancels(power):
        return StereoMix(AudioMix(number))
    speech = _speech(pcm, wav, independent=independent)
    method, channels = choose_stereo(speech)
    mix = AudioMix(number, method, channels, _REASONS.get((method, channels)))
    if method == "separate":
        paths = tuple(out_dir / name for name in AUDIO_CHANNELS)
        for path, weights in zip(paths, (LEFT, RIGHT), strict=True):
            write_channel(pcm, weights, path)
        return StereoMix(mix, paths)
    if method != "downmix":
        weights = DIFFERENCE if method == "difference" else (LEFT, RIGHT)[channels[0] - 1]
        write_channel(pcm, weights, wav)
        return StereoMix(AudioMix(number, method, channels, mix.reason, _unheard(speech, channels)))
    return StereoMix(mix)


def cancels(power: ChannelPower) -> bool:
    """True when the channels cancel in their sum for as long as speech could be lost by it."""
    mean = power.channels.mean(axis=1)
    lost = (decibels(mean) > LOUD_DB) & (power.downmix < CANCELLED * mean)
    return float(lost.sum() * _FRAME_SECONDS) >= MISSED_SECONDS


def is_independent(power: ChannelPower) -> bool:
    """True when left and right are both loud for a time, but not together."""
    left, right = np.asarray(power.channels[:, 0]), np.asarray(power.channels[:, 1])
    loud = [float((decibels(one) > LOUD_DB).sum() * _FRAME_SECONDS) for one in (left, right)]
    return min(loud) >= SPEAKS_SECONDS and envelope_likeness(left, right) < INDEPENDENT


def _speech(pcm: Pcm, wav: Path, *, independent: bool) -> StereoSpeech:
    scratch = wav.with_suffix(".one.wav")
    left, right, difference = (
        speech_in(pcm, weights, scratch) for weights in (LEFT, RIGHT, DIFFERENCE)
    )
    return StereoSpeech(speech_regions(wav), difference, left, right, independent)


def _unheard(speech: StereoSpeech, channels: tuple[int, ...]) -> tuple[str, ...]:
    """Name the channel that one-sided mixes leave out, when it says something more."""
    if not channels:
        return ()
    heard, other = (speech.left, speech.right) if channels == (1,) else (speech.right, speech.left)
    if missing(union(other), heard) < SPEAKS_SECONDS:
        return ()
    side = "right" if channels == (1,) else "left"
    return (f"Speech on the {side} channel ({seconds_of(other):.0f} s) was not transcribed.",)

"""Audio filters and the ffmpeg arguments for them: in step with the video, without gaps."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ffmpeg

from reelworks.domain.video.video import AudioTrack, Probe
from reelworks.media.ffmpeg import command_line, file_url, source_input

SPEECH_SAMPLE_RATE = 16_000
"""Hz: what speech models take."""

LEAD_TOLERANCE = 0.1
"""Seconds by which audio may begin before the first frame without moving the zero: encoders'
priming and the interleaving of containers, less than any word."""


def audio_filters(
    node: Any,
    *,
    start: float,
    rate: int,
    layout: str,
    sample: str,
    channels: Sequence[int] = (),
) -> Any:
    """Append the filters that put a decoded audio stream on the video's clock.

    ``start`` is the time zero of the result, in seconds from the container's zero. Audio before
    it is cut, audio that starts later follows silence, and gaps over 0.1 s are filled.
    The result has ``rate`` Hz, channel layout ``layout`` and sample format ``sample``, whatever
    the source changes to on its way. ``channels`` (numbers from 1) mixes these alone, equally.
    """
    if channels:
        terms = "+".join(f"{1 / len(channels):.6f}*c{number - 1}" for number in channels)
        node = node.filter("pan", **{"mono|c0": terms})  # an = inside a value would be escaped
    node = node.filter("aresample", rate, out_chlayout=layout, out_sample_fmt=sample)
    return _on_the_clock(node, start)


def _on_the_clock(node: Any, start: float) -> Any:
    if start:
        node = node.filter("asetpts", f"round(PTS-{start:.6f}/TB)")
    node = node.filter("atrim", start=0)
    return node.filter("aresample", **{"async": 1, "first_pts": 0})


def time_zero(probe: Probe) -> float:
    """Where audio and video both count from: the earliest of the tracks in use.

    Audio that leads by no more than ``LEAD_TOLERANCE`` leaves the zero at the first frame.
    """
    if probe.video is None:
        return probe.audio.start if probe.audio is not None else 0.0
    leads = probe.audio is not None and probe.video.start - probe.audio.start > LEAD_TOLERANCE
    return probe.audio.start if probe.audio is not None and leads else probe.video.start


def speech_arguments(
    source: Path, probe: Probe, wav: Path, stereo: Path | None = None
) -> list[str]:
    """Return ffmpeg's arguments that write the chosen audio track as 16 kHz mono 16-bit wav.

    ``stereo``, if given, gets left and right from the same decode, as raw samples of the same
    form. The video's packets are read and dropped undecoded, so that all stages agree on zero.
    """
    track, node = _audio_track(probe), source_input(source)
    channels = probe.mix.channels if probe.mix is not None else ()
    form: dict[str, Any] = {
        "start": time_zero(probe),
        "rate": SPEECH_SAMPLE_RATE,
        "sample": "s16",
        "channels": channels,
    }
    audio = audio_filters(node[str(track.index)], layout="mono", **form)
    outputs = [_pcm(audio, wav, "wav")]
    if stereo is not None:
        both = audio_filters(node[str(track.index)], layout="stereo", **form)
        outputs.append(_pcm(both, stereo, "s16le"))
    if probe.video is not None:
        outputs.append(read_and_drop(node[str(probe.video.index)]))
    return command_line(outputs)


def survey_arguments(
    source: Path, tracks: Sequence[AudioTrack], files: Sequence[tuple[Path, Path]]
) -> list[str]:
    """Return ffmpeg's arguments that write audio tracks as 16 kHz 16-bit samples, in one decode.

    ``files`` has two paths for each track: its mono downmix as wav, and the raw samples of all its
    channels, interleaved. All begin at the container's zero.
    """
    node = source_input(source)
    outputs = []
    for track, (mono, channels) in zip(tracks, files, strict=True):
        audio = node[str(track.index)]
        mixed = audio_filters(
            audio, start=0.0, rate=SPEECH_SAMPLE_RATE, layout="mono", sample="s16"
        )
        every = audio.filter("aresample", SPEECH_SAMPLE_RATE, out_sample_fmt="s16")
        outputs.append(_pcm(mixed, mono, "wav"))
        outputs.append(_pcm(_on_the_clock(every, 0.0), channels, "s16le"))
    return command_line(outputs)


def _pcm(node: Any, path: Path, form: str) -> Any:
    plain = {"map_metadata": -1, "fflags": "+bitexact", "flags:a": "+bitexact"}
    return ffmpeg.output(node, file_url(path), f=form, **{"c:a": "pcm_s16le"}, **plain)


def _audio_track(probe: Probe) -> AudioTrack:
    if probe.audio is None:
        raise ValueError("the probe has no audio")
    return probe.audio


def read_and_drop(track: Any) -> Any:
    """Return an output that uses a track without decoding it.

    ffmpeg counts broadcast streams from the earliest track in use: whatever shall agree on zero
    must use the same tracks.
    """
    return ffmpeg.output(track, "-", f="null", c="copy")

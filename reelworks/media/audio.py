"""What is done to sound: one zero with the picture, no holes, and the ffmpeg arguments for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ffmpeg

from reelworks.domain.video.video import Probe
from reelworks.media.ffmpeg import command_line, file_url, source_input

SPEECH_RATE = 16_000
"""Hz: what speech models take."""


def audio_filters(node: Any, *, start: float, rate: int, layout: str, sample: str) -> Any:
    """Append the filters that put a decoded sound stream on the picture's clock.

    ``start`` is the time of the first picture, in seconds from the container's zero. Sound before
    it is cut, sound after it keeps its distance behind silence, and holes over 0.1 s are filled.
    The result has ``rate`` Hz, channel layout ``layout`` and sample format ``sample``, whatever
    the source changes to on its way.
    """
    node = node.filter("aresample", rate, out_chlayout=layout, out_sample_fmt=sample)
    if start:
        node = node.filter("asetpts", f"round(PTS-{start:.6f}/TB)")
    node = node.filter("atrim", start=0)
    return node.filter("aresample", **{"async": 1, "first_pts": 0})


def time_zero(probe: Probe) -> float:
    """Where sound and picture both count from: the first picture, or else the first sound."""
    if probe.video is not None:
        return probe.video.start
    return probe.audio.start if probe.audio is not None else 0.0


def speech_arguments(source: Path, probe: Probe, wav: Path) -> list[str]:
    """Return ffmpeg's arguments that write the chosen sound track as 16 kHz mono 16-bit wav.

    The picture's packets are read and dropped undecoded, so that both stages agree on zero.
    """
    if probe.audio is None:
        raise ValueError("the probe has no sound")
    node = source_input(source)
    sound = audio_filters(
        node[str(probe.audio.index)],
        start=time_zero(probe),
        rate=SPEECH_RATE,
        layout="mono",
        sample="s16",
    )
    plain = {"map_metadata": -1, "fflags": "+bitexact", "flags:a": "+bitexact"}
    outputs = [ffmpeg.output(sound, file_url(wav), f="wav", **{"c:a": "pcm_s16le"}, **plain)]
    if probe.video is not None:
        outputs.append(read_and_drop(node[str(probe.video.index)]))
    return command_line(outputs)


def read_and_drop(track: Any) -> Any:
    """Return an output that uses a track without decoding it.

    ffmpeg counts broadcast streams from the earliest track in use: whatever shall agree on zero
    must use the same tracks.
    """
    return ffmpeg.output(track, "-", f="null", c="copy")

"""Audio filters and the ffmpeg arguments for them: in step with the video, without gaps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ffmpeg

from reelworks.domain.video.video import Probe
from reelworks.media.ffmpeg import command_line, file_url, source_input

SPEECH_SAMPLE_RATE = 16_000
"""Hz: what speech models take."""


def audio_filters(node: Any, *, start: float, rate: int, layout: str, sample: str) -> Any:
    """Append the filters that put a decoded audio stream on the video's clock.

    ``start`` is the time of the first frame, in seconds from the container's zero. Audio before
    it is cut, audio that starts later follows silence, and gaps over 0.1 s are filled.
    The result has ``rate`` Hz, channel layout ``layout`` and sample format ``sample``, whatever
    the source changes to on its way.
    """
    node = node.filter("aresample", rate, out_chlayout=layout, out_sample_fmt=sample)
    if start:
        node = node.filter("asetpts", f"round(PTS-{start:.6f}/TB)")
    node = node.filter("atrim", start=0)
    return node.filter("aresample", **{"async": 1, "first_pts": 0})


def time_zero(probe: Probe) -> float:
    """Where audio and video both count from: the first frame, or else the first audio sample."""
    if probe.video is not None:
        return probe.video.start
    return probe.audio.start if probe.audio is not None else 0.0


def speech_arguments(source: Path, probe: Probe, wav: Path) -> list[str]:
    """Return ffmpeg's arguments that write the chosen audio track as 16 kHz mono 16-bit wav.

    The video's packets are read and dropped undecoded, so that both stages agree on zero.
    """
    if probe.audio is None:
        raise ValueError("the probe has no audio")
    node = source_input(source)
    audio = audio_filters(
        node[str(probe.audio.index)],
        start=time_zero(probe),
        rate=SPEECH_SAMPLE_RATE,
        layout="mono",
        sample="s16",
    )
    plain = {"map_metadata": -1, "fflags": "+bitexact", "flags:a": "+bitexact"}
    outputs = [ffmpeg.output(audio, file_url(wav), f="wav", **{"c:a": "pcm_s16le"}, **plain)]
    if probe.video is not None:
        outputs.append(read_and_drop(node[str(probe.video.index)]))
    return command_line(outputs)


def read_and_drop(track: Any) -> Any:
    """Return an output that uses a track without decoding it.

    ffmpeg counts broadcast streams from the earliest track in use: whatever shall agree on zero
    must use the same tracks.
    """
    return ffmpeg.output(track, "-", f="null", c="copy")

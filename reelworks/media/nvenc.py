"""NVENC and NVDEC, NVIDIA's encoder and decoder in ffmpeg: options and availability."""

from __future__ import annotations

import ctypes
import functools
import logging
from typing import Any

from reelworks.domain.video.video import VideoTrack
from reelworks.errors import ProcessError, StageTimeoutError
from reelworks.media.ffmpeg import ffmpeg_binary
from reelworks.media.process import run_process

log = logging.getLogger(__name__)

_DRIVERS = ("libcuda.so.1", "nvcuda.dll")
_DECODED = frozenset(("h264", "hevc", "av1", "vp9", "mpeg2video"))
"""What every card of the last ten years decodes, or ffmpeg decodes itself where a card cannot."""
_FORMATS = frozenset(("yuv420p", "yuv420p10le"))
_PROBE_SECONDS = 30.0


def encoder_options(quality: int, keyframe_every: int) -> dict[str, Any]:
    """Return ffmpeg's output options for H.264 of constant ``quality`` (0 to 51, less is better).

    ``keyframe_every`` is in frames. p5 with a look ahead is near x264's "medium" by NVIDIA's
    own guide (Video Encode and Decode SDK, "Recommended NVENC settings").
    """
    rate = {"rc": "vbr", "cq": quality, "b:v": 0, "rc-lookahead": 16, "spatial-aq": 1}
    encoder = {"c:v": "h264_nvenc", "preset": "p5", "tune": "hq", "profile:v": "high", "bf": 2}
    return encoder | rate | {"g": keyframe_every}


def decodes(track: VideoTrack) -> bool:
    """True when the card may decode ``track``: common 4:2:0 film that plays in whole frames."""
    known = track.codec in _DECODED and track.pixel_format in _FORMATS
    return known and not track.interlaced


def decoder_options(track: VideoTrack) -> dict[str, Any]:
    """Return ffmpeg's input options for decoding ``track``; none when the CPU decodes it."""
    return {"hwaccel": "cuda"} if decodes(track) else {}


@functools.cache
def works() -> bool:
    """True when this machine's GPU encodes; tried once in a process, with a few small frames."""
    if not _has_driver():
        return False
    frames = ["-f", "lavfi", "-i", "color=size=256x256:duration=0.2:rate=30"]
    options = [
        part for name, value in encoder_options(25, 60).items() for part in (f"-{name}", str(value))
    ]
    command = [ffmpeg_binary(), "-nostdin", "-v", "error", *frames, *options, "-f", "null", "-"]
    try:
        run_process(command, timeout=_PROBE_SECONDS)
    except (ProcessError, StageTimeoutError) as error:
        log.info("NVENC does not work on this machine; using x264: %s", error)
        return False
    return True


def _has_driver() -> bool:
    """Look for NVIDIA's driver first: without it, starting ffmpeg is pointless."""
    for name in _DRIVERS:
        try:
            ctypes.CDLL(name)
        except OSError:
            continue
        return True
    return False

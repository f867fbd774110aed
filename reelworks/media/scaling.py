"""Scaling filters of ffmpeg: fast ones, and tone mapping for HDR video."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from reelworks.domain.video.video import VideoTrack
from reelworks.media.frame_size import FrameSize

_PLANAR_YUV = re.compile(r"yuv4(?:20|22|44)p(?:9|10|12|14|16)?(?:le|be)?")


def scaler(track: VideoTrack, *, zscale: bool) -> Callable[[Any, FrameSize], Any]:
    """Return the function that appends the filters which scale a decoded stream to a size.

    HDR video is tone-mapped to BT.709. Others use swscale unless ``zscale`` and zscale can do it.
    """
    if track.hdr:
        return _tone_mapped
    planar = _PLANAR_YUV.fullmatch(track.pixel_format) is not None
    even = track.width % 2 == 0 and track.height % 2 == 0
    return _zscaled if zscale and planar and even else _swscaled


def _zscaled(node: Any, size: FrameSize) -> Any:
    node = node.filter("zscale", w=size.width, h=size.height, f="bicubic", r="limited")
    return node.filter("format", "yuv420p")


def _swscaled(node: Any, size: FrameSize) -> Any:
    options = {"flags": "bicubic", "out_range": "tv", "out_color_matrix": "bt709"}
    node = node.filter("scale", size.width, size.height, **options)
    return node.filter("format", "yuv420p")


def _tone_mapped(node: Any, size: FrameSize) -> Any:
    """PQ or HLG to BT.709, in linear light.

    PQ and HLG video has BT.2020 colours (ITU-R BT.2100), whatever their tags leave out, and
    their white is 203 cd/m2 (ITU-R BT.2408). The Mobius curve leaves what is darker as it was and
    presses only what is brighter together, so that text and skin keep their tones.
    """
    light = {"t": "linear", "npl": 203, "min": "2020_ncl", "pin": "2020"}
    light |= {"m": "2020_ncl", "p": "2020"}  # else those of the tags, which may be missing
    node = node.filter("zscale", w=size.width, h=size.height, f="bicubic", **light)
    node = node.filter("format", "gbrpf32le").filter("zscale", p="709")
    node = node.filter("tonemap", "mobius", desat=0)
    node = node.filter("zscale", t="709", m="709", r="limited")
    return node.filter("format", "yuv420p")

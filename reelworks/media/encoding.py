"""Video encoding: frame size, filters, and the ffmpeg arguments for them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import ffmpeg

from reelworks.domain.video.video import Probe, VideoTrack
from reelworks.media import nvenc
from reelworks.media.audio import audio_filters, read_and_drop, time_zero
from reelworks.media.ffmpeg import command_line, file_url, source_input
from reelworks.media.frame_size import FrameSize, fitted_size, proxy_size
from reelworks.media.scaling import scaler

FASTEST_SCALED_FIRST = 31.0
"""Above this source rate frames are dropped before they are scaled; below, repeated after."""


@dataclass(frozen=True, slots=True)
class NormalizeParams:
    """How sources are made alike. JSON values only: they are part of the cache key.

    The defaults were measured against ffmpeg's own (bicubic, veryfast, crf 23) on the clip of
    ``make bench``: SSIM 0.9884 against 0.9880 (to the scaled source), at 0.57 of its processor
    time, 1.3 times its size.
    """

    max_height: int = 720
    """Pixels of the shorter side at most (the height of a landscape video)."""
    frame_rate: int = 30
    """Frames per second, constant."""
    encoder: Literal["auto", "x264", "nvenc"] = "x264"
    """``auto``: NVENC on a machine where it works. Its bytes differ by card and driver."""
    nvenc_quality: int = 25
    """NVENC's constant quality, the counterpart of ``crf``."""
    crf: int = 25
    """x264's constant rate factor."""
    preset: str = "ultrafast"
    x264: str = "bframes=3:b-adapt=0:cabac=1:no-deblock=0:8x8dct=1:partitions=i8x8,i4x4:scenecut=0"
    """x264 parameters on top of the preset: what saves bits for little time, and no look ahead."""
    scaler: Literal["zscale", "swscale"] = "zscale"
    """zscale is faster; swscale takes over by itself where zscale cannot work."""
    threads: int = 3
    """Encoder threads. Fixed, since x264's bytes depend on their number."""
    keyframe_seconds: int = 2
    """Longest run without a keyframe."""
    proxy_height: int = 180
    """Pixels of the proxy's shorter side at most."""
    proxy_crf: int = 28
    audio_bitrate: int = 128_000
    """Bits per second of stereo AAC audio; mono gets half."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """When the normalized video begins, and how long its last frame stays."""

    zero: float
    """Seconds from the container's zero; the first frame is shown from there on."""
    hold: int = 0
    """Repeats of the last frame, for as long as the audio continues."""


def video_filters(node: Any, track: VideoTrack, params: NormalizeParams, timeline: Timeline) -> Any:
    """Append the filters that turn a decoded stream into the normalized video.

    Each moment shows the source frame nearest to it.
    """
    if timeline.zero:
        node = node.filter("setpts", f"round(PTS-{timeline.zero:.6f}/TB)")
    if track.interlaced:
        node = node.filter("bwdif", mode="send_frame", deint="interlaced")
    fast = (track.frame_rate or 0) > FASTEST_SCALED_FIRST
    steps = (_rate, _resize) if fast else (_resize, _rate)
    for step in steps:
        node = step(node, track, params)
    if timeline.hold:
        node = node.filter("tpad", stop=timeline.hold, stop_mode="clone")
    return node


def _rate(node: Any, track: VideoTrack, params: NormalizeParams) -> Any:
    del track
    return node.filter("fps", fps=params.frame_rate, start_time=0)


def _resize(node: Any, track: VideoTrack, params: NormalizeParams) -> Any:
    upright = fitted_size(track, params.max_height)
    sideways = track.rotation in (90, 270)
    size = FrameSize(upright.height, upright.width) if sideways else upright
    node = scaler(track, zscale=params.scaler == "zscale")(node, size)
    for name, argument in _TURNS.get(track.rotation, ()):
        node = node.filter(name, *argument)
    if track.mirrored:
        node = node.filter("hflip")
    if track.rotation or track.mirrored:
        # The matrix has been applied; left in, players would rotate the video again.
        node = node.filter("sidedata", mode="delete", type="DISPLAYMATRIX")
    return node.filter("setsar", 1)


_TURNS: dict[int, tuple[tuple[str, tuple[str, ...]], ...]] = {
    90: (("transpose", ("clock",)),),
    180: (("hflip", ()), ("vflip", ())),
    270: (("transpose", ("cclock",)),),
}


def normalize_arguments(
    source: Path,
    probe: Probe,
    params: NormalizeParams,
    normalized: Path,
    proxy: Path,
    hold: int = 0,
) -> list[str]:
    """Return ffmpeg's arguments that write both files from one decode of ``source``.

    ``params.encoder`` must be resolved: ``auto`` counts as x264. ``hold`` is that of ``Timeline``.
    """
    track, timeline = _video_track(probe), Timeline(time_zero(probe), hold)
    on_gpu = params.encoder == "nvenc"
    node = _source(source, **(nvenc.decoder_options(track) if on_gpu else {}))
    video = node[str(track.index)]
    if on_gpu and nvenc.decodes(track):
        # The card gives NV12 or P010, which the filters below do not take.
        video = video.filter("format", track.pixel_format)
    halves = video_filters(video, track, params, timeline).filter_multi_output("split", 2)
    streams = [halves[0]]
    unused = []
    options = _encoder_options(params) | {"fps_mode": "passthrough"}
    if probe.audio is not None:
        channels = probe.mix.channels if probe.mix is not None else ()
        mono = probe.audio.channels == 1 or len(channels) > 0
        layout, share = ("mono", 2) if mono else ("stereo", 1)
        second = _audio_source(source)
        audio = second[str(probe.audio.index)]
        unused = [
            read_and_drop(second[str(track.index)]),
            read_and_drop(node[str(probe.audio.index)]),
        ]
        form: dict[str, Any] = {"rate": 48_000, "layout": layout, "sample": "fltp"}
        timed = audio_filters(audio, start=timeline.zero, channels=channels, **form)
        streams.append(timed)
        options |= {"c:a": "aac", "aac_coder": "fast", "b:a": params.audio_bitrate // share}
    whole = mp4_output(streams, normalized, options)
    size = fitted_size(track, params.max_height)
    return command_line([whole, _proxy(halves[1], size, params, proxy), *unused])


def _encoder_options(params: NormalizeParams) -> dict[str, Any]:
    keyframe_every = params.frame_rate * params.keyframe_seconds
    if params.encoder == "nvenc":
        return nvenc.encoder_options(params.nvenc_quality, keyframe_every)
    return {
        "c:v": "libx264",
        "preset": params.preset,
        "crf": params.crf,
        "x264-params": params.x264,
        "g": keyframe_every,
        "threads:v": params.threads,
    }


def remux_arguments(
    source: Path, probe: Probe, params: NormalizeParams, normalized: Path, proxy: Path
) -> list[str]:
    """Return ffmpeg's arguments that copy a source that already conforms, and make its proxy."""
    track = _video_track(probe)
    node = _source(source)
    streams = [node[str(track.index)]]
    if probe.audio is not None:
        streams.append(node[str(probe.audio.index)])
    whole = mp4_output(streams, normalized, {"c": "copy"})
    size = fitted_size(track, params.max_height)
    rated = _rate(node[str(track.index)], track, params)
    # Nothing has shown yet that zscale takes this source, and speed does not matter for a copy.
    return command_line([whole, _proxy(rated, size, replace(params, scaler="swscale"), proxy)])


def mp4_output(streams: list[Any], path: Path, options: dict[str, Any]) -> Any:
    """Return an MP4 output whose bytes depend on the media alone, with its index in front."""
    plain = {"map_metadata": -1, "map_chapters": -1, "fflags": "+bitexact"}
    exact = {} if options.get("c") == "copy" else {"flags:v": "+bitexact", "flags:a": "+bitexact"}
    return ffmpeg.output(
        *streams, file_url(path), f="mp4", movflags="+faststart", **plain, **exact, **options
    )


def _proxy(node: Any, size: FrameSize, params: NormalizeParams, path: Path) -> Any:
    small = proxy_size(size, params.proxy_height)
    if params.scaler == "zscale":
        # Shrinking widens its triangle over every pixel, so this is an average by area.
        node = node.filter("zscale", w=small.width, h=small.height, f="bilinear")
    else:
        node = node.filter("scale", small.width, small.height, flags="area")
    node = node.filter("format", "yuv420p").filter("setsar", 1)
    options = {"c:v": "libx264", "preset": "ultrafast", "crf": params.proxy_crf}
    options |= {"threads:v": 1, "g": params.frame_rate * params.keyframe_seconds}
    return mp4_output([node], path, options | {"fps_mode": "passthrough", "an": None})


def _audio_source(source: Path) -> Any:
    """Open the source a second time, for its audio alone.

    Where audio starts late or has a gap, the filter that fills it gives a burst of silence. With
    one demuxer for both, ffmpeg 9 then sometimes waits forever: video frames wait until
    audio catches up, and with them the packets that audio needs. The option separates the two.
    """
    return source_input(source, thread_queue_size=64)


def _source(source: Path, **options: Any) -> Any:
    # Rotation is applied by our own filters, after scaling, where it costs least. Filters that
    # are not rebuilt mean that a source that changes its size half way does not restart its clock.
    return source_input(source, **{"noautorotate": None, "reinit_filter:v": 0}, **options)


def _video_track(probe: Probe) -> VideoTrack:
    if probe.video is None:
        raise ValueError("the probe has no video")
    return probe.video

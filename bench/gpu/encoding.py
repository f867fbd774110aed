"""Check of the encoder on the GPU, and the videos that the other checks read."""

from __future__ import annotations

import time
from pathlib import Path

from bench.gpu.finding import FILM, CheckContext, Finding, timed
from reelworks.domain.jobs.progress import silent
from reelworks.domain.video.video import VideoTrack
from reelworks.errors import ReelworksError

LARGEST_SSIM_LOSS = 0.01
"""How far NVENC may be below x264 before its settings need another look."""


def encoding(bench: CheckContext) -> Finding:
    """NVENC against x264: the same frames, size and length, and as near to the source."""
    from bench.quality.against_plain import ssim
    from reelworks.media import nvenc
    from reelworks.media.inspect.probe import probe

    encoder = "nvenc" if bench.on_gpu and nvenc.works() else "x264"
    reference, _, slow = normalized(bench, "x264")
    video, _, took = normalized(bench, encoder)
    one, other = (probe(path).video for path in (reference, video))
    alike = one is not None and _shape(one) == _shape(other)
    lines = one.height if one else 0
    scores = ssim(reference, FILM, lines), ssim(video, FILM, lines)
    sizes = reference.stat().st_size / 1e6, video.stat().st_size / 1e6
    figures = (
        f"{took:.1f} s against {slow:.1f} s, SSIM {scores[1]:.4f} against {scores[0]:.4f}, "
        f"{sizes[1]:.1f} MB against {sizes[0]:.1f} MB"
    )
    where, ok = bench.device(encoder == "nvenc")
    near = scores[0] - scores[1] <= LARGEST_SSIM_LOSS
    note = "" if encoder == "nvenc" else "no NVENC: x264 against itself"
    return Finding(f"normalize ({encoder})", where, figures, ok and alike and near, note)


def _shape(track: VideoTrack | None) -> tuple[object, ...]:
    """What must be equal; the length to a hundredth of a second."""
    if track is None:
        return ()
    length = round(track.duration or 0, 2)
    return track.codec, track.width, track.height, track.pixel_format, track.frame_rate, length


def normalized(bench: CheckContext, encoder: str) -> tuple[Path, Path, float]:
    """Return the film's normalized video and proxy, and the seconds that making them took."""
    from reelworks.media.inspect.probe import probe
    from reelworks.stages.source.normalize import NormalizeParams, normalize

    folder = bench.folder / f"{encoder}-{time.monotonic_ns()}"
    folder.mkdir()
    params = NormalizeParams(encoder=encoder)  # type: ignore[arg-type]
    made, took = timed(lambda: normalize(FILM, probe(FILM), params, folder, silent))
    if made.video_path is None or made.proxy_path is None or made.video is None:
        raise ReelworksError(f"{FILM.name} was not normalized.")
    if made.video.warnings:
        raise ReelworksError(" ".join(made.video.warnings))
    return made.video_path, made.proxy_path, took

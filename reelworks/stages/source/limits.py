"""Source limits: addresses, bytes, seconds and pixels that are accepted."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from reelworks.domain.video.video import Probe
from reelworks.errors import OverLimitError, UnsupportedMediaError
from reelworks.media.inspect.picture_size import PictureSize, stated_size
from reelworks.media.inspect.probe import probe
from reelworks.media.inspect.sniff import check_source
from reelworks.settings import Settings


@dataclass(frozen=True, slots=True)
class SourceLimits:
    """Limits of sources. None means no limit."""

    private_addresses: bool = False
    """Fetch from private networks too."""
    max_bytes: int | None = None
    """Of a download."""
    least_speed: float = 0.0
    """Of a download, in bytes a second; 0: any."""
    max_seconds: float | None = None
    """Of a video or an audio file."""
    max_pixels: float | None = None
    """Of one frame."""


PUBLIC_ONLY = SourceLimits()


def source_limits(settings: Settings) -> SourceLimits:
    """Return the limits in the settings."""
    return SourceLimits(
        private_addresses=settings.sources.fetch_private_addresses,
        max_bytes=settings.sources.max_upload_mb * 1_000_000,
        least_speed=settings.sources.fetch_least_kb_per_second * 1000,
        max_seconds=settings.sources.max_duration_hours * 3600,
        max_pixels=settings.sources.max_megapixels * 1e6,
    )


def probe_within(path: Path, limits: SourceLimits, name: str) -> Probe:
    """Probe a media file, which messages call ``name``; refuse it before it is decoded.

    Raises ``OverLimitError`` and what ``probe`` raises. A file that is refused for its size by the
    header, or by the decoder, is refused for that reason and no other.
    """
    head = check_source(path)
    _check_pixels(stated_size(head, only_exact=True), limits, name)
    try:
        found = probe(path)
    except UnsupportedMediaError:
        _check_pixels(stated_size(head), limits, name)
        raise
    check_limits(found, limits, name)
    return found


def check_limits(found: Probe, limits: SourceLimits, name: str) -> None:
    """Raise ``OverLimitError`` when what was probed is longer or larger than the limits."""
    seconds, most = found.duration or 0.0, limits.max_seconds
    if most is not None and seconds > most:
        raise OverLimitError(
            f"{name} is {seconds / 3600:.1f} hours long, more than {most / 3600:g} "
            "(MAX_DURATION_HOURS); cut it shorter."
        )
    for track in found.video_tracks:
        _check_pixels((track.width, track.height), limits, name)


def _check_pixels(size: PictureSize | None, limits: SourceLimits, name: str) -> None:
    pixels = size[0] * size[1] if size else 0
    if limits.max_pixels is not None and pixels > limits.max_pixels:
        raise OverLimitError(
            f"A picture of {name} has {pixels / 1e6:.0f} megapixels, more than "
            f"{limits.max_pixels / 1e6:g} (MAX_MEGAPIXELS); scale it down."
        )

"""What is fetched and taken: addresses, bytes, seconds, pixels."""

from __future__ import annotations

from dataclasses import dataclass

from reelworks.domain.video import Probe
from reelworks.errors import OverLimitError
from reelworks.settings import Settings


@dataclass(frozen=True, slots=True)
class Limits:
    """What is fetched and taken."""

    private_addresses: bool = False
    """Fetch from private networks too."""
    most_bytes: int | None = None
    """Of a download."""
    least_speed: float = 0.0
    """Of a download, in bytes a second; 0: any."""
    most_seconds: float | None = None
    """Of a video or a sound."""
    most_pixels: float | None = None
    """Of one picture."""


PUBLIC_ONLY = Limits()


def limits_of(settings: Settings) -> Limits:
    """Return the limits that the settings give."""
    return Limits(
        private_addresses=settings.fetch_private_addresses,
        most_bytes=settings.max_upload_mb * 1_000_000,
        least_speed=settings.fetch_least_kb_per_second * 1000,
        most_seconds=settings.max_duration_hours * 3600,
        most_pixels=settings.max_megapixels * 1e6,
    )


def check_limits(found: Probe, limits: Limits, name: str) -> None:
    """Raise ``OverLimitError`` when what was probed is longer or larger than the limits."""
    seconds, most = found.duration or 0.0, limits.most_seconds
    if most is not None and seconds > most:
        raise OverLimitError(
            f"{name} is {seconds / 3600:.1f} hours long, more than {most / 3600:g} "
            "(MAX_DURATION_HOURS); cut it."
        )
    pixels = max((track.width * track.height for track in found.video_tracks), default=0)
    if limits.most_pixels is not None and pixels > limits.most_pixels:
        raise OverLimitError(
            f"A picture of {name} has {pixels / 1e6:.0f} megapixels, more than "
            f"{limits.most_pixels / 1e6:g} (MAX_MEGAPIXELS); make it smaller."
        )

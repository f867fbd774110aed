"""Frame sizes of normalized videos and their proxies."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from reelworks.domain.video.video import VideoTrack

LONG_SIDE = Fraction(32, 9)
"""The longer side may be this many times ``max_height``: two 16:9 pictures side by side."""
WIDEST_PIXEL = 8
"""Pixel aspects beyond this (either way) are damage, not intent, and count as square."""


@dataclass(frozen=True, slots=True)
class FrameSize:
    """Pixels."""

    width: int
    height: int


def display_size(track: VideoTrack) -> tuple[Fraction, Fraction]:
    """Width and height in square pixels, upright."""
    across, down = (int(part) for part in track.pixel_aspect.split(":"))
    aspect = Fraction(across, down) if across > 0 and down > 0 else Fraction(1)
    if not Fraction(1, WIDEST_PIXEL) <= aspect <= WIDEST_PIXEL:
        aspect = Fraction(1)
    width, height = track.width * aspect, Fraction(track.height)
    return (height, width) if track.rotation in (90, 270) else (width, height)


def fitted_size(track: VideoTrack, max_height: int) -> FrameSize:
    """Return the size of the frames as they will be stored: upright, square pixels, even sides.

    The shorter side is at most ``max_height`` and the longer at most 32/9 of it, so landscape
    video is at most 720 high, and portrait video at most 720 wide, which keeps text readable.
    Nothing is ever made larger.
    """
    width, height = display_size(track)
    short, long = sorted((width, height))
    factor = min(Fraction(1), max_height / short, max_height * LONG_SIDE / long)
    return FrameSize(_even(width * factor), _even(height * factor))


def proxy_size(size: FrameSize, max_height: int) -> FrameSize:
    """Return ``size`` with its shorter side at most ``max_height``, even, never larger."""
    factor = min(Fraction(1), Fraction(max_height, min(size.width, size.height)))
    return FrameSize(_even(size.width * factor), _even(size.height * factor))


def _even(pixels: Fraction) -> int:
    return max(2, int(pixels / 2 + Fraction(1, 4)) * 2)

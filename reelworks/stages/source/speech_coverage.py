"""Speech coverage: which channels and tracks have to be heard so that no speech is left out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from reelworks.domain.video.video import MixMethod
from reelworks.models.speech.voice_activity import Region

MISSED_SECONDS = 1.0
"""Speech that may be missing before another mix is chosen: less is a matter of thresholds."""
MISSED_SHARE = 0.2
"""Share of all speech, the same."""
SPEAKS_SECONDS = 2.0
"""Speech from which a channel or a track is said to have some."""


@dataclass(frozen=True, slots=True)
class StereoSpeech:
    """Where someone speaks in each mix of two channels."""

    downmix: Sequence[Region]
    difference: Sequence[Region]
    left: Sequence[Region]
    right: Sequence[Region]
    independent: bool
    """True when left and right are loud at other times than each other."""


def seconds_of(regions: Iterable[Region]) -> float:
    """Return the seconds of regions that do not overlap."""
    return sum(end - start for start, end in regions)


def union(*several: Iterable[Region]) -> list[Region]:
    """Return the regions that are in any of ``several``, in order, without overlap."""
    merged: list[Region] = []
    for start, end in sorted(region for regions in several for region in regions):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def missing(wanted: Iterable[Region], heard: Iterable[Region]) -> float:
    """Return the seconds of ``wanted`` that ``heard`` does not cover."""
    heard = list(heard)
    return seconds_of(union(wanted, heard)) - seconds_of(union(heard))


def lacks(heard: Iterable[Region], wanted: Sequence[Region]) -> bool:
    """True when a mix misses so much of the speech ``wanted`` that another one is needed."""
    gap = missing(wanted, heard)
    return gap >= MISSED_SECONDS and gap >= MISSED_SHARE * seconds_of(wanted)


def choose_stereo(speech: StereoSpeech) -> tuple[MixMethod, tuple[int, ...]]:
    """Choose how two channels become one: the method, and the numbers of the channels used.

    Of independent channels both are taken separately when both speak, or the one that speaks. Else
    the first of downmix, difference, left and right that misses no speech is taken, or the one
    that misses least.
    """
    speaks = [seconds_of(one) >= SPEAKS_SECONDS for one in (speech.left, speech.right)]
    if speech.independent and all(speaks):
        return "separate", ()
    if speech.independent and any(speaks):
        return "channels", (1 + speaks.index(True),)
    everything = union(speech.downmix, speech.difference, speech.left, speech.right)
    mixes: list[tuple[MixMethod, tuple[int, ...], Sequence[Region]]] = [
        ("downmix", (), speech.downmix),
        ("difference", (), speech.difference),
        ("channels", (1,), speech.left),
        ("channels", (2,), speech.right),
    ]
    for method, channels, heard in mixes:
        if not lacks(heard, everything):
            return method, channels
    method, channels, _ = min(mixes, key=lambda mix: missing(everything, mix[2]))
    return method, channels


def choose_channels(
    downmix: Sequence[Region], channels: Mapping[int, Sequence[Region]]
) -> tuple[int, ...]:
    """Return the channels (numbers from 1) to mix instead of the downmix; none: the downmix.

    They are all that speak, and only when the downmix lacks some of it.
    """
    if not lacks(downmix, union(downmix, *channels.values())):
        return ()
    most = max(seconds_of(regions) for regions in channels.values())
    least = min(SPEAKS_SECONDS, most)
    return tuple(number for number, one in channels.items() if seconds_of(one) >= least > 0)


def choose_track(speech: Mapping[int, Sequence[Region]], preferred: int) -> int:
    """Return the number of the track to transcribe.

    The preferred one unless another has twice its speech.
    """
    seconds = {number: seconds_of(regions) for number, regions in speech.items()}
    best = max(seconds, key=lambda number: (seconds[number], number == preferred))
    return preferred if seconds[preferred] * 2 >= seconds[best] else best

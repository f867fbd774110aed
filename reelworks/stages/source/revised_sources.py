"""Sources whose audio or video is made otherwise since November 2026, by what their probe says.

Their cache keys say so; those of all other sources stay as they were, since the result does.
"""

from __future__ import annotations

from typing import Any

from reelworks.domain.video.video import Probe
from reelworks.media.audio import time_zero
from reelworks.stages.source import choose_audio
from reelworks.stages.source.encode import stated_hold
from reelworks.stages.source.normalize import NormalizeParams

REVISION = 2
"""Raise when the video of a source that ``is_plain`` does not clear may change."""


def is_plain(probe: Probe, params: NormalizeParams) -> bool:
    """True when the header says that the revised rules change nothing for the video.

    Its container fixes one frame size (MP4 and its kin; elsewhere frames may grow or be cropped),
    its one audio track has at most two channels, begins with the video and ends with it.
    """
    if probe.video is None:
        return True
    return (
        "mp4" in probe.container
        and not choose_audio.needs_choice(probe)
        and time_zero(probe) == probe.video.start
        and not stated_hold(probe, params)
    )


def audio_params(probe: Probe, audio_track: int | None) -> dict[str, Any]:
    """Return the parameters that decide which track and channels are heard; often none."""
    if not choose_audio.needs_choice(probe):
        return {}
    return {"audio_choice": choose_audio.VERSION, "audio_track": audio_track}


def video_params(probe: Probe, params: NormalizeParams, audio_track: int | None) -> dict[str, Any]:
    """Return the parameters of the revised rules where they may matter; often none."""
    if is_plain(probe, params):
        return {}
    return {"revision": REVISION, **audio_params(probe, audio_track)}

"""Probed and normalized media files."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal


@dataclass(frozen=True, slots=True)
class VideoTrack:
    """One video stream. Sizes are coded pixels, before rotation and pixel aspect."""

    index: int
    codec: str
    width: int
    height: int
    rotation: int = 0
    """Clockwise degrees to turn the frames for display: 0, 90, 180 or 270."""
    mirrored: bool = False
    """True when the turned frames must also be mirrored left to right, as some phones' are."""
    pixel_aspect: str = "1:1"
    frame_rate: float | None = None
    variable_rate: bool = False
    interlaced: bool = False
    pixel_format: str = ""
    hdr: bool = False
    """True for PQ or HLG transfer."""
    start: float = 0.0
    """Seconds from the container's zero to the first frame."""
    default: bool = False
    profile: str = ""
    duration: float | None = None
    """Seconds as stated for this track; None when the container does not say."""


@dataclass(frozen=True, slots=True)
class AudioTrack:
    """One audio stream."""

    index: int
    codec: str
    sample_rate: int
    channels: int
    language: str | None = None
    start: float = 0.0
    """Seconds from the container's zero to the first sample."""
    default: bool = False
    duration: float | None = None
    """Seconds as stated for this track; None when the container does not say."""


MixMethod = Literal["downmix", "channels", "difference", "separate"]
"""``downmix``: all channels as their layout says. ``channels``: the mean of some channels.
``difference``: left minus right, where the sum cancels. ``separate``: left and right each."""


@dataclass(frozen=True, slots=True)
class AudioMix:
    """Which track and channels of a source the speech is taken from, and why."""

    track: int
    """Number among the audio tracks, from 1."""
    method: MixMethod = "downmix"
    channels: tuple[int, ...] = ()
    """Numbers of the channels used, from 1; none: all of them."""
    reason: str | None = None
    """One sentence where it is not the default track's downmix."""
    unheard: tuple[str, ...] = ()
    """One sentence for each track or channel whose speech is left out."""


@dataclass(frozen=True, slots=True)
class Probe:
    """What a container states, and which of its streams are used."""

    container: str
    duration: float | None
    """Seconds as stated; None when the container does not say."""
    video_tracks: tuple[VideoTrack, ...] = ()
    audio_tracks: tuple[AudioTrack, ...] = ()
    video: VideoTrack | None = None
    """The track chosen: by default disposition, then by pixels."""
    audio: AudioTrack | None = None
    """The track chosen: as stated, or by speech, default disposition, then the first."""
    title: str | None = None
    mix: AudioMix | None = None
    """Set where tracks or channels had to be chosen before anything is made of them."""

    def audio_number(self, track: AudioTrack) -> int:
        """Return a track's number among the audio tracks, from 1."""
        return 1 + [one.index for one in self.audio_tracks].index(track.index)


@dataclass(frozen=True, slots=True)
class NormalizedVideo:
    """The video of a normalized file."""

    duration: float
    """Seconds that really decoded."""
    width: int
    height: int
    frames: int
    reencoded: bool
    warnings: tuple[str, ...] = ()
    """What was lost or repaired, in plain sentences."""

    @property
    def frame_rate(self) -> Fraction:
        """Frames per second of every normalized video."""
        return Fraction(30)


@dataclass(frozen=True, slots=True)
class NormalizedAudio:
    """The audio of a normalized file: 16 kHz mono, sample 0 where the video begins."""

    duration: float
    track: AudioTrack | None
    warnings: tuple[str, ...] = ()
    mix: AudioMix | None = None

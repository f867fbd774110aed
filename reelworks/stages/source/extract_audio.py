"""Audio extraction: the chosen track as 16 kHz mono wav, in step with the video."""

from __future__ import annotations

import wave
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from reelworks.domain.artifact_keys import AUDIO
from reelworks.domain.jobs.progress import Progress
from reelworks.domain.video.video import AudioTrack, NormalizedAudio, Probe
from reelworks.errors import UnsupportedMediaError
from reelworks.media.audio import speech_arguments, time_zero
from reelworks.media.ffmpeg import DecodeReport, transcode
from reelworks.media.output_folder import output_folder

__all__ = ["ExtractedAudio", "extract_audio"]

DURATION_TOLERANCE = 0.5
"""Less than this at the end is rounding of the container, not loss."""


@dataclass(frozen=True, slots=True)
class ExtractedAudio:
    """What ``extract_audio`` made; both None when the source has no audio."""

    audio: NormalizedAudio | None
    wav_path: Path | None


def extract_audio(source: Path, probe: Probe, out_dir: Path, progress: Progress) -> ExtractedAudio:
    """Write ``audio.wav`` (16 kHz, mono, 16-bit) of the chosen track into ``out_dir``.

    Sample 0 is the moment of the first video frame: audio that starts later follows
    silence, audio that starts earlier is cut, gaps are filled. Without video, sample 0 is
    the first of the track. ``progress`` counts seconds.

    Raises ``UnsupportedMediaError`` when no audio decodes, ``NoSpaceError``,
    ``PermissionDeniedError`` and ``ProcessError``.
    """
    if probe.audio is None:
        return ExtractedAudio(None, None)
    wav = out_dir / AUDIO
    with output_folder(out_dir, [wav]):
        arguments = speech_arguments(source, probe, wav)
        report = transcode(arguments, duration=probe.duration, progress=progress)
        if not report.decoded.get(probe.audio.index, 0):
            raise UnsupportedMediaError(f"{source} is damaged: no audio can be decoded.")
        with wave.open(str(wav), "rb") as reader:
            duration = reader.getnframes() / reader.getframerate()
    warnings = tuple(_losses(probe, probe.audio, report, duration))
    if probe.duration:
        progress(probe.duration, probe.duration)
    return ExtractedAudio(NormalizedAudio(duration, probe.audio, warnings), wav)


def _losses(probe: Probe, track: AudioTrack, report: DecodeReport, found: float) -> Iterator[str]:
    if probe.video_tracks and probe.video is None:
        yield "The picture of the source cannot be decoded; only its sound was used."
    if track.duration is not None:
        stated = track.duration + track.start - time_zero(probe)
        if stated - found > DURATION_TOLERANCE:
            yield (
                f"The source states {stated:.1f} s of sound "
                f"but only {found:.1f} s could be decoded."
            )
    if failed := report.errors.get(track.index, 0):
        noun = "piece" if failed == 1 else "pieces"
        yield f"{failed} {noun} of sound in the source could not be decoded."

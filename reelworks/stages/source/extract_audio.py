"""Audio extraction: the chosen track as 16 kHz mono wav, in step with the video."""

from __future__ import annotations

import wave
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from reelworks.domain.artifact_keys import AUDIO
from reelworks.domain.jobs.progress import Progress
from reelworks.domain.video.video import AudioMix, AudioTrack, NormalizedAudio, Probe
from reelworks.errors import UnsupportedMediaError
from reelworks.media.audio import speech_arguments, time_zero
from reelworks.media.ffmpeg import DecodeReport, transcode
from reelworks.media.output_folder import output_folder
from reelworks.stages.source.stereo_mix import StereoMix, mix_stereo

__all__ = ["ExtractedAudio", "extract_audio"]

DURATION_TOLERANCE = 0.5
"""Less than this at the end is rounding of the container, not loss."""


@dataclass(frozen=True, slots=True)
class ExtractedAudio:
    """What ``extract_audio`` made; all empty when the source has no audio."""

    audio: NormalizedAudio | None
    wav_path: Path | None
    channel_paths: tuple[Path, ...] = ()
    """Left and right, where they carry different speakers."""


def extract_audio(source: Path, probe: Probe, out_dir: Path, progress: Progress) -> ExtractedAudio:
    """Write ``audio.wav`` (16 kHz, mono, 16-bit) of the chosen track into ``out_dir``.

    Sample 0 is the moment of the earliest track in use: audio that starts later follows silence,
    gaps are filled. Stereo is mixed so that no speech cancels; where left and right carry
    different speakers, each is written as well. ``progress`` counts seconds.

    Raises ``UnsupportedMediaError`` when no audio decodes, ``NoSpaceError``,
    ``PermissionDeniedError`` and ``ProcessError``.
    """
    if probe.audio is None:
        return ExtractedAudio(None, None)
    wav = out_dir / AUDIO
    raw = out_dir / "stereo.pcm" if probe.audio.channels == 2 else None
    number = probe.audio_number(probe.audio)
    scratch = (raw,) if raw else ()
    with output_folder(out_dir, [wav, *scratch]):
        arguments = speech_arguments(source, probe, wav, raw)
        report = transcode(arguments, duration=probe.duration, progress=progress)
        if not report.decoded.get(probe.audio.index, 0):
            raise UnsupportedMediaError(f"{source} is damaged: no audio can be decoded.")
        mixed = mix_stereo(wav, raw, number, out_dir) if raw else StereoMix(AudioMix(number))
        with wave.open(str(wav), "rb") as reader:
            duration = reader.getnframes() / reader.getframerate()
    for path in scratch:
        path.unlink()
    mix = _whole_choice(probe.mix, mixed.mix)
    warnings = (*_losses(probe, probe.audio, report, duration), *mix.unheard)
    if probe.duration:
        progress(probe.duration, probe.duration)
    audio = NormalizedAudio(duration, probe.audio, warnings, mix)
    return ExtractedAudio(audio, wav, mixed.channels)


def _whole_choice(track: AudioMix | None, stereo: AudioMix) -> AudioMix:
    """Join the choice of the track with that of its channels."""
    if track is None or track.method != "downmix":
        return track or stereo
    reasons = [one for one in (track.reason, stereo.reason) if one]
    unheard = (*track.unheard, *stereo.unheard)
    return AudioMix(track.track, stereo.method, stereo.channels, " ".join(reasons) or None, unheard)


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

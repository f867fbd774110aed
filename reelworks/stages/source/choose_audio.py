"""Choice of the audio track and its channels, where a source has several that may speak."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from reelworks.domain.jobs.progress import Progress
from reelworks.domain.video.video import AudioMix, AudioTrack, MixMethod, Probe
from reelworks.errors import InputError, ProcessError
from reelworks.media.audio import survey_arguments
from reelworks.media.ffmpeg import transcode
from reelworks.media.inspect.probe import probe as probe_file
from reelworks.models.speech.voice_activity import Region, speech_regions
from reelworks.stages.source.channel_signals import (
    ChannelPower,
    is_rumble,
    measure,
    open_pcm,
    speech_in,
)
from reelworks.stages.source.speech_coverage import (
    SPEAKS_SECONDS,
    choose_channels,
    choose_track,
    lacks,
    seconds_of,
    union,
)

VERSION = 1
"""Raise when the same source may get another choice: it is part of the cache key."""

CARRIED = 0.05
"""Gain in the downmix from which a channel is heard in it; one of ten channels has a tenth."""


@dataclass(frozen=True, slots=True)
class TrackSpeech:
    """Where someone speaks on a track."""

    number: int
    track: AudioTrack
    regions: Sequence[Region]
    """In its downmix or any channel; none where that need not be known."""
    channels: tuple[int, ...] = ()
    """Channels to mix, where the downmix leaves speech out."""


def needs_choice(probe: Probe) -> bool:
    """True when the header does not decide what is heard: several tracks, or over two channels."""
    audio = probe.audio
    return audio is not None and (len(probe.audio_tracks) > 1 or audio.channels > 2)


def check_audio_track(probe: Probe, audio_track: int, name: str) -> None:
    """Raise ``InputError`` when a source has no audio track of that number, from 1."""
    count = len(probe.audio_tracks)
    if not 1 <= audio_track <= count:
        tracks = "1 audio track" if count == 1 else f"{count} audio tracks"
        raise InputError(f"{name} has {tracks}, so there is no audio track {audio_track}.")


def choose_audio(
    source: Path, probe: Probe, audio_track: int | None, work_dir: Path, progress: Progress
) -> Probe:
    """Return the probe with the audio track and channels that carry the speech.

    ``audio_track`` (a number from 1) is the user's choice, which is followed. Otherwise the
    default track is taken unless another has twice its speech. All candidates are decoded once,
    and speech is looked for in what could carry it. ``progress`` counts seconds.

    Raises ``InputError`` when there is no such track, and what probing and ffmpeg raise.
    """
    if audio_track is not None:
        check_audio_track(probe, audio_track, source.name)
    chosen = probe if audio_track is None else probe_file(source, audio_track=audio_track)
    if chosen.audio is None or not needs_choice(chosen):
        return chosen
    tracks = chosen.audio_tracks if audio_track is None else (chosen.audio,)
    heard = _listen(source, chosen, tracks, work_dir, progress)
    if not heard:
        return chosen
    preferred = chosen.audio_number(chosen.audio)
    number = choose_track({one.number: one.regions for one in heard}, preferred)
    if number != preferred:
        chosen = probe_file(source, audio_track=number)
    best = next(one for one in heard if one.number == number)
    return replace(chosen, mix=_mix(best, heard, preferred, stated=audio_track is not None))


def _mix(
    best: TrackSpeech, heard: Sequence[TrackSpeech], preferred: int, *, stated: bool
) -> AudioMix:
    reasons = []
    if stated:
        reasons.append(f"Audio track {best.number} was chosen by the user.")
    elif best.number != preferred:
        reasons.append(
            f"Audio track {best.number} is used: it has {seconds_of(best.regions):.0f} s of "
            f"speech, the default track {preferred} has {_seconds(heard, preferred):.0f} s."
        )
    if best.channels:
        reasons.append(
            f"{_channels(best.channels)} of {best.track.channels} used: "
            "the usual downmix leaves speech out."
        )
    unheard = tuple(_unheard(one) for one in heard if one != best and _is_left_out(one, best))
    method: MixMethod = "channels" if best.channels else "downmix"
    reason = " ".join(reasons) or None
    return AudioMix(best.number, method, best.channels, reason, unheard)


def _seconds(heard: Sequence[TrackSpeech], number: int) -> float:
    return sum(seconds_of(one.regions) for one in heard if one.number == number)


def _channels(numbers: Sequence[int]) -> str:
    listed = ", ".join(str(number) for number in numbers)
    return f"Channel {listed}" if len(numbers) == 1 else f"Channels {listed}"


def _is_left_out(one: TrackSpeech, best: TrackSpeech) -> bool:
    """True when a track says something that the chosen one may not say as well."""
    if seconds_of(one.regions) < SPEAKS_SECONDS:
        return False
    languages = {one.track.language, best.track.language} - {None, "und"}
    return len(languages) > 1 or lacks(best.regions, union(one.regions, best.regions))


def _unheard(one: TrackSpeech) -> str:
    language = one.track.language
    known = f", {language}" if language and language != "und" else ""
    return (
        f"Speech on audio track {one.number} ({seconds_of(one.regions):.0f} s{known}) was not "
        f"transcribed; choose that track instead with --audio-track {one.number}."
    )


def _listen(
    source: Path, probe: Probe, tracks: Sequence[AudioTrack], work_dir: Path, progress: Progress
) -> list[TrackSpeech]:
    """Find the speech on each track; nothing when the tracks cannot be decoded side by side."""
    work_dir.mkdir(parents=True, exist_ok=True)
    files = [(work_dir / f"track{t.index}.wav", work_dir / f"track{t.index}.pcm") for t in tracks]
    with _removed([path for pair in files for path in pair]):
        try:
            arguments = survey_arguments(source, tracks, files)
            transcode(arguments, duration=probe.duration, progress=progress)
        except ProcessError:
            return []
        return [
            _track_speech(probe.audio_number(track), track, *pair, alone=len(tracks) == 1)
            for track, pair in zip(tracks, files, strict=True)
        ]


def _track_speech(
    number: int, track: AudioTrack, mono: Path, raw: Path, *, alone: bool
) -> TrackSpeech:
    """Find the speech of a track; one that stands ``alone`` is not searched without need."""
    if track.channels < 2:
        return TrackSpeech(number, track, speech_regions(mono))
    pcm = open_pcm(raw, track.channels)
    power = measure(pcm, mono)
    numbers = range(1, track.channels + 1)
    active = [one for one in numbers if power.is_active(one) and not is_rumble(pcm, one)]
    if all(power.in_downmix(one) >= CARRIED for one in active):
        return TrackSpeech(number, track, () if alone else speech_regions(mono))
    downmix = speech_regions(mono)
    speech = {one: speech_in(pcm, _only(one, track), mono.with_suffix(".one")) for one in active}
    if track.channels == 2:  # how these two are mixed is decided when they are extracted
        return TrackSpeech(number, track, union(downmix, *speech.values()))
    chosen = choose_channels(downmix, _without_copies(speech, power))
    heard = union(*(speech[one] for one in chosen)) if chosen else downmix
    return TrackSpeech(number, track, heard, chosen)


def _only(number: int, track: AudioTrack) -> tuple[float, ...]:
    return tuple(float(one == number) for one in range(1, track.channels + 1))


def _without_copies(
    speech: dict[int, list[Region]], power: ChannelPower
) -> dict[int, list[Region]]:
    """Drop channels that are as loud as an earlier one at every moment: the same sound again."""
    distinct: dict[int, list[Region]] = {}
    for number, regions in speech.items():
        mine = power.channels[:, number - 1]
        same = (abs(mine - power.channels[:, other - 1]).max() < 1e-6 for other in distinct)
        if not any(same):
            distinct[number] = regions
    return distinct


@contextmanager
def _removed(paths: Sequence[Path]) -> Iterator[None]:
    try:
        yield
    finally:
        for path in paths:
            path.unlink(missing_ok=True)

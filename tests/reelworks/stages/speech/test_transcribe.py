"""The transcribe stage with the real local model, whole and cut into pieces."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from reelworks.domain.capabilities import AudioLimits, ItemCache
from reelworks.domain.digest import ModelRef
from reelworks.domain.jobs.progress import Progress, silent
from reelworks.domain.video.transcript import Segment, Transcript, Word
from reelworks.errors import (
    CancelledError,
    ProviderAuthError,
    ProviderUnavailableError,
    ReelworksError,
)
from reelworks.models.speech.waveform import read_pcm, sample_count, write_wav
from reelworks.models.speech.whisper import WhisperTranscriber
from reelworks.stages.speech.transcribe import (
    TranscribeParams,
    transcribe,
    transcribe_channels,
)

RATE = 16_000
AsWav = Callable[[str], Path]
PARAMS = TranscribeParams()


@dataclass
class Listener:
    """The real model, which transcribes the same audio once in all tests together."""

    whisper: WhisperTranscriber
    heard: dict[tuple[bytes, str | None], Transcript] = field(default_factory=dict)

    @property
    def model(self) -> ModelRef:
        return self.whisper.model

    @property
    def limits(self) -> AudioLimits:
        return self.whisper.limits

    def transcribe(self, wav: Path, *, language: str | None, progress: Progress) -> Transcript:
        question = (read_pcm(wav), language)
        if question not in self.heard:
            answer = self.whisper.transcribe(wav, language=language, progress=progress)
            self.heard[question] = answer
        seconds = sample_count(wav) / RATE
        progress(seconds, seconds)
        return self.heard[question]


@dataclass
class Hosted:
    """The real model behind the limits of a hosted one; fails and hallucinates on demand."""

    whisper: Listener
    limits: AudioLimits = field(default_factory=lambda: AudioLimits(20.0, parallel=2))
    errors: dict[int, ReelworksError] = field(default_factory=dict)
    """By the number of the call, from 0."""
    added: tuple[Segment, ...] = ()
    pieces: list[int] = field(default_factory=list)
    """Samples of each call."""
    lock: threading.Lock = field(default_factory=threading.Lock)
    model: ModelRef = field(default_factory=lambda: ModelRef("hosted", "whisper", "1"))

    def transcribe(self, wav: Path, *, language: str | None, progress: Progress) -> Transcript:
        with self.lock:
            number = len(self.pieces)
            self.pieces.append(sample_count(wav))
            if number in self.errors:
                raise self.errors[number]
            answer = self.whisper.transcribe(wav, language=language, progress=progress)
        return Transcript(answer.language, answer.segments + self.added)


@pytest.fixture(scope="module")
def whisper(models_dir: Path) -> Listener:
    return Listener(WhisperTranscriber("whisper-base", models_dir, threads=1))


def words_of(transcript: Transcript) -> list[Word]:
    return [word for segment in transcript.segments for word in segment.words]


def test_no_sound_is_an_empty_transcript(
    whisper: Listener, items: ItemCache, tmp_path: Path
) -> None:
    hosted = Hosted(whisper)
    empty = Transcript(language=None)
    assert transcribe(None, hosted, PARAMS, items, tmp_path, silent) == empty
    write_wav(tmp_path / "empty.wav", b"")
    assert transcribe(tmp_path / "empty.wav", hosted, PARAMS, items, tmp_path, silent) == empty
    write_wav(tmp_path / "quiet.wav", bytes(2 * 60 * RATE))
    assert transcribe(tmp_path / "quiet.wav", hosted, PARAMS, items, tmp_path, silent) == empty
    assert hosted.pieces == []


def test_a_local_answer_is_cached_and_the_model_is_not_run_again(
    whisper: Listener, as_wav: AsWav, items: ItemCache, tmp_path: Path
) -> None:
    counted = Hosted(whisper, AudioLimits(), model=whisper.model)
    wav = as_wav("speech/jfk.flac")
    first = transcribe(wav, counted, PARAMS, items, tmp_path, silent)
    again = transcribe(wav, counted, PARAMS, items, tmp_path, silent)
    assert again == first
    assert counted.pieces == [11 * RATE]
    assert first.language == "en"
    assert "ask what you can do for your country." in " ".join(s.text for s in first.segments)
    assert all(s.t_end - s.t_start <= 7 and len(s.text) <= 84 for s in first.segments)
    other = TranscribeParams(language="en")
    transcribe(wav, counted, other, items, tmp_path, silent)
    assert len(counted.pieces) == 2


def test_pieces_are_cut_in_silence_and_stitched_exactly(
    whisper: Listener, as_wav: AsWav, items: ItemCache, tmp_path: Path
) -> None:
    speech = read_pcm(as_wav("speech/jfk.flac"))
    wav = tmp_path / "three.wav"
    write_wav(wav, (speech + bytes(2 * 4 * RATE)) * 3)
    hosted = Hosted(whisper)
    seen: list[tuple[float, float]] = []
    result = transcribe(wav, hosted, PARAMS, items, tmp_path / "work", lambda *at: seen.append(at))
    assert len(hosted.pieces) == 3
    assert sum(hosted.pieces) == sample_count(wav)
    words = words_of(result)
    assert all(a.t_end <= b.t_start for a, b in pairwise(words))
    said = [w.t_start for w in words if w.text.startswith("Americans")]
    assert said == pytest.approx([1.5, 16.5, 31.5], abs=0.2)
    assert result.language == "en"
    assert list((tmp_path / "work").iterdir()) == []
    assert seen[-1] == (45.0, 45.0)
    assert all(done <= total == 45.0 for done, total in seen)


def test_a_failed_piece_costs_only_itself(
    whisper: Listener, as_wav: AsWav, items: ItemCache, tmp_path: Path
) -> None:
    wav = as_wav("speech/two_cities.flac")
    hosted = Hosted(whisper, errors={0: ProviderUnavailableError("The provider is down.")})
    with pytest.raises(ProviderUnavailableError):
        transcribe(wav, hosted, PARAMS, items, tmp_path, silent)
    requests = len(hosted.pieces)
    assert requests == 3
    hosted.errors.clear()
    result = transcribe(wav, hosted, PARAMS, items, tmp_path, silent)
    assert len(hosted.pieces) == requests + 1
    assert result.segments[0].text.startswith("It was the best of times")
    assert result.segments[-1].text.endswith("only.")


def test_a_permanent_error_comes_first(
    whisper: Listener, as_wav: AsWav, items: ItemCache, tmp_path: Path
) -> None:
    errors: dict[int, ReelworksError] = {
        0: ProviderUnavailableError("Down."),
        1: ProviderAuthError("The key is wrong."),
    }
    hosted = Hosted(whisper, errors=errors)
    with pytest.raises(ProviderAuthError):
        transcribe(as_wav("speech/two_cities.flac"), hosted, PARAMS, items, tmp_path, silent)


def test_a_piece_without_speech_is_not_paid_for(
    whisper: Listener, as_wav: AsWav, items: ItemCache, tmp_path: Path
) -> None:
    wav = tmp_path / "late.wav"
    write_wav(wav, bytes(2 * 60 * RATE) + read_pcm(as_wav("speech/jfk.flac")))
    hosted = Hosted(whisper)
    result = transcribe(wav, hosted, PARAMS, items, tmp_path, silent)
    assert len(hosted.pieces) == 1
    assert 59.6 <= result.segments[0].t_start < 61.0


def test_text_where_nobody_speaks_is_dropped(
    whisper: Listener, as_wav: AsWav, items: ItemCache, tmp_path: Path
) -> None:
    wav = tmp_path / "tail.wav"
    write_wav(wav, read_pcm(as_wav("speech/jfk.flac")) + bytes(2 * 8 * RATE))
    words = (Word("Thank", 15.0, 15.5), Word("you.", 15.5, 16.0))
    invented = (
        Segment(15.0, 16.0, "Thank you.", words, "en"),
        Segment(16.0, 18.0, "Subtitles by a volunteer", (), "en"),
    )
    hosted = Hosted(whisper, added=invented)
    result = transcribe(wav, hosted, PARAMS, items, tmp_path, silent)
    assert result.segments[-1].text.endswith("country.")


def test_every_segment_ends_after_it_begins(
    whisper: Listener, as_wav: AsWav, items: ItemCache, tmp_path: Path
) -> None:
    """A server's segment at 31 to 33 s of 30 s of sound was once cut down to no length."""
    wav = as_wav("speech/jfk.flac")
    late = Segment(11.0, 11.0, "Thank you.", (Word("Thank", 11.0, 11.0), Word("you.", 11.0, 11.0)))
    hosted = Hosted(whisper, added=(late,))
    result = transcribe(wav, hosted, PARAMS, items, tmp_path, silent)
    assert result.text.endswith("Thank you.")
    assert all(s.t_start < s.t_end <= 11.0 for s in result.segments)
    assert all(a.t_end <= b.t_start for a, b in pairwise(result.segments))


def test_a_damaged_cached_answer_is_requested_again(
    whisper: Listener, as_wav: AsWav, items: ItemCache, tmp_path: Path
) -> None:
    counted = Hosted(whisper, AudioLimits(), model=whisper.model)
    wav = as_wav("speech/jfk.flac")
    first = transcribe(wav, counted, PARAMS, items, tmp_path, silent)
    (stored,) = (tmp_path / "items").iterdir()
    stored.write_bytes(stored.read_bytes()[:100])
    assert transcribe(wav, counted, PARAMS, items, tmp_path, silent) == first
    assert len(counted.pieces) == 2


def test_the_user_can_stop_it(
    whisper: Listener, as_wav: AsWav, items: ItemCache, tmp_path: Path
) -> None:
    def stop(done: float, total: float) -> None:
        raise CancelledError("Stopped.")

    for limits in (AudioLimits(), AudioLimits(max_seconds=10.0, parallel=2)):
        hosted = Hosted(whisper, limits)
        with pytest.raises(CancelledError):
            transcribe(as_wav("speech/two_cities.flac"), hosted, PARAMS, items, tmp_path, stop)


@pytest.mark.slow
def test_unbroken_sound_is_cut_where_it_is_quietest(
    whisper: Listener, as_wav: AsWav, items: ItemCache, tmp_path: Path
) -> None:
    hosted = Hosted(whisper, AudioLimits(max_seconds=3.0, parallel=1))
    wav = tmp_path / "talk.wav"
    write_wav(wav, read_pcm(as_wav("video/voicestudio-en.mp4"), 0, 7 * RATE))
    result = transcribe(wav, hosted, PARAMS, items, tmp_path, silent)
    assert max(hosted.pieces) <= 3 * RATE
    assert sum(hosted.pieces) == sample_count(wav)
    times = np.array([(w.t_start, w.t_end) for w in words_of(result)]).ravel()
    assert np.all(np.diff(times) >= 0)
    assert times[-1] <= sample_count(wav) / RATE


@pytest.mark.slow
def test_two_speakers_at_once_are_transcribed_each(
    whisper: Listener, as_wav: AsWav, items: ItemCache, tmp_path: Path
) -> None:
    wavs = {"left": as_wav("speech/jfk.flac"), "right": as_wav("speech/two_cities.flac")}
    seen: list[tuple[float, float]] = []
    both = transcribe_channels(
        wavs, whisper, PARAMS, items, tmp_path, lambda done, total: seen.append((done, total))
    )
    alone = {
        speaker: transcribe(wav, whisper, PARAMS, items, tmp_path, silent).segments
        for speaker, wav in wavs.items()
    }
    assert both.language == "en"
    assert [one.t_start for one in both.segments] == sorted(one.t_start for one in both.segments)
    for speaker, segments in alone.items():
        mine = tuple(replace(s, speaker=None) for s in both.segments if s.speaker == speaker)
        assert mine == segments
    assert any(a.t_end > b.t_start for a, b in pairwise(both.segments)), "they talk at once"
    assert seen[-1][0] == pytest.approx(seen[-1][1])
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)

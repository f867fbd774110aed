"""Chunks of audio go through the cache and the model, each once."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from reelworks.domain.capabilities import AudioLimits
from reelworks.domain.digest import ModelRef
from reelworks.domain.jobs.progress import Progress, silent
from reelworks.domain.video.transcript import Segment, Transcript
from reelworks.errors import CancelledError, ProviderAuthError, RateLimitedError, ReelworksError
from reelworks.models.speech.waveform import SAMPLE_RATE, read_pcm, sample_count, write_wav
from reelworks.stages.speech.audio_chunks import AudioChunk
from reelworks.stages.speech.transcribe_chunks import ChunkTranscription, chunk_key

MODEL = ModelRef("hosted", "whisper", "1")
CHUNKS = [AudioChunk(n * SAMPLE_RATE, (n + 1) * SAMPLE_RATE) for n in range(4)]


@dataclass
class Hosted:
    """A hosted model that answers with the loudness of what it was sent, or an error."""

    limits: AudioLimits = field(default_factory=lambda: AudioLimits(20.0, parallel=2))
    errors: dict[int, ReelworksError] = field(default_factory=dict)
    """By the loudness of the chunk."""
    model: ModelRef = MODEL
    sent: list[int] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def transcribe(self, wav: Path, *, language: str | None, progress: Progress) -> Transcript:
        loudness = int(np.frombuffer(read_pcm(wav), "<i2").max())
        seconds = sample_count(wav) / SAMPLE_RATE
        with self.lock:
            self.sent.append(loudness)
        if loudness in self.errors:
            raise self.errors[loudness]
        progress(seconds, seconds)
        return Transcript(language, (Segment(0.0, seconds, str(loudness), (), language),))


@pytest.fixture
def wav(tmp_path: Path) -> Path:
    """Four seconds, each with a loudness of its own."""
    path = tmp_path / "audio.wav"
    levels = np.repeat(np.array([100, 200, 300, 400], "<i2"), SAMPLE_RATE)
    write_wav(path, levels.tobytes())
    return path


def work(wav: Path, hosted: Hosted, items) -> ChunkTranscription:
    return ChunkTranscription(wav, 4 * SAMPLE_RATE, hosted, "en", items, wav.parent / "work")


def texts(answers: list[Transcript]) -> list[str]:
    return [answer.segments[0].text for answer in answers]


def test_answers_come_in_the_order_of_the_chunks_and_leave_no_file(wav, items):
    answers = work(wav, Hosted(), items).transcribe_all(CHUNKS, silent)

    assert texts(answers) == ["100", "200", "300", "400"]
    assert list((wav.parent / "work").iterdir()) == []
    assert wav.exists()


def test_a_cached_chunk_is_not_sent_again(wav, items):
    work(wav, Hosted(), items).transcribe_all(CHUNKS[:2], silent)
    again = Hosted()

    answers = work(wav, again, items).transcribe_all(CHUNKS, silent)

    assert texts(answers) == ["100", "200", "300", "400"]
    assert sorted(again.sent) == [300, 400]


def test_a_truncated_answer_in_the_cache_is_requested_again(wav, items):
    work(wav, Hosted(), items).transcribe_all(CHUNKS[:2], silent)
    for path in items.folder.iterdir():
        path.write_bytes(path.read_bytes()[:-5])
    again = Hosted()

    work(wav, again, items).transcribe_all(CHUNKS[:2], silent)

    assert sorted(again.sent) == [100, 200]


def test_a_permanent_error_is_raised_before_one_that_can_pass(wav, items):
    errors = {100: RateLimitedError("Slow down."), 300: ProviderAuthError("The key is refused.")}

    with pytest.raises(ProviderAuthError):
        work(wav, Hosted(errors=errors), items).transcribe_all(CHUNKS, silent)
    assert len(items) == 2, "the others are cached"


def test_a_user_who_stops_it_stops_the_chunks_that_wait(wav, items):
    hosted = Hosted(limits=AudioLimits(20.0, parallel=1))
    gate = threading.Event()
    answer = hosted.transcribe

    def slow(*arguments, **named):
        gate.wait(10)
        return answer(*arguments, **named)

    hosted.transcribe = slow  # type: ignore[method-assign]

    def stop(done: float, total: float) -> None:
        raise CancelledError("Stopped.")

    with pytest.raises(CancelledError, match="Stopped"):
        work(wav, hosted, items).transcribe_all(CHUNKS, stop)
    gate.set()

    assert len(hosted.sent) <= 1


def test_progress_counts_seconds_of_the_whole_file(wav, items):
    seen: list[tuple[float, float]] = []

    def report(done: float, total: float) -> None:
        seen.append((done, total))

    work(wav, Hosted(), items).transcribe_all([CHUNKS[2]], report)

    assert seen == [(3.0, 4.0)]


def test_the_key_changes_with_audio_language_and_model():
    key = chunk_key("a" * 64, "en", MODEL)

    assert key == chunk_key("a" * 64, "en", MODEL)
    others = {
        chunk_key("b" * 64, "en", MODEL),
        chunk_key("a" * 64, None, MODEL),
        chunk_key("a" * 64, "en", ModelRef("hosted", "whisper", "2")),
    }
    assert len(others | {key}) == 4

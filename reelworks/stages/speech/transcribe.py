"""Transcription: audio as readable segments with word times."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from reelworks.domain.capabilities import ItemCache, Transcriber
from reelworks.domain.jobs.progress import Progress
from reelworks.domain.library.spelling import join_words
from reelworks.domain.video.transcript import Segment, Transcript, Word
from reelworks.models.speech.voice_activity import Region, inside_speech, speech_regions
from reelworks.models.speech.waveform import SAMPLE_RATE, read_samples, sample_count
from reelworks.stages.speech.audio_chunks import AudioChunk, cut_at_silences, quietest_sample
from reelworks.stages.speech.segment_lengths import with_least_length
from reelworks.stages.speech.segmentation import SegmentLimits, resegment
from reelworks.stages.speech.transcribe_chunks import ChunkTranscription


@dataclass(frozen=True, slots=True)
class TranscribeParams:
    """What a user may choose about a transcript."""

    language: str | None = None
    """ISO 639-1 code of the speech; None to detect it."""
    max_segment_seconds: float = 7.0
    max_segment_characters: int = 84
    pause_seconds: float = 0.8
    """A pause of so many seconds always ends a segment."""

    @property
    def segment_limits(self) -> SegmentLimits:
        """Limits of the segments."""
        return SegmentLimits(
            self.max_segment_seconds, self.max_segment_characters, self.pause_seconds
        )


def transcribe(
    wav: Path | None,
    transcriber: Transcriber,
    params: TranscribeParams,
    cache: ItemCache,
    work_dir: Path,
    progress: Progress,
) -> Transcript:
    """Transcribe a 16 kHz mono 16-bit wav file; times are seconds from its first sample.

    No audio (``wav`` None) and no speech give an empty transcript, without a call to a hosted
    model. Audio longer than the model takes is cut at silences, and the chunks are sent at
    once, as many as the model allows. Each chunk's answer is stored in ``cache``. ``work_dir``
    contains the chunks for as long as they are needed. ``progress`` counts seconds of audio.

    Raises the first chunk's error after the others have finished and are cached, ``CancelledError``
    from ``progress``, ``SourceNotFoundError`` and ``UnsupportedMediaError``.
    """
    total = sample_count(wav) if wav is not None else 0
    if wav is None or total == 0:
        return Transcript(language=None)
    regions = _needed_regions(wav, total, transcriber)
    chunks = _chunks(wav, total, transcriber.limits.max_seconds, regions)
    if regions is not None:
        chunks = [chunk for chunk in chunks if chunk.has_speech(regions)]
    transcription = ChunkTranscription(wav, total, transcriber, params.language, cache, work_dir)
    answers = transcription.transcribe_all(chunks, progress)
    segments = [
        s for chunk, answer in zip(chunks, answers, strict=True) for s in _moved(chunk, answer)
    ]
    if regions is not None:
        segments = _heard_only(segments, regions)
    progress(total / SAMPLE_RATE, total / SAMPLE_RATE)
    readable = resegment(segments, params.segment_limits)
    return Transcript(_main_language(segments), with_least_length(readable, total / SAMPLE_RATE))


def transcribe_channels(
    wavs: Mapping[str, Path],
    transcriber: Transcriber,
    params: TranscribeParams,
    cache: ItemCache,
    work_dir: Path,
    progress: Progress,
) -> Transcript:
    """Transcribe the channels of one recording separately; ``wavs`` is by their speakers' names.

    The segments are in order of their start and name their speaker; people who talk at once
    overlap. ``progress`` counts seconds of all channels. Raises what ``transcribe`` raises.
    """
    total = sum(sample_count(wav) for wav in wavs.values()) / SAMPLE_RATE
    segments: list[Segment] = []
    before = 0.0
    for speaker, wav in wavs.items():
        report = _after(before, total, progress)
        found = transcribe(wav, transcriber, params, cache, work_dir, report)
        segments += [replace(one, speaker=speaker) for one in found.segments]
        before += sample_count(wav) / SAMPLE_RATE
    segments.sort(key=lambda one: (one.t_start, one.t_end))
    return Transcript(_main_language(segments), tuple(segments))


def _after(before: float, whole: float, progress: Progress) -> Progress:
    """Return the progress of a part that begins after ``before`` of ``whole`` seconds."""

    def report(done: float, total: float) -> None:
        del total
        progress(before + done, whole)

    return report


def _needed_regions(wav: Path, total: int, transcriber: Transcriber) -> list[Region] | None:
    """Find the speech for a hosted model and for cuts; local models look for it themselves."""
    longest = transcriber.limits.max_seconds
    is_cut = longest is not None and total > round(longest * SAMPLE_RATE)
    return speech_regions(wav) if is_cut or transcriber.model.provider != "local" else None


def _chunks(
    wav: Path, total: int, longest: float | None, regions: Sequence[Region] | None
) -> list[AudioChunk]:
    if longest is None or total <= int(longest * SAMPLE_RATE):
        return [AudioChunk(0, total)]

    def quietest(start: int, stop: int) -> int:
        return start + quietest_sample(read_samples(wav, start, stop))

    return cut_at_silences(total, int(longest * SAMPLE_RATE), regions or (), quietest)


def _moved(chunk: AudioChunk, answer: Transcript) -> list[Segment]:
    """Turn times in a chunk into times in the file, exact to the sample."""

    def at(seconds: float) -> float:
        return round(min(max(chunk.t_start + seconds, chunk.t_start), chunk.t_end), 7)

    return [
        replace(
            segment,
            t_start=at(segment.t_start),
            t_end=at(segment.t_end),
            words=tuple(
                replace(word, t_start=at(word.t_start), t_end=at(word.t_end))
                for word in segment.words
            ),
            language=segment.language or answer.language,
        )
        for segment in answer.segments
    ]


def _heard_only(segments: Sequence[Segment], regions: Sequence[Region]) -> list[Segment]:
    """Drop text where there is no speech: a hallucination."""
    heard = []
    for segment in segments:
        whole = Word(segment.text, segment.t_start, segment.t_end)
        words = tuple(inside_speech(segment.words, regions))
        if len(words) == len(segment.words) and (words or inside_speech([whole], regions)):
            heard.append(segment)
        elif words:
            text = join_words([word.text for word in words])
            heard.append(
                replace(
                    segment, words=words, text=text, t_start=words[0].t_start, t_end=words[-1].t_end
                )
            )
    return heard


def _main_language(segments: Sequence[Segment]) -> str | None:
    seconds: Counter[str] = Counter()
    for segment in segments:
        spans = segment.words or (segment,)
        if segment.language:
            seconds[segment.language] += round(sum(s.t_end - s.t_start for s in spans) * 1000)
    return seconds.most_common(1)[0][0] if seconds else None

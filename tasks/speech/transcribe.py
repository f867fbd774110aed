"""Transcription: what is said in a video's audio, and its subtitles."""

from __future__ import annotations

from pathlib import Path

from prefect import task
from prefect.client.schemas.objects import State

from reelworks.domain.artifact_keys import AUDIO, SUBTITLES
from reelworks.domain.video.transcript import Transcript
from reelworks.domain.video.video import NormalizedAudio
from reelworks.media.formats.subtitles import to_srt, to_vtt
from reelworks.pipeline.cache_keys import separate_channels, transcript_call
from reelworks.pipeline.capabilities import make_transcriber
from reelworks.pipeline.spec import Stage
from reelworks.pipeline.stage_cache import StageOutput, StageResult, item_cache
from reelworks.stages.speech import transcribe as verb
from reelworks.store.library.publish import publish_transcript
from tasks.runtime.stage_runner import CachedStage, Summary, run_cached_stage
from tasks.runtime.stage_task import stage_task
from tasks.runtime.stage_thread import StageAttempt

_SUMMARY: Summary[Transcript] = Summary(
    lambda transcript: len(transcript.segments), "segments", log_word="TRANSCRIBED"
)


@task(**stage_task(Stage.TRANSCRIBE))
async def transcribe(
    video_id: str, audio: StageResult[NormalizedAudio | None], language: str | None
) -> State[StageResult[Transcript]]:
    """Write ``subs/{id}.srt`` and ``.vtt`` and the transcript's rows."""

    def prepare(attempt: StageAttempt) -> CachedStage[Transcript]:
        ctx, transcriber = attempt.ctx, make_transcriber(attempt.ctx.settings)
        params = verb.TranscribeParams(language=language)

        def compute(folder: Path) -> StageOutput[Transcript]:
            items = item_cache(Stage.TRANSCRIBE, ctx, video_id)
            rest = (transcriber, params, items, folder, attempt.progress)
            if channels := separate_channels(audio):
                wavs = [ctx.fetch(audio.artifacts[name]) for name in channels]
                by_speaker = dict(zip(("left", "right"), wavs, strict=True))
                made = verb.transcribe_channels(by_speaker, *rest)
            else:
                made = verb.transcribe(attempt.fetch(audio, AUDIO), *rest)
            return StageOutput.of_files(made, *write_subtitles(made, folder))

        def publish(made: StageResult[Transcript]) -> None:
            publish_transcript(ctx.engine, video_id, made.result, str(transcriber.model))

        call = transcript_call(video_id, audio, params, transcriber.model)
        return CachedStage(call, compute, publish)

    return await run_cached_stage(Stage.TRANSCRIBE, prepare, _SUMMARY)


def write_subtitles(transcript: Transcript, folder: Path) -> list[Path]:
    """Write a transcript's SRT and WebVTT files and return their paths."""
    paths = [folder / name for name in SUBTITLES]
    for path, text in zip(paths, (to_srt(transcript), to_vtt(transcript)), strict=True):
        path.write_text(text, encoding="utf-8")
    return paths

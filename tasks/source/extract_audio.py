"""Audio extraction: 16 kHz mono sound in step with the video track."""

from __future__ import annotations

from pathlib import Path

from prefect import task
from prefect.client.schemas.objects import State

from reelworks.domain.video.video import NormalizedAudio
from reelworks.pipeline.cache_keys import audio_call
from reelworks.pipeline.spec import Stage
from reelworks.pipeline.stage_cache import StageOutput, StageResult
from reelworks.stages.source import extract_audio as verb
from reelworks.store.library.publish import publish_audio
from tasks.runtime.stage_runner import CachedStage, Summary, run_cached_stage
from tasks.runtime.stage_task import stage_task
from tasks.runtime.stage_thread import StageAttempt
from tasks.source.ingest import Ingested

Audio = NormalizedAudio | None
_SUMMARY: Summary[Audio] = Summary(
    count=lambda audio: round(audio.duration) if audio else 0,
    unit="s of sound",
    warnings=lambda audio: audio.warnings if audio else (),
)


@task(**stage_task(Stage.EXTRACT_AUDIO))
async def extract_audio(video: Ingested) -> State[StageResult[Audio]]:
    """Write ``processed/{id}/audio.wav``; None when the source has no sound."""

    def prepare(attempt: StageAttempt) -> CachedStage[Audio]:
        ctx = attempt.ctx

        def compute(folder: Path) -> StageOutput[Audio]:
            with ctx.reading(video.upload) as source:
                made = verb.extract_audio(source, video.probe, folder, attempt.progress)
            return StageOutput.of_files(made.audio, made.wav_path, *made.channel_paths)

        def publish(extracted: StageResult[Audio]) -> None:
            has_picture = video.probe.video is not None
            publish_audio(ctx.engine, video.video_id, extracted.result, has_picture=has_picture)

        call = audio_call(video.video_id, video.sha256, video.audio_choice)
        return CachedStage(call, compute, publish)

    return await run_cached_stage(Stage.EXTRACT_AUDIO, prepare, _SUMMARY)

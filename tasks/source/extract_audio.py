"""Extract audio: 16 kHz mono sound in step with the picture."""

from __future__ import annotations

from pathlib import Path

from prefect import task
from prefect.client.schemas.objects import State

from reelworks.domain.jobs.progress import Progress
from reelworks.domain.video.video import NormalizedAudio
from reelworks.pipeline.cache_keys import audio_call
from reelworks.pipeline.stage_cache import StageOutput, StageResult, get_or_compute
from reelworks.stages.source import extract_audio as verb
from reelworks.store.library.publish import publish_audio
from tasks.runtime.current_run import current_run
from tasks.runtime.stage_runner import run_stage, stage_task
from tasks.source.ingest import Ingested


@task(**stage_task("extract_audio", runs_on="cpu", minutes=60))
async def extract_audio(video: Ingested) -> State[StageResult[NormalizedAudio | None]]:
    """Write ``processed/{id}/audio.wav``; None when the source has no sound."""
    ctx = current_run().ctx

    def work(progress: Progress) -> StageResult[NormalizedAudio | None]:
        question = audio_call(video.video_id, video.sha256)

        def compute(room: Path) -> StageOutput[NormalizedAudio | None]:
            with ctx.reading(video.upload) as source:
                made = verb.extract_audio(source, video.probe, room, progress)
            files = {"audio.wav": made.wav_path} if made.wav_path else {}
            return StageOutput(made.audio, files)

        answer = get_or_compute(question, compute, ctx, go_on=lambda: progress(0, 1))
        publish_audio(ctx.engine, video.video_id, answer.result)
        return answer

    return await run_stage(
        "extract_audio",
        work,
        count=lambda audio: round(audio.duration) if audio else 0,
        unit="s of sound",
        warnings=lambda audio: audio.warnings if audio else (),
    )

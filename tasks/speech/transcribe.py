"""Transcribe: sound becomes words with times, and subtitle files."""

from __future__ import annotations

import logging
from pathlib import Path

from prefect import task
from prefect.client.schemas.objects import State

from reelworks.domain.jobs.progress import Progress
from reelworks.domain.video.transcript import Transcript
from reelworks.domain.video.video import NormalizedAudio
from reelworks.media.formats.subtitles import to_srt, to_vtt
from reelworks.pipeline.cache_keys import transcript_call
from reelworks.pipeline.capabilities import make_transcriber
from reelworks.pipeline.stage_cache import StageOutput, StageResult, get_or_compute, items_of
from reelworks.stages.speech import transcribe as verb
from reelworks.store.library.publish import publish_transcript
from tasks.runtime.current_run import current_run
from tasks.runtime.stage_runner import run_stage, stage_task

log = logging.getLogger("video_worker")


@task(**stage_task("transcribe", runs_on="gpu", minutes=360))
async def transcribe(
    video_id: str, audio: StageResult[NormalizedAudio | None], language: str | None
) -> State[StageResult[Transcript]]:
    """Write ``subs/{id}.srt`` and ``.vtt`` and the transcript's rows."""
    ctx = current_run().ctx
    params = verb.TranscribeParams(language=language)

    def work(progress: Progress) -> StageResult[Transcript]:
        transcriber = make_transcriber(ctx.settings)
        wav = audio.artifacts.get("audio.wav")
        question = transcript_call(video_id, audio, params, transcriber.model)

        def compute(room: Path) -> StageOutput[Transcript]:
            local = ctx.fetch(wav) if wav else None
            items = items_of("transcribe", ctx, video_id)
            transcript = verb.transcribe(local, transcriber, params, items, room, progress)
            files = {"captions.srt": to_srt(transcript), "captions.vtt": to_vtt(transcript)}
            for name, text in files.items():
                (room / name).write_text(text, encoding="utf-8")
            return StageOutput(transcript, {name: room / name for name in files})

        answer = get_or_compute(question, compute, ctx, go_on=lambda: progress(0, 1))
        publish_transcript(ctx.engine, video_id, answer.result, model=str(transcriber.model))
        log.info("TRANSCRIBED %s: %d segments", video_id, len(answer.result.segments))
        return answer

    return await run_stage(
        "transcribe", work, count=lambda transcript: len(transcript.segments), unit="segments"
    )

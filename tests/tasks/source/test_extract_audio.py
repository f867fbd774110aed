"""The task ``extract_audio``: a WAV file in the store, or none for a silent source."""

from __future__ import annotations

from pathlib import Path

from reelworks.domain.artifact_keys import AUDIO
from reelworks.pipeline.run_context import RunContext
from reelworks.store.library.video_reads import get_summary
from tests.support.stage_tasks import ingested, run_body


async def test_sound_is_stored_and_gives_the_video_its_duration(
    stage_ctx: RunContext, media: Path
) -> None:
    from tasks.source.extract_audio import extract_audio

    video = await ingested(stage_ctx, media / "odd" / "audio_only.m4a")
    made = await run_body(stage_ctx, extract_audio, video)
    again = await run_body(stage_ctx, extract_audio, video)

    key = made.key_of(AUDIO)
    assert key is not None
    wav = stage_ctx.store.get_bytes(key)
    assert wav is not None
    assert wav.startswith(b"RIFF")
    assert len(wav) > made.result.duration * 16_000  # 16 kHz, mono, two bytes
    assert get_summary(stage_ctx.engine, "clip").duration == made.result.duration
    assert (made.cached, again.cached) == (False, True)


async def test_no_sound_is_a_result(stage_ctx: RunContext, media: Path) -> None:
    from tasks.source.extract_audio import extract_audio

    video = await ingested(stage_ctx, media / "odd" / "no_audio.mp4")
    made = await run_body(stage_ctx, extract_audio, video)

    assert (made.result, made.artifacts, made.key_of(AUDIO)) == (None, {}, None)

"""The task ``transcribe``: subtitles in the store; silence needs no model."""

from __future__ import annotations

from pathlib import Path

from reelworks.domain.artifact_keys import SUBTITLES
from reelworks.domain.video.transcript import Segment, Transcript
from reelworks.media.formats.subtitles import from_srt, from_vtt
from reelworks.pipeline.run_context import RunContext
from reelworks.pipeline.stage_cache import StageResult
from reelworks.store.library.video_status import claim_video
from tests.support.stage_tasks import run_body


async def test_a_source_without_sound_has_empty_subtitles(stage_ctx: RunContext) -> None:
    from tasks.speech.transcribe import transcribe

    claim_video(stage_ctx.engine, "clip", original_path="/clip.mp4")
    silence = StageResult(None, {}, "0" * 64, None, cached=False)
    made = await run_body(stage_ctx, transcribe, "clip", silence, None)

    assert made.result.segments == ()
    srt, vtt = (stage_ctx.store.get_bytes(made.artifacts[name].key) for name in SUBTITLES)
    assert (srt, (vtt or b"").strip()) == (b"", b"WEBVTT")
    assert str(made.model).startswith("local/")


def test_subtitles_have_the_transcripts_segments_in_both_formats(tmp_path: Path) -> None:
    from tasks.speech.transcribe import write_subtitles

    spoken = (Segment(0.5, 1.5, "Grüße & Küsse"), Segment(2.0, 3.25, "Second."))
    srt, vtt = write_subtitles(Transcript("de", spoken), tmp_path)

    assert [path.name for path in (srt, vtt)] == list(SUBTITLES)
    assert from_srt(srt.read_text(encoding="utf-8")) == spoken
    assert from_vtt(vtt.read_text(encoding="utf-8")) == spoken

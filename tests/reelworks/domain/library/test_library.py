"""A video's transcript is that of its stored segments."""

from __future__ import annotations

from datetime import UTC, datetime

from reelworks.domain.library.library import StoredSegment, VideoSummary, VideoView
from reelworks.domain.video.transcript import Segment, Transcript

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_a_transcript_has_the_segments_in_order_and_the_video_s_language() -> None:
    lines = (Segment(0.0, 1.0, "Guten Tag."), Segment(1.0, 2.0, "Bonjour.", language="fr"))
    summary = VideoSummary(
        id="v",
        title="Talk",
        library="default",
        status="ready",
        error=None,
        duration=2.0,
        language="de",
        original_path="/talk.mp4",
        created_at=NOW,
        updated_at=NOW,
        gone_at=None,
        added_by=None,
    )
    segments = tuple(StoredSegment(f"s{n}", one, "m") for n, one in enumerate(lines))
    view = VideoView(summary, None, None, {}, {}, (), (), (), segments)

    assert view.transcript == Transcript("de", lines)
    assert view.transcript.text == "Guten Tag.\nBonjour."

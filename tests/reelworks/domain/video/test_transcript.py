"""A transcript as text."""

from __future__ import annotations

from reelworks.domain.video.transcript import Segment, Transcript


def test_a_transcript_s_text_has_one_line_for_each_segment() -> None:
    lines = (Segment(0.0, 1.0, "One."), Segment(1.0, 2.0, "Two."))
    assert Transcript("en", lines).text == "One.\nTwo."
    assert Transcript(None).text == ""

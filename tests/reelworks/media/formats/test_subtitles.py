"""Transcripts as SRT and WebVTT, and back."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelworks.domain.video.transcript import Segment, Transcript
from reelworks.media.formats.subtitles import from_srt, from_vtt, timestamp, to_srt, to_vtt

TWO = Transcript(
    "en",
    (
        Segment(0.0, 1.5, "Fish & <chips>"),
        Segment(3661.0015, 3725.9996, "a --> b\n\nsecond line\r\nthird"),
    ),
)

LINES = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp", "Zs"]), min_size=1, max_size=21
).filter(lambda text: text.strip() == text and text.strip() and "\x85" not in text)
MILLISECONDS = st.integers(0, 359_999_999)
SEGMENTS = st.lists(
    st.builds(
        lambda start, length, lines: Segment(
            start / 1000, (start + length) / 1000, "\n".join(lines)
        ),
        MILLISECONDS,
        st.integers(20, 60_000),
        st.lists(LINES, min_size=1, max_size=3),
    ),
    max_size=5,
)


def test_srt_is_exactly_this() -> None:
    assert to_srt(TWO) == (
        "1\n00:00:00,000 --> 00:00:01,500\nFish & <chips>\n"
        "\n"
        "2\n01:01:01,002 --> 01:02:06,000\na → b\nsecond line\nthird\n"
    )


def test_vtt_is_exactly_this() -> None:
    assert to_vtt(TWO) == (
        "WEBVTT\n"
        "\n00:00:00.000 --> 00:00:01.500\nFish &amp; &lt;chips&gt;\n"
        "\n01:01:01.002 --> 01:02:06.000\na --&gt; b\nsecond line\nthird\n"
    )


def test_a_long_text_is_shown_in_two_lines() -> None:
    text = "to any person obtaining a copy, to deal in it without any restriction"
    lines = "to any person obtaining a copy,\nto deal in it without any restriction"
    transcript = Transcript("en", (Segment(0, 5, text),))
    assert to_srt(transcript) == f"1\n00:00:00,000 --> 00:00:05,000\n{lines}\n"
    assert to_vtt(transcript).endswith(f"00:00:05.000\n{lines}\n")


def test_a_cue_of_no_length_in_an_earlier_transcript_is_given_some() -> None:
    (cue,) = from_vtt(to_vtt(Transcript("en", (Segment(30.0, 30.0, "end"),))))
    assert cue.t_start == 30.0 < cue.t_end


def test_silence_gives_valid_empty_files() -> None:
    silence = Transcript(None)
    assert to_srt(silence) == ""
    assert to_vtt(silence) == "WEBVTT\n"
    assert from_srt("") == from_vtt("WEBVTT\n") == ()


def test_segments_without_text_are_no_cues() -> None:
    blank = Transcript("en", (Segment(0, 1, " \n "), Segment(1, 2, "x")))
    assert to_srt(blank).startswith("1\n00:00:01,000")
    assert len(from_vtt(to_vtt(blank))) == 1


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "00:00:00.000"),
        (-0.2, "00:00:00.000"),
        (59.9996, "00:01:00.000"),
        (360000, "100:00:00.000"),
    ],
)
def test_timestamps(seconds: float, text: str) -> None:
    assert timestamp(seconds) == text


@given(SEGMENTS)
def test_vtt_round_trip(segments: list[Segment]) -> None:
    assert from_vtt(to_vtt(Transcript("en", tuple(segments)))) == tuple(segments)


@given(SEGMENTS)
def test_srt_round_trip(segments: list[Segment]) -> None:
    expected = tuple(
        Segment(cue.t_start, cue.t_end, cue.text.replace("-->", "→")) for cue in segments
    )
    assert from_srt(to_srt(Transcript("en", tuple(segments)))) == expected


@given(st.text(max_size=300))
def test_no_text_can_break_out_of_its_cue(text: str) -> None:
    transcript = Transcript("en", (Segment(0, 1, text), Segment(1, 2, "end")))
    for cues in (from_srt(to_srt(transcript)), from_vtt(to_vtt(transcript))):
        assert cues[-1] == Segment(1, 2, "end")
        assert len(cues) <= 2


@given(st.text(max_size=300))
def test_any_text_can_be_read(text: str) -> None:
    from_srt(text)
    from_vtt(text)


def test_files_of_others_are_read(media: Path) -> None:
    srt = from_srt((media / "speech" / "voicestudio-en.srt").read_text())
    assert srt
    assert all(cue.t_start < cue.t_end and cue.text for cue in srt)
    vtt = from_vtt((media / "speech" / "sonnet001.vtt").read_text())
    assert len(vtt) >= 10
    assert [cue.t_start for cue in vtt] == sorted(cue.t_start for cue in vtt)


def test_notes_settings_and_markup_are_left_out() -> None:
    text = (
        "\ufeffWEBVTT - title\n\nNOTE hidden\n\nid\n00:01.000 --> 00:02.000 align:start\n"
        "<v Ann>Hello <i>you</i> &amp; me\n"
    )
    assert from_vtt(text) == (Segment(1.0, 2.0, "Hello you & me"),)

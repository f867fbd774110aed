"""Ids: readable, stable, and always valid."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelworks.domain.ids import (
    VIDEO_ID_MAX,
    caption_id,
    frame_id,
    is_video_id,
    scene_id,
    segment_id,
    video_id_for,
)

DIGESTS = st.text("0123456789abcdef", min_size=64, max_size=64)
DIGEST = "0123abcd" + "0" * 56


@given(st.text(), DIGESTS)
def test_an_id_made_from_any_name_is_valid(stem, digest):
    assert is_video_id(video_id_for(stem, digest))


@given(st.text(), DIGESTS)
def test_the_same_name_and_content_give_the_same_id(stem, digest):
    assert video_id_for(stem, digest) == video_id_for(stem, digest)


@given(st.text(), DIGESTS, DIGESTS)
def test_other_content_gives_another_id(stem, one, two):
    same = one[:8] == two[:8]
    assert (video_id_for(stem, one) == video_id_for(stem, two)) is same


@pytest.mark.parametrize(
    ("stem", "expected"),
    [
        ("Team talk (final)", "team-talk-final-0123abcd"),
        ("Café Münster", "cafe-munster-0123abcd"),
        ("видео", "video-0123abcd"),
        ("", "video-0123abcd"),
        ("--..--", "video-0123abcd"),
        ("a" * 54 + "b", "a" * 54 + "-0123abcd"),
        ("a" * 53 + "-b", "a" * 53 + "-0123abcd"),
    ],
)
def test_an_id_keeps_what_is_readable_of_the_name(stem, expected):
    assert video_id_for(stem, DIGEST) == expected


@pytest.mark.parametrize(
    "text", ["a", "0", "talk_1-b", "VID6", "video.with.dots", "a" * VIDEO_ID_MAX]
)
def test_valid_ids(text):
    assert is_video_id(text)


@pytest.mark.parametrize(
    "text", ["", "-a", "_a", ".a", "..", "a b", "a/b", "../a", "a\n", "é", "a" * (VIDEO_ID_MAX + 1)]
)
def test_what_cannot_be_an_id(text):
    assert not is_video_id(text)


def test_the_ids_of_a_video_s_rows():
    assert scene_id("talk", 0) == "talk_scene_000"
    assert frame_id("talk", 12) == "talk_frame_012"
    assert segment_id("talk", 1000) == "talk_segment_1000"
    assert caption_id("talk", 7) == "talk_frame_007_caption"

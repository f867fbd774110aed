"""Types of ids, names, languages and texts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from reelworks.domain.ids import frame_id, is_video_id, video_id_for
from reelworks.operations.parameters import (
    ArgumentsKey,
    BackfillId,
    CacheKey,
    FrameId,
    JobId,
    Language,
    Library,
    TaskName,
    Title,
    VideoId,
    Word,
)


@given(st.text(max_size=70), st.text("0123456789abcdef", min_size=64, max_size=64))
def test_a_generated_id_is_a_video_id_and_gives_frame_ids(stem, digest):
    video_id = video_id_for(stem, digest)

    assert TypeAdapter(VideoId).validate_python(video_id) == video_id
    frame = frame_id(video_id, 12)
    assert TypeAdapter(FrameId).validate_python(frame) == frame


@given(st.text(max_size=70) | st.from_regex("[A-Za-z0-9._-]{1,140}", fullmatch=True))
def test_the_type_and_the_check_of_video_ids_agree(text):
    try:
        TypeAdapter(VideoId).validate_python(text)
    except ValidationError:
        assert not is_video_id(text)
    else:
        assert is_video_id(text)


@pytest.mark.parametrize(
    ("kind", "valid", "invalid"),
    [
        (
            VideoId,
            ["a", "0", "a" * 128, "VID6", "video.with.dots", "a..b"],
            ["", "-a", "_a", ".a", "..", "a" * 129, "a b", "a/b", "a\n", "ä"],
        ),
        (JobId, ["job-1", "a/b c", "é", "x" * 200], ["", "x" * 201, "a\nb", "a\x00", "\x7f"]),
        (Library, ["talks", "-", "a" * 63], ["", "Talks", "a b", "a" * 64, "talks\n"]),
        (Language, ["en", "de", "yue"], ["", "e", "EN", "en-US", "deu", "xx", "engl", "en\n"]),
        (BackfillId, ["bf-1", "0", "a" * 40], ["", "-a", "a_b", "a" * 41, "a\n"]),
        (CacheKey, ["ab" * 32], ["", "AB" * 32, "ab" * 31, "ab" * 32 + "\n"]),
        (
            ArgumentsKey,
            [f"cache/calls/{'ab' * 32}.json"],
            ["", "cache/calls/x.json", f"x/{'ab' * 32}.json"],
        ),
        (TaskName, ["tasks.a.b_2.c"], ["", "tasks", "os.system", "tasks.A", "tasks..a"]),
        (Word, ["no_space", "index"], ["", "No", "a-b", "a" * 101]),
        (
            FrameId,
            ["a_frame_000", "a_frame_000000"],
            ["a_frame_00", "frame_000", "_frame_000"],
        ),
    ],
)
def test_values_in_and_out_of_a_pattern(kind, valid, invalid):
    adapter = TypeAdapter(kind)

    assert [adapter.validate_python(one) for one in valid] == valid
    for one in invalid:
        with pytest.raises(ValidationError):
            adapter.validate_python(one)


def test_a_title_is_stripped_and_not_blank():
    assert TypeAdapter(Title).validate_python("  The talk ") == "The talk"
    with pytest.raises(ValidationError):
        TypeAdapter(Title).validate_python("   ")

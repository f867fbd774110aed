"""Frames of real normalized videos, with exact times."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from reelworks.errors import UnsupportedMediaError
from reelworks.media.video_reader import open_video

Film = Callable[[str], tuple[Path, Path]]


@pytest.fixture
def counter(film: Film) -> Path:
    """A proxy whose frames show their numbers."""
    return film("counter.mp4")[1]


def test_frames_follow_one_another_without_gaps(counter: Path):
    with open_video(counter) as video:
        frames = list(video.frames())

    assert frames[0].t == 0.0
    for one, following in pairwise(frames):
        assert one.t_end == pytest.approx(following.t, abs=1e-6)
    assert frames[-1].t_end == pytest.approx(len(frames) / 30, abs=0.05)


def test_what_a_file_states_of_itself(counter: Path):
    with open_video(counter) as video:
        length = sum(1 for _ in video.frames())
        assert video.frame_rate == Fraction(30)
        assert video.stated_duration == pytest.approx(length * float(1 / video.frame_rate), abs=0.1)
        assert 0 < video.time_base < 1


def test_a_frame_found_by_its_time_is_that_of_the_whole_decoding(counter: Path):
    with open_video(counter) as video:
        frames = list(video.frames())
    wanted = [frames[number] for number in (7, 31, len(frames) - 2)]

    with open_video(counter) as video:
        found = video.frames_at([one.t for one in wanted])

    assert [one.pts for one in found] == [one.pts for one in wanted]
    for one, other in zip(found, wanted, strict=True):
        assert np.array_equal(one.luma(), other.luma())


def test_times_beyond_the_end_give_fewer_frames(counter: Path):
    with open_video(counter) as video:
        assert len(video.frames_at([0.0, 1e4])) == 1


def test_keyframes_of_a_normalized_video_come_every_two_seconds(film: Film):
    with open_video(film("counter.mp4")[0]) as video:
        times = video.keyframe_times()
        length = video.stated_duration

    assert times[0] == pytest.approx(0.0, abs=0.1)
    assert np.diff([*times, length]).max() <= 2.1


def test_pixels_have_the_size_of_the_frame_without_padding(counter: Path):
    with open_video(counter) as video:
        frame = next(video.frames())

        height, width = frame.luma().shape
        assert frame.bgr().shape == (height, width, 3)
        assert len(frame.rgb(48, 27)) == 48 * 27 * 3


@pytest.mark.parametrize("content", [b"", b"this is no video" * 100])
def test_what_is_no_video_is_named(tmp_path: Path, content: bytes):
    path = tmp_path / "clip.mp4"
    path.write_bytes(content)

    with (
        pytest.raises(UnsupportedMediaError, match=r"clip\.mp4 cannot be read as video"),
        open_video(path),
    ):
        pass


def test_sound_alone_has_no_video_track(media: Path):
    with (
        pytest.raises(UnsupportedMediaError, match="has no video track"),
        open_video(media / "odd" / "audio_only.m4a"),
    ):
        pass

"""What is spoken is heard, whatever its track, its channels and its time."""

from __future__ import annotations

import pytest

from reelworks.domain.library.library import VideoView
from reelworks.errors import InputError, UnsupportedMediaError
from reelworks.settings import Settings
from tests.support.flows.library import video
from tests.support.made_media import MadeMedia

pytestmark = pytest.mark.slow

JFK = "ask what you can do for your country"


def said(found: VideoView) -> str:
    return " ".join(one.segment.text for one in found.segments)


def check_times(found: VideoView, duration: float) -> None:
    """The row's duration is the longer of picture and sound; scenes tile it, cues lie in it."""
    assert found.summary.duration == pytest.approx(duration, abs=0.1)
    scenes = [one.scene for one in found.scenes]
    ends = [0.0, *(scene.t_end for scene in scenes)]
    assert [scene.t_start for scene in scenes] == ends[:-1]
    assert ends[-1] == pytest.approx(found.summary.duration, abs=0.001)
    for one in found.segments:
        assert 0 <= one.segment.t_start < one.segment.t_end <= duration + 0.1


async def test_a_sentence_before_the_first_picture(index_shared, shared: Settings, made: MadeMedia):
    run = await index_shared(made("late_picture.mp4"), "late_picture")

    assert run.error is None
    found = video(shared, "late_picture")
    check_times(found, 15.4)
    assert found.segments[0].segment.text.startswith("Voice Studio is a desktop app")
    assert found.segments[0].segment.t_start < 0.5


async def test_a_talk_over_a_still_cover(index_shared, shared: Settings, made: MadeMedia):
    run = await index_shared(made("cover.mp4"), "cover")

    assert run.error is None
    found = video(shared, "cover")
    check_times(found, 44.37)
    assert len(found.scenes) == 1
    assert found.segments[-1].segment.t_end > 40


async def test_a_recording_that_grows_is_read(index_shared, shared: Settings, made: MadeMedia):
    run = await index_shared(made("growing.ts"), "growing")

    assert run.error is None
    found = video(shared, "growing")
    assert {(one.frame.width, one.frame.height) for one in found.frames} == {(1280, 720)}
    read = {
        line.text
        for one in found.frames
        if one.description is not None
        for line in one.description.text
    }
    assert any("Sign in" in line for line in read), read


async def test_the_second_track_and_the_choice_of_the_first(
    index_shared, shared: Settings, made: MadeMedia
):
    source = made("second_track_speaks.mkv")
    by_speech = await index_shared(source, "obs")
    found = video(shared, "obs")
    assert by_speech.error is None
    assert JFK in said(found)
    assert found.probe["mix"]["reason"].startswith("Audio track 2 is used")
    check_times(found, 11.0)

    by_user = await index_shared(source, "obs", audio_track=1)
    assert by_user.error is None
    assert {"extract_audio", "normalize", "transcribe"} <= by_user.worked
    assert video(shared, "obs").segments == ()
    assert video(shared, "obs").probe["mix"]["track"] == 1

    remembered = await index_shared(source, "obs")
    assert remembered.worked == set()
    assert video(shared, "obs").segments == ()

    back = await index_shared(source, "obs", audio_track=2)
    assert back.error is None
    assert JFK in said(video(shared, "obs"))


async def test_a_track_that_is_not_there_fails_for_good(
    index_shared, shared: Settings, made: MadeMedia
):
    for name, video_id in (("second_track_speaks.mkv", "three"), ("antiphase.wav", "mono")):
        run = await index_shared(made(name), video_id, audio_track=3)

        assert isinstance(run.error, InputError)
        assert not run.error.retryable
        assert "so there is no audio track 3" in str(video(shared, video_id).summary.error)


@pytest.mark.parametrize("name", ["antiphase.wav", "10_channels.wav"])
async def test_channels_that_cancel_or_are_left_out(
    index_shared, shared: Settings, made: MadeMedia, name: str
):
    video_id = name.partition(".")[0]
    run = await index_shared(made(name), video_id)

    assert run.error is None
    found = video(shared, video_id)
    assert JFK in said(found)
    assert found.warnings == ()
    assert found.probe["mix"]["reason"]


async def test_two_speakers_at_once(index_shared, shared: Settings, made: MadeMedia):
    source = made("two_speakers.wav")
    run = await index_shared(source, "two")

    assert run.error is None
    found = video(shared, "two")
    by_speaker = {
        speaker: " ".join(
            one.segment.text for one in found.segments if one.segment.speaker == speaker
        )
        for speaker in ("left", "right")
    }
    assert "it was the worst of times" in by_speaker["left"]
    assert JFK in by_speaker["right"]
    starts = [one.segment.t_start for one in found.segments]
    assert starts == sorted(starts)
    assert (await index_shared(source, "two")).worked == set()


async def test_a_voice_memo_is_sound_and_a_photo_is_none(
    index_shared, shared: Settings, made: MadeMedia
):
    memo = await index_shared(made("memo.amr"), "memo")
    assert memo.error is None
    assert video(shared, "memo").summary.duration == pytest.approx(10.0, abs=0.1)

    photo = await index_shared(made("still.jpg"), "photo")
    assert isinstance(photo.error, UnsupportedMediaError)
    assert "is a still picture (JPEG), not a video or audio file" in str(photo.error)

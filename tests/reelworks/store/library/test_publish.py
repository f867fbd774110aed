"""Publishing is idempotent: the same result gives the same rows, untouched."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from reelworks.domain.library.library import VideoStatus
from reelworks.domain.video.transcript import Segment, Transcript, Word
from reelworks.domain.video.video import AudioMix, NormalizedAudio, Probe, VideoTrack
from reelworks.domain.video.vision import VisionResult
from reelworks.errors import ServiceError, UnknownVideoError
from reelworks.store.library.publish import (
    publish_audio,
    publish_captions,
    publish_normalized,
    publish_probe,
    publish_scenes,
    publish_transcript,
)
from reelworks.store.library.video_contents import get_video
from reelworks.store.library.video_reads import delete_video, get_summary
from reelworks.store.library.video_status import claim_video, set_status
from reelworks.store.library.video_writes import NewVideo, add_video
from tests.support.published import HEARD, TALK, described, publish_all, vectors

names = (f"video-{number}" for number in itertools.count())

texts = st.text(max_size=20)
seconds = st.floats(0, 1e5, allow_nan=False)
transcripts = st.builds(
    Transcript,
    language=st.sampled_from(["en", "de", "ja", None]),
    segments=st.lists(
        st.builds(
            lambda start, length, line, words: Segment(start, start + length, line, words),
            seconds,
            seconds,
            texts,
            st.lists(st.builds(Word, texts, seconds, seconds), max_size=2).map(tuple),
        ),
        max_size=6,
    ).map(tuple),
)


def snapshot(engine: Engine, video_id: str) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of the video with the transaction that wrote it."""
    tables = ("scenes", "frames", "transcript_segments", "frame_captions")
    with engine.connect() as connection:
        return {
            table: [
                tuple(row)
                for row in connection.execute(
                    text(
                        f"SELECT id, xmin::text, t::text FROM {table} t WHERE video_id = :id"
                        " ORDER BY id"
                    ),
                    {"id": video_id},
                )
            ]
            for table in tables
        }


@examples(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(transcript=transcripts)
def test_publishing_twice_leaves_every_row_untouched(
    engine: Engine, transcript: Transcript
) -> None:
    video_id = next(names)
    publish_all(engine, video_id, transcript, described("alpha", "beta"))
    first = snapshot(engine, video_id)
    publish_all(engine, video_id, transcript, described("alpha", "beta"))
    assert snapshot(engine, video_id) == first
    assert len(first["transcript_segments"]) == len(transcript.segments)


def test_the_length_of_sound_alone_is_always_that_of_its_last_source(engine: Engine) -> None:
    video_id = next(names)
    claim_video(engine, video_id, original_path="/talk.wav")
    for seconds in (5.9, 7.5):
        publish_normalized(engine, video_id, None, normalized_path=None)
        publish_audio(engine, video_id, NormalizedAudio(seconds, None), has_picture=False)
        assert get_video(engine, video_id).summary.duration == seconds


def test_the_mix_is_published_with_the_audio_and_the_probe_leaves_it(engine: Engine) -> None:
    video_id = next(names)
    probe = Probe("wav", 5.9, title="T")
    mix = AudioMix(1, "difference", (), "Out of phase.")
    claim_video(engine, video_id, original_path="/talk.wav")
    publish_probe(engine, video_id, probe, upload_path="uploads/a", sha256="ab")
    publish_audio(engine, video_id, NormalizedAudio(5.9, None, (), mix), has_picture=False)
    publish_probe(engine, video_id, probe, upload_path="uploads/a", sha256="ab")
    found = get_video(engine, video_id).probe
    assert (found["container"], found["mix"]["reason"]) == ("wav", "Out of phase.")


def test_rows_no_longer_produced_are_removed(engine: Engine) -> None:
    video_id = next(names)
    publish_all(engine, video_id, TALK, described("alpha", "beta", "gamma"))
    publish_all(engine, video_id, Transcript("en", TALK.segments[:1]), described("alpha"))
    assert {table: len(rows) for table, rows in snapshot(engine, video_id).items()} == {
        "scenes": 1,
        "frames": 1,
        "transcript_segments": 1,
        "frame_captions": 1,
    }
    publish_all(engine, video_id, Transcript(None), VisionResult())
    assert not any(snapshot(engine, video_id).values())


def test_only_reworded_rows_lose_their_vector(engine: Engine) -> None:
    video_id = next(names)
    publish_all(engine, video_id, TALK, described("alpha", "beta"))
    before = vectors(engine, video_id)
    moved = (Segment(0, 1.5, "one"), Segment(1.5, 2, "other"), Segment(2, 3, "three"))
    publish_transcript(engine, video_id, Transcript("de", moved), model="local/other@2")
    assert vectors(engine, video_id) == [before[0], None, before[2]]
    publish_captions(engine, video_id, described("alpha", "changed"), model="hosted/x")
    assert [one is None for one in vectors(engine, video_id, "frame_captions")] == [False, True]


def test_publishers_of_one_video_take_turns(engine: Engine) -> None:
    video_id = next(names)
    claim_video(engine, video_id, original_path="/v.mp4")
    versions = [
        (Transcript("en", TALK.segments[: 1 + number % 3]), described(*"abc"[: 1 + number % 3]))
        for number in range(8)
    ]

    def publish(version: tuple[Transcript, VisionResult]) -> BaseException | None:
        try:
            publish_all(engine, video_id, *version)
        except ServiceError as error:  # another version's scenes came between
            return error
        return None

    with ThreadPoolExecutor(4) as pool:
        errors = [error for error in pool.map(publish, versions) if error is not None]
    assert all("changed while" in str(error) for error in errors)
    publish_all(engine, video_id, *versions[2])
    assert [len(rows) for rows in snapshot(engine, video_id).values()] == [3, 3, 3, 3]


def test_the_same_publication_at_once_doubles_nothing(engine: Engine) -> None:
    video_id = next(names)
    with ThreadPoolExecutor(6) as pool:
        for done in [
            pool.submit(publish_all, engine, video_id, TALK, described("alpha", "beta"))
            for _ in range(6)
        ]:
            done.result()
    assert [len(rows) for rows in snapshot(engine, video_id).values()] == [2, 2, 3, 2]
    assert None not in vectors(engine, video_id)


def test_only_claimed_videos_can_be_published(engine: Engine) -> None:
    for publish in (
        lambda: publish_transcript(engine, "unheard-of", TALK, model=HEARD),
        lambda: publish_scenes(engine, "unheard-of", ()),
        lambda: set_status(engine, "unheard-of", VideoStatus.READY),
        lambda: delete_video(engine, "unheard-of"),
    ):
        with pytest.raises(UnknownVideoError, match="unheard-of"):
            publish()


def test_what_postgres_cannot_keep_is_left_out(engine: Engine) -> None:
    video_id = next(names)
    odd = "a\x00b\x02c\ud800d"
    talk = Transcript("en", (Segment(0, 1, odd, (Word(odd, 0, 1),)),))
    publish_all(engine, video_id, talk, described(odd))
    set_status(engine, video_id, VideoStatus.FAILED, error=odd)
    view = get_video(engine, video_id)
    assert view.segments[0].segment.text == "abc\ufffdd"
    assert view.summary.error == "abc\ufffdd"


def test_the_title_of_the_container_hides_neither_a_chosen_one_nor_the_file_s_name(
    engine: Engine,
) -> None:
    probe = Probe("mp4", 6.0, (VideoTrack(0, "h264", 64, 64),), title="Named inside")
    for video_id, title in (("chosen", "Our talk"), ("named", "talk")):
        new = NewVideo(video_id, "s3://reelworks/incoming/talk.mp4", title)
        add_video(engine, new)
        publish_probe(
            engine, video_id, probe, upload_path=f"uploads/{video_id}_talk.mp4", sha256=video_id
        )

    assert get_summary(engine, "chosen").title == "Our talk"
    assert get_summary(engine, "named").title == "talk"

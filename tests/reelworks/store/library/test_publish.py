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
from reelworks.domain.video.scene import Frame, Scene
from reelworks.domain.video.transcript import Segment, Transcript, Word
from reelworks.domain.video.video import (
    AudioMix,
    NormalizedAudio,
    NormalizedVideo,
    Probe,
    VideoTrack,
)
from reelworks.domain.video.vision import (
    Box,
    Control,
    ControlKind,
    Described,
    FrameDescription,
    ScreenText,
    VisionResult,
)
from reelworks.errors import ServiceError, UnknownVideoError
from reelworks.store.library.publish import (
    claim_video,
    publish_audio,
    publish_captions,
    publish_frames,
    publish_normalized,
    publish_probe,
    publish_scenes,
    publish_transcript,
    set_status,
)
from reelworks.store.library.video_reads import (
    count_all,
    delete_video,
    get_summary,
    get_video,
    list_videos,
)
from reelworks.store.library.video_writes import NewVideo, add_video
from reelworks.store.search.publish_vectors import publish_caption_vectors, publish_segment_vectors

BOX = Box(0.1, 0.2, 0.3, 0.4)
HEARD = "local/whisper-base@ebe41f70"
SEEN = "local/rapidocr@3.10"
EMBEDDED = "local/minilm@1"
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


def shots(count: int) -> tuple[Scene, ...]:
    return tuple(Scene(index, index * 2.0, index * 2.0 + 2) for index in range(count))


def stills(count: int) -> tuple[Frame, ...]:
    return tuple(
        Frame(index, index, index * 2.0 + 1, "f" * 16, "0" * 64, 1280, 720, 99.5, None)
        if index != 1
        else Frame(1, 1, 3.0, "f" * 16, "0" * 64, 1280, 720, 99.5, duplicate_of=0)
        for index in range(count)
    )


def described(*lines: str) -> VisionResult:
    return VisionResult(
        tuple(
            Described(
                index,
                FrameDescription(
                    caption=None if index else f"A page that says {line}.",
                    objects=("screen",),
                    controls=(Control(ControlKind.BUTTON, line, BOX, 0.5),),
                    text=(ScreenText(line, BOX, 0.9), ScreenText("second line", BOX)),
                ),
            )
            for index, line in enumerate(lines)
        )
    )


def publish_all(
    engine: Engine, video_id: str, transcript: Transcript, vision: VisionResult
) -> None:
    claim_video(engine, video_id, original_path="/videos/A talk.mp4")
    probe = Probe("mp4", 6.0, (VideoTrack(0, "h264", 1920, 1080),), title="Named inside")
    publish_probe(engine, video_id, probe, upload_path=f"uploads/{video_id}_a.mp4", sha256="ab")
    video = NormalizedVideo(6.0, 1280, 720, 180, True, ("Two frames were lost.",))
    key = f"processed/{video_id}/normalized.mp4"
    publish_normalized(engine, video_id, video, normalized_path=key)
    audio = NormalizedAudio(5.9, None, ("The sound was short.",), AudioMix(1, reason="Why."))
    publish_audio(engine, video_id, audio, has_picture=True)
    publish_transcript(engine, video_id, transcript, model=HEARD)
    count = len(vision.described)
    publish_scenes(engine, video_id, shots(count))
    paths = {index: f"frames/{video_id}/scene_{index:03d}.jpg" for index in range(count)}
    publish_frames(engine, video_id, stills(count), paths)
    publish_captions(engine, video_id, vision, model=SEEN)
    spoken = [[1.0, float(index), 0.25] for index in range(len(transcript.segments))]
    publish_segment_vectors(engine, video_id, spoken, EMBEDDED)
    publish_caption_vectors(
        engine, video_id, {index: [0.5, float(index), 1.0] for index in range(count)}, EMBEDDED
    )
    set_status(engine, video_id, VideoStatus.READY)


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


def vectors(engine: Engine, video_id: str, table: str = "transcript_segments") -> list[str | None]:
    query = f"SELECT embedding::text FROM {table} WHERE video_id = :id ORDER BY id"
    with engine.connect() as connection:
        return list(connection.scalars(text(query), {"id": video_id}))


TALK = Transcript("en", (Segment(0, 1, "one"), Segment(1, 2, "two"), Segment(2, 3, "three")))


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


def test_a_stated_audio_track_stays_until_another_is_stated(engine: Engine) -> None:
    video_id = next(names)
    found = [
        claim_video(engine, video_id, original_path="/a.mkv", audio_track=track).audio_track
        for track in (None, 2, None, 1)
    ]
    assert found == [None, 2, 2, 1]


def test_what_was_published_is_what_the_library_shows(engine: Engine) -> None:
    video_id = next(names)
    words = (Word("one", 0.1, 0.4, 0.75),)
    talk = Transcript("en", (Segment(0.1, 1.5, "one", words, "en", "Ann"),))
    vision = described("alpha", "beta")
    publish_all(engine, video_id, talk, vision)
    view = get_video(engine, video_id)
    assert view.transcript == talk
    assert tuple(one.scene for one in view.scenes) == shots(2)
    assert tuple(one.frame for one in view.frames) == stills(2)
    assert [one.description for one in view.frames] == [one.description for one in vision.described]
    assert view.frames[1].path == f"frames/{video_id}/scene_001.jpg"
    assert view.warnings == ("The sound was short.", "Two frames were lost.")
    assert view.digests == {"source": "ab"}
    assert view.probe["video_tracks"][0]["width"] == 1920
    summary = view.summary
    assert (summary.title, summary.status, summary.duration) == ("Named inside", "ready", 6.0)
    assert {one.model for one in view.segments} == {HEARD}
    assert {one.description_model for one in view.frames} == {SEEN}
    assert {one.embedding_model for one in view.frames} == {EMBEDDED}
    assert summary in list_videos(engine)
    assert count_all(engine).embeddings[EMBEDDED] >= 3
    delete_video(engine, video_id)
    with pytest.raises(UnknownVideoError, match=video_id):
        get_video(engine, video_id)


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


def test_a_vector_can_be_replaced_and_taken_away(engine: Engine) -> None:
    video_id = next(names)
    publish_all(engine, video_id, TALK, VisionResult())
    publish_segment_vectors(engine, video_id, [[1.0] * 5, None, [0.5] * 5], EMBEDDED)
    assert vectors(engine, video_id) == ["[1,1,1,1,1]", None, "[0.5,0.5,0.5,0.5,0.5]"]


def test_vectors_of_another_model_lie_beside_the_rows_until_the_words_change(
    engine: Engine,
) -> None:
    video_id = next(names)
    publish_all(engine, video_id, TALK, VisionResult())
    before = vectors(engine, video_id)

    def beside() -> list[str]:
        query = (
            "SELECT row_id || ' ' || embedding::text FROM segment_vectors"
            " WHERE model = 'hosted/five' ORDER BY row_id"
        )
        with engine.connect() as connection:
            return [one.partition("_segment_")[2] for one in connection.scalars(text(query))]

    publish_segment_vectors(engine, video_id, [[1.0] * 2, None, [0.5] * 2], "hosted/five")
    assert (vectors(engine, video_id), beside()) == (before, ["000 [1,1]", "002 [0.5,0.5]"])
    publish_segment_vectors(engine, video_id, [[3.0] * 2, [2.0] * 2, None], "hosted/five")
    assert beside() == ["000 [3,3]", "001 [2,2]"]
    moved = (Segment(0, 1.5, "one"), Segment(1.5, 2, "other"), Segment(2, 3, "three"))
    publish_transcript(engine, video_id, Transcript("de", moved), model="local/other@2")
    assert beside() == ["000 [3,3]"]
    assert count_all(engine).embeddings["hosted/five"] == 1


def test_a_video_stays_in_its_library_until_another_is_named(engine: Engine) -> None:
    video_id = next(names)
    assert claim_video(engine, video_id, original_path="/v.mp4").library == "default"
    moved = claim_video(engine, video_id, original_path="/v.mp4", library="films")
    assert moved.library == "films"
    assert claim_video(engine, video_id, original_path="/v.mp4").library == "films"
    assert [video.id for video in list_videos(engine, library="films")] == [video_id]


def test_a_stated_language_stays_until_another_is_stated(engine: Engine) -> None:
    video_id = next(names)
    spoken = [
        claim_video(engine, video_id, original_path="/v.mp4", language=language).language
        for language in (None, "de", None, "fr", None)
    ]

    assert spoken == [None, "de", "de", "fr", "fr"]


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


def test_a_thousand_segments_in_one_go(engine: Engine) -> None:
    video_id = next(names)
    many = tuple(Segment(float(n), n + 1.0, f"line {n}") for n in range(1234))
    publish_all(engine, video_id, Transcript("en", many), VisionResult())
    assert len(get_video(engine, video_id).segments) == 1234


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


def test_a_title_that_somebody_chose_stays_and_one_made_of_the_name_goes(engine: Engine) -> None:
    probe = Probe("mp4", 6.0, (VideoTrack(0, "h264", 64, 64),), title="Named inside")
    for video_id, title in (("chosen", "Our talk"), ("named", "talk")):
        new = NewVideo(video_id, "s3://reelworks/incoming/talk.mp4", title)
        add_video(engine, new)
        publish_probe(
            engine, video_id, probe, upload_path=f"uploads/{video_id}_talk.mp4", sha256=video_id
        )

    assert get_summary(engine, "chosen").title == "Our talk"
    assert get_summary(engine, "named").title == "Named inside"

"""What crosses between flow runs: arguments as JSON, errors as what they are."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reelworks.domain.jobs.usage import Usage
from reelworks.domain.video.transcript import Segment, Transcript, Word
from reelworks.domain.video.video import NormalizedAudio
from reelworks.errors import (
    ArtifactMissingError,
    InputError,
    RateLimitedError,
    ReelworksError,
    StageCallMismatchError,
    UnsupportedMediaError,
)
from reelworks.pipeline.stage_cache import StageResult
from reelworks.store.objects.artifacts import Artifact, ArtifactStore
from tasks.runtime.remote import serialization as wire
from tasks.runtime.remote.serialization import StageEnding
from tasks.speech.transcribe import transcribe
from tasks.text.embed import embed_speech

WAV = Artifact("processed/a/audio.wav", "ab" * 32, 12, '"tag"')
AUDIO = StageResult(NormalizedAudio(12.5, None), {"audio.wav": WAV}, "cd" * 32, None, False)


def test_a_stage_is_found_again_by_its_name():
    assert wire.name_of(embed_speech) == "tasks.text.embed.embed_speech"
    assert wire.task_named("tasks.text.embed.embed_speech") is embed_speech


@pytest.mark.parametrize(
    "name",
    [
        "tasks.text.embed.pack",
        "tasks.text.embed.gone",
        "tasks.gone.gone",
        "os.system",
        "tasks.runtime.stage_runner",
        "x",
    ],
)
def test_nothing_but_a_stage_is_found(name):
    with pytest.raises(InputError, match="There is no stage"):
        wire.task_named(name)


def test_arguments_come_out_as_they_went_in():
    arguments = {"video_id": "a", "audio": AUDIO, "language": None}

    assert wire.unpack(transcribe, wire.pack(transcribe, arguments)) == arguments


times = st.floats(0, 1e6, allow_nan=False)
words = st.builds(Word, st.text(), times, times, st.none() | st.floats(0, 1))


@settings(max_examples=25)
@given(st.lists(st.tuples(st.text(), st.lists(words, max_size=3).map(tuple)), max_size=4))
def test_any_transcript_comes_out_as_it_went_in(lines):
    segments = tuple(Segment(float(i), i + 1.0, text, ws) for i, (text, ws) in enumerate(lines))
    said = StageResult(Transcript("en", segments), {}, "", "local/whisper", True)
    arguments = {"video_id": "a", "transcript": said}

    assert wire.unpack(embed_speech, wire.pack(embed_speech, arguments)) == arguments


@pytest.mark.parametrize("packed", [{}, {"video_id": "a", "audio": 3, "language": None}])
def test_arguments_of_other_code_are_refused(packed):
    with pytest.raises(StageCallMismatchError, match="same version of Reelworks"):
        wire.unpack(transcribe, packed)


def test_short_arguments_travel_with_the_run_and_long_ones_through_the_store(
    clean_settings,
):
    store = ArtifactStore.open(clean_settings)
    short, long = {"a": "x"}, {"a": "x" * wire.INLINE_BYTES}

    assert wire.store_arguments(short, store) == {"arguments": short}
    sent = wire.store_arguments(long, store)
    assert set(sent) == {"arguments_key"}
    assert wire.load_arguments(None, sent["arguments_key"], store) == long
    assert wire.load_arguments(short, None, store) == short
    with pytest.raises(ArtifactMissingError):
        wire.load_arguments(None, f"cache/calls/{'0' * 64}.json", store)


def sent(error: ReelworksError, used=None) -> StageEnding:
    """An error as the caller of a remote stage reads it."""
    return StageEnding.from_message(StageEnding.of_error(error, used or {}).to_message())


def every_error(kind=ReelworksError):
    yield kind
    for child in kind.__subclasses__():
        yield from every_error(child)


def test_every_error_has_a_code_of_its_own():
    codes = [kind.code for kind in every_error()]

    assert len(codes) == len(set(codes))


@given(st.sampled_from(sorted(every_error(), key=lambda kind: kind.code)), st.text(min_size=1))
def test_an_error_comes_back_as_what_it_was(kind, message):
    arrived = sent(kind(message)).error

    assert type(arrived) is kind
    assert (arrived.code, arrived.retryable) == (kind.code, kind.retryable)
    assert message in str(arrived)


def test_an_unforeseen_fault_carries_no_error():
    ending = StageEnding.from_message("Flow run encountered an exception: ValueError: x")

    assert ending.error is None
    assert ending.text == "Flow run encountered an exception: ValueError: x"


def test_a_code_of_a_later_version_is_an_error_all_the_same():
    arrived = StageEnding.from_message("[invented_later] It is so.").error

    assert (type(arrived), str(arrived)) == (ReelworksError, "It is so.")
    assert type(sent(RateLimitedError("Slow down.")).error) is RateLimitedError
    older = StageEnding.from_message("[unsupported_media] a.mp4").error
    assert type(older) is UnsupportedMediaError


def test_usage_travels_in_the_message_of_a_state():
    used = {"openai/m": Usage(calls=2, input_tokens=7)}

    for usage in (used, {}):
        done = StageEnding("on gpu-1", usage=usage)
        assert StageEnding.from_message(done.to_message()) == done
    failed = sent(UnsupportedMediaError("a.mp4\nis empty."), used)
    assert isinstance(failed.error, UnsupportedMediaError)
    assert str(failed.error) == "a.mp4\nis empty."
    assert failed.usage == used


def test_a_message_reads_well_in_prefect_and_by_an_older_release():
    ending = StageEnding.of_error(UnsupportedMediaError("a.mp4 is empty."), {})

    assert ending.to_message() == "[unsupported_media] a.mp4 is empty."

"""The vision stage over real HTTP and a real store: each frame is paid for once."""

from __future__ import annotations

import hashlib
import io
import threading
import time
import uuid
from collections.abc import Callable, Iterator

import pytest
from PIL import Image
from pydantic import SecretStr

from reelworks.domain.jobs.progress import silent
from reelworks.domain.video.scene import Frame
from reelworks.errors import (
    ArtifactMissingError,
    CancelledError,
    ProviderAnswerError,
    ProviderAuthError,
    ProviderRejectedError,
    ProviderUnavailableError,
    RateLimitedError,
    ServiceError,
)
from reelworks.providers.openai.client import HostedApi
from reelworks.providers.openai.vision import OpenAiDescriber
from reelworks.settings import Settings
from reelworks.stages.frames import vision
from reelworks.stages.frames.vision import GIVE_UP_AFTER, describe_frames, description_key
from reelworks.store.objects.artifacts import ArtifactStore
from reelworks.store.objects.cache_entries import StoredItems
from tests.support.openai_answers import described
from tests.support.openai_server import (
    CHAT,
    Fault,
    OpenAiServer,
    Seen,
    broken,
    error,
    rate_limited,
    says,
)

PARALLEL = 4


def picture(number: int) -> bytes:
    target = io.BytesIO()
    Image.new("RGB", (64, 36), (number * 7 % 256, number * 31 % 256, 90)).save(target, "JPEG")
    return target.getvalue()


def frame(number: int, duplicate_of: int | None = None) -> Frame:
    digest = hashlib.sha256(picture(number)).hexdigest()
    return Frame(number, number, float(number), "0" * 16, digest, 64, 36, 1.0, duplicate_of)


def jpeg_of(frame: Frame) -> bytes:
    return picture(frame.index)


def frames(count: int) -> list[Frame]:
    return [frame(number) for number in range(count)]


def about(*numbers: int) -> Callable[[Seen], bool]:
    """True for requests about these frames."""
    digests = {frame(number).sha256 for number in numbers}
    return lambda seen: seen.image in digests


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture(scope="module")
def store(settings: Settings) -> ArtifactStore:
    store = ArtifactStore.open(settings)
    store.ensure_bucket()
    return store


@pytest.fixture
def cache(store: ArtifactStore) -> StoredItems:
    return StoredItems(store, f"vision-{uuid.uuid4().hex}")


@pytest.fixture
def describer(openai_server: OpenAiServer) -> Iterator[OpenAiDescriber]:
    settings = Settings(_env_file=None, vision_max_concurrent=PARALLEL)
    key = SecretStr(openai_server.key)
    with HostedApi(key, base_url=openai_server.base_url, attempts=2, first_wait=0.02) as api:
        yield OpenAiDescriber(settings, "gpt-6-luna", api=api)


class Watch:
    """Notes progress; stops the work at ``stop_at`` frames."""

    def __init__(self, stop_at: int | None = None) -> None:
        self.calls: list[tuple[float, float]] = []
        self.stop_at = stop_at
        self.threads: set[int] = set()

    def __call__(self, done: float, total: float) -> None:
        self.calls.append((done, total))
        self.threads.add(threading.get_ident())
        if self.stop_at is not None and done >= self.stop_at:
            raise CancelledError("Stopped.")


def test_each_unique_frame_is_described_in_frame_order(
    openai_server: OpenAiServer, describer: OpenAiDescriber, cache: StoredItems
) -> None:
    given = [frame(2), frame(0), frame(1), frame(3, duplicate_of=1)]
    watch = Watch()
    result = describe_frames(given, jpeg_of, describer, cache, watch)
    assert [item.frame_index for item in result.described] == [0, 1, 2]
    for item in result.described:
        answer = described(picture(item.frame_index))
        assert item.description.caption == answer["caption"]
        assert item.description.text[0].text == answer["text"][0]["text"]
    assert result.undescribed == ()
    assert sorted(openai_server.images()) == sorted(frame(n).sha256 for n in range(3))
    assert watch.calls == [(1, 3), (2, 3), (3, 3)]
    assert watch.threads == {threading.get_ident()}


def test_no_frames_is_a_result(
    openai_server: OpenAiServer, describer: OpenAiDescriber, cache: StoredItems
) -> None:
    assert describe_frames([], jpeg_of, describer, cache, silent).described == ()
    assert openai_server.requests == []


def test_as_many_at_once_as_allowed_and_never_more(
    openai_server: OpenAiServer, describer: OpenAiDescriber, cache: StoredItems
) -> None:
    openai_server.delay[CHAT] = 0.3
    describe_frames(frames(3 * PARALLEL), jpeg_of, describer, cache, silent)
    assert openai_server.peak[CHAT] == PARALLEL


def test_a_rerun_asks_nothing_and_counts_everything(
    openai_server: OpenAiServer, describer: OpenAiDescriber, cache: StoredItems
) -> None:
    first = describe_frames(frames(5), jpeg_of, describer, cache, silent)
    watch = Watch()

    def unread(frame: Frame) -> bytes:
        raise AssertionError(f"frame {frame.index} is cached and was read again")

    assert describe_frames(frames(5), unread, describer, cache, watch) == first
    assert openai_server.count(CHAT) == 5
    assert watch.calls[-1] == (5, 5)


def test_another_model_is_another_question(
    openai_server: OpenAiServer, describer: OpenAiDescriber, cache: StoredItems
) -> None:
    describe_frames(frames(2), jpeg_of, describer, cache, silent)
    other = OpenAiDescriber(Settings(_env_file=None), "gpt-5-mini", api=describer._api)
    describe_frames(frames(2), jpeg_of, other, cache, silent)
    assert openai_server.count(CHAT) == 4


def test_a_damaged_answer_in_the_cache_is_requested_again(
    openai_server: OpenAiServer, describer: OpenAiDescriber, cache: StoredItems
) -> None:
    first = describe_frames(frames(2), jpeg_of, describer, cache, silent)
    key = description_key(frame(1), describer.model)
    stored = cache.get(key)
    assert stored is not None
    cache.put(key, stored[:20])
    assert describe_frames(frames(2), jpeg_of, describer, cache, silent) == first
    assert openai_server.images()[2:] == [frame(1).sha256]
    assert cache.get(key) == stored


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (broken(), ProviderUnavailableError),
        (Fault(drop=True), ProviderUnavailableError),
        (Fault(cut=True), ProviderAnswerError),
        (says({"caption": 1}), ProviderAnswerError),
        (rate_limited(), RateLimitedError),
    ],
)
def test_a_frame_that_fails_keeps_the_others_and_the_rerun_asks_for_it_alone(
    openai_server: OpenAiServer,
    describer: OpenAiDescriber,
    cache: StoredItems,
    fault: Fault,
    kind: type[Exception],
) -> None:
    openai_server.fault(CHAT, fault, times=None, where=about(1, 4))
    with pytest.raises(kind, match=r"2 of 6 frames failed; the 4 described so far are cached"):
        describe_frames(frames(6), jpeg_of, describer, cache, silent)
    assert openai_server.count(CHAT) == 4 + 2 * 2

    openai_server.heal()
    openai_server.requests.clear()
    result = describe_frames(frames(6), jpeg_of, describer, cache, silent)
    assert [item.frame_index for item in result.described] == list(range(6))
    assert sorted(openai_server.images()) == sorted(frame(n).sha256 for n in (1, 4))


def test_a_refused_frame_is_listed_with_its_reason(
    openai_server: OpenAiServer, describer: OpenAiDescriber, cache: StoredItems
) -> None:
    refusal = says(None, refusal="I cannot describe this.")
    openai_server.fault(CHAT, refusal, times=None, where=about(3, 1))
    watch = Watch()
    result = describe_frames(frames(5), jpeg_of, describer, cache, watch)
    assert [item.frame_index for item in result.described] == [0, 2, 4]
    assert [item.frame_index for item in result.undescribed] == [1, 3]
    assert "I cannot describe this" in result.undescribed[0].reason
    assert openai_server.count(CHAT) == 5
    assert watch.calls[-1] == (5, 5)


def test_when_every_frame_is_refused_the_stage_fails(
    openai_server: OpenAiServer, describer: OpenAiDescriber, cache: StoredItems
) -> None:
    openai_server.fault(CHAT, error(400, "Not allowed."), times=None)
    with pytest.raises(ProviderRejectedError, match=r"No frame could be described.*Not allowed"):
        describe_frames(frames(3), jpeg_of, describer, cache, silent)
    assert openai_server.count(CHAT) == 3


def test_a_refused_key_stops_everything_at_once(
    openai_server: OpenAiServer, describer: OpenAiDescriber, cache: StoredItems
) -> None:
    openai_server.fault(CHAT, error(401, "No."), times=None)
    with pytest.raises(ProviderAuthError, match="OPENAI_API_KEY"):
        describe_frames(frames(40), jpeg_of, describer, cache, silent)
    assert 1 <= openai_server.count(CHAT) <= PARALLEL


@pytest.mark.parametrize("fault", [error(404, "No such model."), broken()])
def test_a_describer_that_never_answers_is_given_up(
    openai_server: OpenAiServer, describer: OpenAiDescriber, cache: StoredItems, fault: Fault
) -> None:
    openai_server.fault(CHAT, fault, times=None)
    with pytest.raises((ProviderRejectedError, ProviderUnavailableError)):
        describe_frames(frames(60), jpeg_of, describer, cache, silent)
    requested = set(openai_server.images())
    assert GIVE_UP_AFTER <= len(requested) <= GIVE_UP_AFTER + 2 * PARALLEL


def test_many_refusals_after_an_answer_are_about_the_pictures(
    openai_server: OpenAiServer, describer: OpenAiDescriber, cache: StoredItems
) -> None:
    describe_frames(frames(1), jpeg_of, describer, cache, silent)
    openai_server.fault(CHAT, error(400, "Not this one."), times=None)
    result = describe_frames(frames(2 * GIVE_UP_AFTER), jpeg_of, describer, cache, silent)
    assert len(result.undescribed) == 2 * GIVE_UP_AFTER - 1


def test_a_server_that_asks_for_a_long_wait_is_left_alone(
    openai_server: OpenAiServer, describer: OpenAiDescriber, cache: StoredItems
) -> None:
    openai_server.fault(CHAT, rate_limited(900), times=None)
    with pytest.raises(RateLimitedError, match="were not tried") as caught:
        describe_frames(frames(60), jpeg_of, describer, cache, silent)
    assert caught.value.retry_after == 900
    assert openai_server.count(CHAT) <= 3 * PARALLEL


def test_cancelling_starts_no_more_frames_and_keeps_what_is_paid_for(
    openai_server: OpenAiServer, describer: OpenAiDescriber, cache: StoredItems
) -> None:
    openai_server.delay[CHAT] = 0.1
    with pytest.raises(CancelledError):
        describe_frames(frames(40), jpeg_of, describer, cache, Watch(stop_at=3))
    requested = openai_server.images(answered=True)
    assert 3 <= len(requested) <= 3 + 2 * PARALLEL

    openai_server.heal()
    describe_frames(frames(40), jpeg_of, describer, cache, silent)
    assert openai_server.count(CHAT) == 40


def test_cancelling_does_not_wait_for_a_server_that_hangs(
    openai_server: OpenAiServer,
    describer: OpenAiDescriber,
    cache: StoredItems,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(vision, "GRACE", 0.1)
    openai_server.fault(CHAT, Fault(delay=1.5), times=None, where=about(1, 2, 3))
    with pytest.raises(CancelledError):
        describe_frames(frames(9), jpeg_of, describer, cache, Watch(stop_at=1))
    slow = {frame(number).sha256 for number in (1, 2, 3)}
    assert slow & set(openai_server.images())
    assert not slow & set(openai_server.images(answered=True))
    assert openai_server.count(CHAT) <= PARALLEL + 1

    wait_until(lambda: all(seen.status == 200 for seen in openai_server.seen(CHAT)))
    under_way = [frame(n) for n in range(9) if frame(n).sha256 in openai_server.images()]
    keys = [description_key(one, describer.model) for one in under_way]
    wait_until(lambda: all(cache.get(key) is not None for key in keys))


def test_answers_are_stored_one_by_one(
    openai_server: OpenAiServer, describer: OpenAiDescriber, cache: StoredItems
) -> None:
    """What a killed process leaves behind: frame 0 is stored before frame 1 is even sent."""
    key = description_key(frame(0), describer.model)

    def read_after_frame_0(wanted: Frame) -> bytes:
        if wanted.index == 1:
            wait_until(lambda: cache.get(key) is not None)
        return jpeg_of(wanted)

    result = describe_frames(frames(2), read_after_frame_0, describer, cache, silent)
    assert openai_server.images() == [frame(0).sha256, frame(1).sha256]
    assert len(result.described) == 2


def test_a_picture_that_is_gone_stops_the_stage(
    openai_server: OpenAiServer, describer: OpenAiDescriber, cache: StoredItems
) -> None:
    def gone(frame: Frame) -> bytes:
        raise ArtifactMissingError("The frame is gone from the store.")

    with pytest.raises(ArtifactMissingError):
        describe_frames(frames(3), gone, describer, cache, silent)
    assert openai_server.count(CHAT) == 0


def test_nothing_is_requested_while_answers_cannot_be_stored(
    openai_server: OpenAiServer, describer: OpenAiDescriber, settings: Settings
) -> None:
    nowhere = settings.with_values(s3_endpoint_url="http://127.0.0.1:9")
    cache = StoredItems(ArtifactStore.open(nowhere), "vision")
    with pytest.raises(ServiceError):
        describe_frames(frames(8), jpeg_of, describer, cache, silent)
    assert openai_server.count(CHAT) == 0

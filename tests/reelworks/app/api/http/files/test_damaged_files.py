"""What only players read heals too: the API notes what is damaged, and the next run makes it."""

from __future__ import annotations

import asyncio
import io
import logging
import time
from collections.abc import Callable, Iterator

import httpx
import pytest
from PIL import Image

from reelworks.app.application import _tidy_once
from reelworks.domain.video.scene import Frame, Scene
from reelworks.settings import Settings
from reelworks.store.library.publish import publish_frames, publish_normalized, publish_scenes
from reelworks.store.objects.artifacts import ArtifactStore
from tests.reelworks.app.api.conftest import Server, serving
from tests.support.faulty_store import Fault, FaultyStore, faulty


@pytest.fixture
def door(module_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyStore]:
    monkeypatch.setattr("reelworks.store.objects.bucket._READ_SECONDS", 0.2)
    monkeypatch.setattr("reelworks.store.objects.bucket._PAUSE_SECONDS", 0.1)
    with faulty(str(module_settings.s3.endpoint_url)) as opened:
        yield opened


@pytest.fixture
def server(module_settings: Settings, door: FaultyStore) -> Iterator[Server]:
    """The API in front of a store that fails on demand."""
    with serving(module_settings.with_values(s3_endpoint_url=door.address)) as opened:
        yield opened


def picture(server: Server, video_id: str) -> str:
    stored = io.BytesIO()
    Image.effect_noise((320, 180), 40).convert("RGB").save(stored, "JPEG")
    key = f"frames/{video_id}/scene_000.jpg"
    server.store.put_bytes(key, stored.getvalue(), "image/jpeg")
    publish_scenes(server.engine, video_id, [Scene(0, 0.0, 4.0)])
    frame = Frame(0, 0, 1.0, "00ff00ff00ff00ff", "0" * 64, 320, 180, 12.0)
    publish_frames(server.engine, video_id, [frame], {0: key})
    return key


def movie(server: Server, video_id: str) -> str:
    key = f"processed/{video_id}/normalized.mp4"
    server.store.put_bytes(key, bytes(1000), "video/mp4")
    publish_normalized(server.engine, video_id, None, normalized_path=key)
    return key


PLACES = {"frames/{id}_frame_000.jpg": picture, "thumbnail?width=320": picture, "media": movie}


def in_time(ask: Callable[[], httpx.Response], code: str) -> httpx.Response:
    until = time.monotonic() + 40
    while (answer := ask()).json()["code"] != code and time.monotonic() < until:
        time.sleep(0.3)
    assert answer.json()["code"] == code
    return answer


@pytest.mark.parametrize("where", PLACES)
def test_a_file_that_the_store_cannot_read_is_first_busy_and_then_damaged(
    server: Server, door: FaultyStore, video: Callable[..., str], where: str
) -> None:
    video_id = video()
    key = PLACES[where](server, video_id)
    door.faults[key] = [Fault()] * 500
    at = f"/videos/{video_id}/{where.format(id=video_id)}"

    first = server.get(at)
    assert (first.status_code, first.json()["retryable"]) == (503, True)
    body = in_time(lambda: server.get(at), "artifact_damaged")
    assert (body.status_code, body.json()["retryable"]) == (500, False)
    assert f"{key} in the store is damaged; index its video again" in body.text
    known = server.store.head(key)
    assert known is not None
    assert ArtifactStore.open(server.settings).doubts.of(known)


def test_a_file_that_the_store_reads_again_is_not_in_doubt(
    server: Server, door: FaultyStore, video: Callable[..., str]
) -> None:
    video_id = video()
    key = picture(server, video_id)
    door.faults[key] = [Fault("SlowDown", 503)]
    at = f"/videos/{video_id}/frames/{video_id}_frame_000.jpg"
    assert server.get(at).status_code == 503
    until = time.monotonic() + 20
    while door.reads(key) < 2 and time.monotonic() < until:
        time.sleep(0.1)
    assert server.get(at).status_code == 200
    assert not any(key in note for note in server.store.keys("cache/doubts/"))


def test_a_picture_with_other_bytes_than_were_stored_is_damaged_and_in_doubt(
    server: Server, video: Callable[..., str]
) -> None:
    """It decodes, and it is another picture: only its digest tells."""
    video_id = video()
    key = picture(server, video_id)
    stored = server.store.head(key)
    assert stored is not None
    other = io.BytesIO()
    Image.new("RGB", (320, 180)).save(other, "JPEG")
    server.store._client.put_object(
        Bucket=server.store.bucket,
        Key=key,
        Body=other.getvalue(),
        Metadata={"sha256": stored.sha256},
    )
    answer = server.get(f"/videos/{video_id}/frames/{video_id}_frame_000.jpg")
    assert answer.json()["code"] == "artifact_damaged"
    until = time.monotonic() + 20
    note = f"cache/doubts/{stored.sha256}/{key}"
    while note not in set(server.store.keys("cache/doubts/")) and time.monotonic() < until:
        time.sleep(0.1)
    assert note in set(server.store.keys("cache/doubts/"))


def test_tidying_goes_on_whatever_ends_one_of_its_parts(caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> int:
        raise OSError("no file is left")

    with caplog.at_level(logging.ERROR):
        asyncio.run(_tidy_once("Uploads", broken))
    assert [one.getMessage() for one in caplog.records] == ["Uploads could not be removed."]

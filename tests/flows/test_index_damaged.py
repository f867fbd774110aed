"""Damaged objects of the store: the stage that made one makes it again, and no other does."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.services.parts import House
from reelworks.domain.report import StageState
from reelworks.settings import Settings
from reelworks.store.artifacts import ArtifactStore
from tests.damage import flip_a_byte
from tests.flows.library import video


@pytest.fixture
def clip(media: Path) -> Path:
    """Five seconds of one picture without sound."""
    return media / "odd" / "no_audio.mp4"


@pytest.fixture
def data(session_house: Settings) -> Path:
    return House(session_house.data_dir).store.home / "data"


@pytest.mark.slow
@pytest.mark.parametrize("said", [True, False], ids=["its digest beside it", "nothing beside it"])
async def test_other_bytes_in_place_of_vectors(index, environment, clip, said):
    assert (await index(clip, "clip")).error is None
    store = ArtifactStore.open(environment)
    (key,) = store.keys("embeddings/clip/embed_picture-vectors-")
    known = store.head(key)
    metadata = {"sha256": known.sha256} if said else {}
    store._client.put_object(
        Bucket=store.bucket, Key=key, Body=bytes(known.size), Metadata=metadata
    )

    again = await index(clip, "clip")

    assert again.error is None
    assert again.worked == {"embed_picture"}
    assert video(environment, "clip").summary.status == "ready"
    assert store.holds(known)
    assert (await index(clip, "clip")).worked == set()


@pytest.mark.slow
async def test_an_artifact_that_cannot_be_read_costs_one_more_run(index, environment, clip, data):
    assert (await index(clip, "clip")).error is None
    store = ArtifactStore.open(environment)
    proxy = store.head("processed/clip/proxy.mp4")
    flip_a_byte(data, store.get_bytes(proxy.key))
    store.delete_prefix("cache/stages/frames/")  # so that somebody reads it

    failed = await index(clip, "clip")

    assert failed.states["frames"] is StageState.FAILED
    assert "processed/clip/proxy.mp4" in str(failed.error)
    assert failed.error.retryable
    again = await index(clip, "clip")
    assert again.error is None
    assert again.worked == {"normalize", "frames"}
    assert video(environment, "clip").summary.status == "ready"
    assert store.holds(proxy)


@pytest.mark.slow
async def test_a_source_that_cannot_be_read_is_named_and_can_be_given_again(
    index, environment, clip, data
):
    assert (await index(clip, "clip")).error is None
    store = ArtifactStore.open(environment)
    source = "uploads/clip_no_audio.mp4"
    flip_a_byte(data, store.get_bytes(source))

    failed = await index(f"s3://{store.bucket}/{source}", "clip")

    assert failed.error.code == "source_unreadable"
    assert source in str(failed.error)
    assert "upload the file again" in str(failed.error)
    assert (await index(clip, "clip")).error is None

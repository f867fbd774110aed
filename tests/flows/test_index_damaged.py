"""Damaged objects of the store: the stage that made one makes it again, and no other does."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.services.supervision.parts import ServicePaths
from reelworks.domain.artifact_keys import metadata_key
from reelworks.domain.jobs.report import StageState
from reelworks.settings import Settings
from reelworks.store.objects.artifacts import ArtifactStore
from tests.reelworks.app.api.conftest import serving
from tests.support.damage import flip_a_byte
from tests.support.flows.jobs import do_the_jobs
from tests.support.flows.library import video

pytestmark = pytest.mark.usefixtures("short_proof_of_damage")


@pytest.fixture
def clip(media: Path) -> Path:
    """Five seconds of one frame without sound."""
    return media / "odd" / "no_audio.mp4"


@pytest.fixture
def data(session_house: Settings) -> Path:
    return ServicePaths(session_house.data_dir).store.home / "data"


@pytest.mark.slow
@pytest.mark.parametrize("said", [True, False], ids=["its digest beside it", "nothing beside it"])
async def test_other_bytes_instead_of_vectors(index, environment, clip, said):
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
    store.delete_prefix("cache/stages/frames/")  # so that it is read

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


@pytest.mark.slow
async def test_the_same_file_uploaded_again_repairs_a_damaged_source(environment, clip, data):
    source, content = "uploads/clip_no_audio.mp4", clip.read_bytes()
    with serving(environment) as server:
        first = server.upload("no_audio.mp4", content, id="clip")
        assert first.status_code == 202, first.text
        await do_the_jobs(server.engine, server.store.bucket)
        assert video(environment, "clip").summary.status == "ready"
        stored = server.store.head(source)
        flip_a_byte(data, content)

        again = server.upload("copy.mp4", content)

        assert (again.status_code, again.json()["new"]) == (202, False), again.text
        assert server.store.holds(stored)
        await do_the_jobs(server.engine, server.store.bucket)
        shown = server.get(f"/jobs/{again.json()['job']['id']}").json()
        assert (shown["status"], shown["video_id"]) == ("done", "clip")
        assert video(environment, "clip").summary.status == "ready"
        assert list(server.store.keys("uploads/")) == [source]
        assert server.upload("copy.mp4", content).json()["job"] is None


@pytest.mark.slow
async def test_a_document_that_cannot_be_read_stops_no_run(index, environment, clip, data):
    assert (await index(clip, "clip")).error is None
    store = ArtifactStore.open(environment)
    stored = store.get_bytes(metadata_key("clip"))
    flip_a_byte(data, stored)

    assert (await index(clip, "clip")).error is None
    assert store.get_bytes(metadata_key("clip")) == stored


@pytest.mark.slow
async def test_a_file_under_another_s_key_is_refused(index, environment, clip, tmp_path):
    (tmp_path / "team_meeting.mp4").write_bytes(clip.read_bytes())
    (tmp_path / "meeting.mp4").write_bytes(b"other" + clip.read_bytes())
    assert (await index(tmp_path / "team_meeting.mp4", "v")).error is None
    store = ArtifactStore.open(environment)
    stored = store.head("uploads/v_team_meeting.mp4")

    refused = await index(tmp_path / "meeting.mp4", "v_team")

    assert refused.error.code == "conflict"
    assert "choose another id" in str(refused.error)
    assert video(environment, "v_team").summary.status == "failed"
    assert store.holds(stored)
    assert store.head("uploads/v_team_meeting.mp4") == stored

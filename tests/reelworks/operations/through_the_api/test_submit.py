"""A submission that fails half-way is done again from its begin, and lacks nothing then."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator

import pytest
from sqlalchemy import text

from reelworks.domain.artifact_keys import metadata_key
from reelworks.domain.digest import sha256_of_bytes
from reelworks.store.db.database import transaction
from reelworks.store.objects.artifacts import ArtifactStore
from tests.reelworks.app.api.conftest import Server, serving


@pytest.fixture
def bare(module_settings) -> Iterator[Server]:
    """A server whose bucket has yet to be created."""
    bucket = f"late-{secrets.token_hex(6)}"
    with serving(module_settings.with_values(s3_bucket=bucket)) as server:
        yield server


def media() -> bytes:
    return b"\0\0\0\x20ftypisom" + secrets.token_bytes(1000)


def document(server: Server, video_id: str) -> dict[str, object]:
    found: dict[str, object] = json.loads(server.store.get_bytes(metadata_key(video_id)) or b"{}")
    return found


@pytest.mark.parametrize("index", [True, False])
def test_what_the_store_did_not_take_is_new_the_next_time(bare, index):
    payload = {"url": f"https://93.184.215.14/{secrets.token_hex(4)}.mp4", "index": index}
    refused = bare.post("/videos", json=payload)
    assert refused.status_code >= 500, refused.text
    with transaction(bare.engine) as connection:
        assert connection.scalar(text("SELECT count(*) FROM videos")) == 0

    ArtifactStore.open(bare.settings).ensure_bucket()
    done = bare.post("/videos", json=payload)

    assert (done.status_code, done.json()["new"]) == (202 if index else 201, True)
    assert (done.json()["job"] is not None) is index
    video_id = done.json()["video"]["id"]
    assert document(bare, video_id)["id"] == video_id
    bare.delete(f"/videos/{video_id}")


def test_a_document_that_is_missing_or_differs_is_written_the_next_time(api):
    content = media()
    first = api.upload("talk.mp4", content, index="false", title="The talk").json()
    video_id = first["video"]["id"]
    for there in (None, b"{}"):
        if there is None:
            api.store.delete(metadata_key(video_id))
        else:
            api.store.put_bytes(metadata_key(video_id), there, "application/json")

        again = api.upload("talk.mp4", content, index="false")

        assert (again.status_code, again.json()["new"]) == (200, False)
        assert document(api, video_id)["title"] == "The talk"


@pytest.mark.parametrize("name", ["talk.mp4", "a copy.mp4"])
def test_a_source_that_is_lost_or_other_bytes_by_now_is_stored_again(api, name):
    content = media()
    video_id = api.upload("talk.mp4", content).json()["video"]["id"]
    key = f"uploads/{video_id}_talk.mp4"
    for there in (None, b"x" * len(content)):
        if there is None:
            api.store.delete(key)
        else:
            said = {"sha256": sha256_of_bytes(content)}
            api.store._client.put_object(
                Bucket=api.store.bucket, Key=key, Body=there, Metadata=said
            )

        again = api.upload(name, content)

        assert (again.status_code, again.json()["new"]) == (202, False)
        assert api.store.get_bytes(key) == content
        assert list(api.store.keys(f"uploads/{video_id}_")) == [key]

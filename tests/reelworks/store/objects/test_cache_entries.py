"""A cached result counts only while every file of it is there, unaltered."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from reelworks.domain.capabilities import ItemCache
from reelworks.errors import StoreUnavailableError
from reelworks.settings import Settings
from reelworks.store.objects.artifacts import Artifact, ArtifactStore
from reelworks.store.objects.cache_entries import Manifest, StageCache, StoredItems

BYTES = "application/octet-stream"
KEY = hashlib.sha256(b"question").hexdigest()
MANIFEST = f"cache/stages/cut/{KEY}.json"

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
artifacts = st.builds(Artifact, st.text(), st.text(), st.integers(0, 2**50), st.text())


@pytest.fixture
def store(settings: Settings) -> Iterator[ArtifactStore]:
    opened = ArtifactStore.open(settings.with_values(s3_bucket="cache-tests"))
    opened.ensure_bucket()
    yield opened
    for top in ("cache/", "one/", "two/"):
        opened.delete_prefix(top)


def artifact_key(video_id: str) -> Callable[[str], str]:
    return lambda name: f"{video_id}/{name}"


def keep(store: ArtifactStore, video_id: str = "one") -> Manifest:
    files = {
        name: store.put_bytes(artifact_key(video_id)(name), name.encode(), BYTES)
        for name in ("a", "b")
    }
    manifest = Manifest("cut", KEY, "local/x@1", datetime.now(UTC), {"cuts": [1.5]}, files)
    StageCache(store).save(manifest)
    return manifest


def find(store: ArtifactStore, video_id: str = "one") -> Manifest | None:
    return StageCache(store).find(KEY, artifact_key(video_id), stage="cut")


@examples(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.builds(
        Manifest,
        st.text(),
        st.text(),
        st.none() | st.text(),
        st.datetimes(timezones=st.just(UTC)),
        json_values,
        st.dictionaries(st.text(), artifacts, max_size=3),
    )
)
def test_a_manifest_survives_its_json(manifest: Manifest) -> None:
    assert Manifest.from_json(manifest.to_json()) == manifest


def test_a_kept_answer_is_found(store: ArtifactStore) -> None:
    assert find(store) is None
    manifest = keep(store)
    assert find(store) == manifest
    assert StageCache(store).find("0" * 64, artifact_key("one"), stage="cut") is None
    assert StageCache(store).find(KEY, artifact_key("one"), stage="other") is None


@pytest.mark.parametrize(
    "harm",
    [
        lambda store: store.delete("one/b"),
        lambda store: store.put_bytes("one/b", b"c", BYTES),
        lambda store: store.put_bytes("one/b", b"longer", BYTES),
    ],
    ids=["deleted", "altered", "another size"],
)
def test_a_lost_or_altered_file_is_a_miss(
    store: ArtifactStore, harm: Callable[[ArtifactStore], object]
) -> None:
    keep(store)
    harm(store)
    assert find(store) is None
    keep(store)
    assert find(store) is not None


def test_bytes_that_another_tool_moved_still_count(store: ArtifactStore) -> None:
    manifest = keep(store)
    foreign = store._client  # the plain SDK, as another tool would use it
    foreign.delete_object(Bucket=store.bucket, Key="one/a")
    upload = foreign.create_multipart_upload(Bucket=store.bucket, Key="one/a")
    part = {"Bucket": store.bucket, "Key": "one/a", "UploadId": upload["UploadId"]}
    tag = foreign.upload_part(**part, PartNumber=1, Body=b"a")["ETag"]
    foreign.complete_multipart_upload(
        **part, MultipartUpload={"Parts": [{"ETag": tag, "PartNumber": 1}]}
    )
    moved = store.head("one/a")
    assert moved is not None and moved.sha256 == ""
    assert moved.etag != manifest.artifacts["a"].etag
    found = find(store)
    assert found is not None and found.artifacts["a"].sha256 == manifest.artifacts["a"].sha256


def test_another_video_with_the_same_content_gets_its_own_copies(
    store: ArtifactStore, tmp_path: Path
) -> None:
    manifest = keep(store, "one")
    found = find(store, "two")
    assert found is not None
    assert {name: one.key for name, one in found.artifacts.items()} == {"a": "two/a", "b": "two/b"}
    assert found.result == manifest.result
    for name, artifact in found.artifacts.items():
        assert store.fetch(artifact, tmp_path / name).read_text() == name
    store.delete_prefix("one/")
    assert find(store, "two") == found
    assert find(store, "one") is None


def test_an_altered_copy_is_mended_from_the_original(store: ArtifactStore) -> None:
    keep(store, "one")
    find(store, "two")
    store.put_bytes("two/a", b"z", BYTES)
    found = find(store, "two")
    assert found is not None
    assert store.get_bytes("two/a") == b"a"


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"[]", b"null", b"{}", b'"text"', b"\xff\xfe", b'{"artifacts": 1}'],
)
def test_a_damaged_manifest_is_a_miss_and_is_told(
    store: ArtifactStore, caplog: pytest.LogCaptureFixture, data: bytes
) -> None:
    keep(store)
    store.put_bytes(MANIFEST, data, "application/json")
    with caplog.at_level(logging.WARNING):
        assert find(store) is None
    assert KEY in caplog.text
    keep(store)
    assert find(store) is not None


def test_a_manifest_under_a_wrong_key_is_a_miss(store: ArtifactStore) -> None:
    keep(store)
    data = store.get_bytes(MANIFEST)
    assert data is not None
    store.put_bytes(f"cache/stages/cut/{'0' * 64}.json", data, "application/json")
    assert StageCache(store).find("0" * 64, artifact_key("one"), stage="cut") is None


def test_a_store_that_is_down_is_an_error_and_not_a_miss(settings: Settings) -> None:
    down = ArtifactStore.open(settings.with_values(s3_endpoint_url="http://127.0.0.1:9"))
    with pytest.raises(StoreUnavailableError):
        find(down)
    with pytest.raises(StoreUnavailableError):
        StoredItems(down, "vision").get(KEY)


def test_items_are_kept_by_stage_and_key(store: ArtifactStore) -> None:
    items: ItemCache = StoredItems(store, "vision")
    assert items.get(KEY) is None
    items.put(KEY, b"answer")
    assert items.get(KEY) == b"answer"
    assert StoredItems(store, "embed").get(KEY) is None
    assert list(store.keys("cache/items/")) == [f"cache/items/vision/{KEY[:2]}/{KEY}"]

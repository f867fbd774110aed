"""A bucket's objects: listed, read in part, hashed, opened and given away by a signed address."""

from __future__ import annotations

import hashlib

import httpx
import pytest

from reelworks.errors import ArtifactMissingError, SourceNotFoundError
from reelworks.settings import Settings
from reelworks.store.objects.artifacts import Artifact, ArtifactStore

DATA = bytes(range(256)) * 20
BYTES = "application/octet-stream"


@pytest.fixture
def store(clean_settings: Settings) -> ArtifactStore:
    return ArtifactStore.open(clean_settings)


def test_objects_are_listed_by_prefix_in_order_also_of_another_bucket(
    store: ArtifactStore, settings: Settings
) -> None:
    for key in ("in/b", "in/a", "other/c"):
        store.put_bytes(key, DATA, BYTES)
    listed = list(store.objects("in/"))
    assert [(one.key, one.size) for one in listed] == [("in/a", 5120), ("in/b", 5120)]
    elsewhere = ArtifactStore.open(settings)
    assert list(elsewhere.objects("in/", bucket=store.bucket)) == listed
    with pytest.raises(SourceNotFoundError, match="no-such-bucket"):
        list(store.objects("", bucket="no-such-bucket"))


def test_a_part_is_read_and_fewer_bytes_at_the_end(store: ArtifactStore) -> None:
    store.put_bytes("a", DATA, BYTES)
    assert store.read_range("a", 10, 20) == DATA[10:30]
    assert store.read_range("a", 5100, 100) == DATA[5100:]


def test_a_digest_is_that_of_the_bytes_there(store: ArtifactStore) -> None:
    store.put_bytes("a", DATA, BYTES)
    assert store.content_digest("a") == hashlib.sha256(DATA).hexdigest()
    assert store.content_digest("nothing") is None


def test_an_object_that_is_another_by_now_is_not_opened(store: ArtifactStore) -> None:
    artifact = store.put_bytes("a", DATA, BYTES)
    with store.opened_range(artifact, 2, 5) as body:
        assert body.read() == DATA[2:5]
    store.put_bytes("a", b"other", BYTES)
    gone = Artifact("gone", artifact.sha256, artifact.size, artifact.etag)
    for one in (artifact, gone):
        with (
            pytest.raises(ArtifactMissingError, match=one.key),
            store.opened_range(one, 0, 5),
        ):
            pass


def test_a_signed_address_gives_the_file_with_its_type_and_name(store: ArtifactStore) -> None:
    store.put_bytes("a", DATA, BYTES)
    address = store.signed_address(
        "a", 60, content_type="text/plain", disposition='attachment; filename="a.txt"'
    )
    answer = httpx.get(address)
    assert (answer.status_code, answer.content) == (200, DATA)
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.headers["content-disposition"] == 'attachment; filename="a.txt"'
    unsigned = httpx.get(address.partition("?")[0])
    assert unsigned.status_code == 403

"""Files that arrive and leave piece by piece."""

from __future__ import annotations

import hashlib

import pytest

from reelworks.domain.artifact_keys import INCOMING
from reelworks.errors import ArtifactMissingError, OverLimitError
from reelworks.settings import Settings
from reelworks.store.objects.artifacts import Artifact, ArtifactStore
from reelworks.store.objects.streams import PART_BYTES, Upload, read_range

TYPE = "application/octet-stream"


@pytest.fixture
def store(clean_settings: Settings) -> ArtifactStore:
    return ArtifactStore.open(clean_settings)


@pytest.mark.parametrize("size", [0, 5, PART_BYTES, PART_BYTES + 5])
def test_what_arrives_in_pieces_is_stored_whole(store: ArtifactStore, size: int) -> None:
    content = bytes(range(256)) * (size // 256 + 1)
    upload = Upload(store, 10 * PART_BYTES)
    for start in range(0, size, 1 << 20):
        upload.write(content[start : min(size, start + (1 << 20))])
    stored = upload.keep("uploads/a", TYPE)
    upload.abandon()

    assert (stored.size, upload.size) == (size, size)
    assert stored.sha256 == upload.sha256 == hashlib.sha256(content[:size]).hexdigest()
    assert store.get_bytes("uploads/a") == content[:size]
    assert upload.was_stored
    assert list(store.keys(INCOMING)) == []


def test_the_same_bytes_are_stored_once_and_others_again(store: ArtifactStore) -> None:
    moved = []
    for content in (b"one", b"one", b"two"):
        upload = Upload(store, 100)
        upload.write(content)
        upload.keep("uploads/a", TYPE)
        moved.append(upload.was_stored)
    assert moved == [True, False, True]


def test_an_upload_over_the_limit_ends_and_leaves_nothing(store: ArtifactStore) -> None:
    upload = Upload(store, PART_BYTES + 10)
    upload.write(b"x" * PART_BYTES)
    with pytest.raises(OverLimitError, match="MAX_UPLOAD_MB"):
        upload.write(b"x" * 11)
    upload.abandon()
    assert list(store.keys("")) == []


def test_a_range_is_given_in_blocks_and_never_short(store: ArtifactStore) -> None:
    content = bytes(range(256)) * 2000
    artifact = store.put_bytes("a", content, TYPE)
    assert b"".join(read_range(store, artifact, 7, 500_000)) == content[7:500_000]
    longer = Artifact("a", artifact.sha256, artifact.size + 10, artifact.etag)
    with pytest.raises(ArtifactMissingError, match="of 512010 bytes of a"):
        list(read_range(store, longer, 0, longer.size))

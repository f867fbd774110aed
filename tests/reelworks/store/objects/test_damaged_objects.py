"""What the store lists and cannot read, or what is other than it was, is made again or named."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from botocore.config import Config

from infra.services.supervision.parts import ServicePaths
from reelworks.errors import (
    ArtifactMissingError,
    ArtifactUnreadableError,
    StoreUnavailableError,
)
from reelworks.settings import Settings
from reelworks.store.objects.artifacts import ArtifactStore
from reelworks.store.objects.cache_entries import StoredItems
from reelworks.store.objects.streams import Upload
from tests.support.damage import flip_a_byte

pytestmark = pytest.mark.usefixtures("short_proof_of_damage")

BYTES = "application/octet-stream"


@pytest.fixture
def data(session_house: Settings) -> Path:
    """The folder of the embedded store's volumes."""
    return ServicePaths(session_house.data_dir).store.home / "data"


@pytest.fixture
def store(clean_settings: Settings) -> Iterator[ArtifactStore]:
    """A store whose client asks once: the server itself tries for 13 seconds to read an object."""
    requests = clean_settings
    secret = requests.s3.secret_access_key
    assert secret is not None
    client = boto3.client(
        "s3",
        endpoint_url=requests.s3.endpoint_url,
        aws_access_key_id=requests.s3.access_key_id,
        aws_secret_access_key=secret.get_secret_value(),
        region_name="us-east-1",
        config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
    )
    yield ArtifactStore(client, requests.s3.bucket, str(requests.s3.endpoint_url))


@pytest.mark.slow
def test_an_object_with_a_flipped_byte_is_named_and_the_store_is_not_called_down(
    store: ArtifactStore, data: Path, tmp_path: Path
) -> None:
    body = os.urandom(50_000)
    stored = store.put_bytes("a", body, BYTES)
    flip_a_byte(data, body)

    assert store.head("a") == stored
    with pytest.raises(ArtifactUnreadableError, match="cannot read a, though it reads other"):
        store.fetch(stored, tmp_path / "a")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_large_object_is_damaged_by_a_flipped_byte_in_its_middle(
    store: ArtifactStore, data: Path, tmp_path: Path
) -> None:
    body = os.urandom(21_000_000)
    stored = store.put_bytes("a", body, BYTES)
    flip_a_byte(data, body[12_600_000:12_650_000])

    with pytest.raises(ArtifactUnreadableError):
        store.fetch(stored, tmp_path / "a")


@pytest.mark.slow
def test_what_can_be_made_again_counts_as_absent_when_it_is_damaged(
    store: ArtifactStore, data: Path
) -> None:
    items, key = StoredItems(store, "vision"), "ab" * 32
    body = os.urandom(50_000)
    items.put(key, body)
    assert items.get(key) == body
    flip_a_byte(data, body)
    assert items.get(key) is None
    items.put(key, body)
    assert items.get(key) == body


def test_a_digest_is_computed_and_not_believed(store: ArtifactStore, settings: Settings) -> None:
    store.put_bytes("a", b"right", BYTES)
    digest = store.head("a")
    assert digest is not None
    store._client.put_object(
        Bucket=store.bucket, Key="a", Body=b"wrong", Metadata={"sha256": digest.sha256}
    )
    assert store.get_intact("a") is None
    assert not store.holds(digest)


def test_an_outage_is_no_damage(settings: Settings, tmp_path: Path) -> None:
    down = ArtifactStore.open(settings.with_values(s3_endpoint_url="http://127.0.0.1:9"))
    with pytest.raises(StoreUnavailableError) as reported:
        down.get_intact("a")
    assert not isinstance(reported.value, ArtifactMissingError)


@pytest.mark.slow
def test_a_file_that_is_stored_again_mends_one_that_was_found_damaged(
    store: ArtifactStore, data: Path, tmp_path: Path
) -> None:
    body = os.urandom(50_000)
    (tmp_path / "a").write_bytes(body)
    stored = store.put_file("a", tmp_path / "a", BYTES)
    flip_a_byte(data, body)
    store.doubts.note(stored)  # as a failed read does
    store.put_file("a", tmp_path / "a", BYTES)
    assert store.holds(stored)


@pytest.mark.slow
def test_an_upload_that_is_sent_again_mends_a_damaged_one(store: ArtifactStore, data: Path) -> None:
    body = os.urandom(50_000)
    for damaged in (True, False):
        upload = Upload(store, 10**9)
        upload.write(body)
        stored = upload.keep("uploads/v_a.mp4", "video/mp4")
        if damaged:
            flip_a_byte(data, body)
    assert store.holds(stored)

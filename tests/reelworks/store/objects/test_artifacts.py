"""Artifacts live in a real S3 server; an absent key and an outage are never confused."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from pydantic import SecretStr

from reelworks.errors import (
    ArtifactMissingError,
    SourceChangedError,
    SourceNotFoundError,
    StoreRefusedError,
    StoreUnavailableError,
)
from reelworks.settings import Settings
from reelworks.store.objects.artifacts import Artifact, ArtifactStore
from reelworks.store.objects.shards import SHARDS, one_folder_a_shard

BYTES = "application/octet-stream"


@pytest.fixture(scope="module")
def store(settings: Settings) -> Iterator[ArtifactStore]:
    opened = ArtifactStore.open(settings.with_values(s3_bucket="artifact-tests"))
    opened.ensure_bucket()
    opened.ensure_bucket()
    yield opened
    for top in ("a/", "b/"):
        opened.delete_prefix(top)


@examples(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.binary(max_size=4096), name=st.text("abc_-. é+&%", min_size=1, max_size=12))
def test_what_is_put_comes_back(store: ArtifactStore, data: bytes, name: str) -> None:
    key = f"a/round/x{name}x"
    made = store.put_bytes(key, data, BYTES)
    assert store.get_bytes(key) == data
    assert store.head(key) == made
    assert made.sha256 == hashlib.sha256(data).hexdigest()
    assert key in set(store.keys("a/round/"))


def test_an_absent_key_is_none(store: ArtifactStore, tmp_path: Path) -> None:
    assert store.get_bytes("a/nothing") is None
    assert store.head("a/nothing") is None
    assert store.content_digest("a/nothing") is None
    assert not store.download("a/nothing", tmp_path / "file")
    assert list(tmp_path.iterdir()) == []
    store.delete("a/nothing")


@pytest.mark.parametrize("size", [0, 10, (8 << 20) + 1, (64 << 20) + 5])
def test_files_of_any_size_arrive_whole(store: ArtifactStore, tmp_path: Path, size: int) -> None:
    source = tmp_path / "source.bin"
    source.write_bytes(b"0123456789abcdef" * (size // 16 + 1))
    with source.open("r+b") as file:
        file.truncate(size)
    made = store.put_file("a/file.bin", source, BYTES)
    assert made.size == size
    assert store.head("a/file.bin") == made
    there = store.fetch(made, tmp_path / "there.bin")
    assert there.read_bytes() == source.read_bytes()
    copied = store.copy(made, "b/copy.bin")
    assert (copied.sha256, copied.size) == (made.sha256, size)
    head = store.head("b/copy.bin")
    assert head is not None and head.sha256 == made.sha256
    store.delete("a/file.bin")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["source.bin", "there.bin"]


def test_a_file_that_is_there_is_not_sent_again(store: ArtifactStore, tmp_path: Path) -> None:
    path = tmp_path / "one.txt"
    path.write_text("one")
    first = store.put_file("a/one.txt", path, "text/plain")
    assert store.put_file("a/one.txt", path, "text/plain") == first
    path.write_text("two")
    assert store.put_file("a/one.txt", path, "text/plain").etag != first.etag
    assert store.get_bytes("a/one.txt") == b"two"


def test_a_file_that_is_not_there_is_named(store: ArtifactStore, tmp_path: Path) -> None:
    with pytest.raises(SourceNotFoundError, match=r"gone\.txt"):
        store.put_file("a/x", tmp_path / "gone.txt", "text/plain")


@pytest.mark.parametrize("gone", [True, False], ids=["deleted", "altered"])
def test_fetching_what_changed_leaves_nothing(
    store: ArtifactStore, tmp_path: Path, gone: bool
) -> None:
    made = store.put_bytes("a/changing", b"before", BYTES)
    store.delete("a/changing") if gone else store.put_bytes("a/changing", b"after!", BYTES)
    with pytest.raises(ArtifactMissingError, match="a/changing"):
        store.fetch(made, tmp_path / "file")
    with pytest.raises(ArtifactMissingError, match="a/changing"):
        store.copy(made, "b/never")
    assert store.head("b/never") is None
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_written_to_meanwhile_is_not_stored(
    store: ArtifactStore, tmp_path: Path
) -> None:
    path = tmp_path / "growing.mp4"
    path.write_bytes(bytes(4 << 20))
    done = threading.Event()

    def touch() -> None:
        while not done.wait(0.001):
            path.touch()

    writer = threading.Thread(target=touch)
    writer.start()
    try:
        with pytest.raises(SourceChangedError, match=r"growing\.mp4 was changed"):
            store.put_file("a/growing.mp4", path, BYTES)
    finally:
        done.set()
        writer.join()
    assert store.head("a/growing.mp4") is None


def test_a_prefix_is_removed_and_only_that(store: ArtifactStore) -> None:
    for name in ("a/p/1", "a/p/2", "a/pq"):
        store.put_bytes(name, b"", BYTES)
    assert store.delete_prefix("a/p/") == 2
    assert list(store.keys("a/p")) == ["a/pq"]
    with pytest.raises(ValueError, match="empty prefix"):
        store.delete_prefix("")


def asks(store: ArtifactStore, folder: Path) -> list[Callable[[], object]]:
    """Every way to ask, as calls that must all fail alike."""
    lost = Artifact("a/x", "0" * 64, 1, "e")
    file = folder / "file"
    file.write_text("text")
    return [
        lambda: store.get_bytes("a/x"),
        lambda: store.head("a/x"),
        lambda: store.put_bytes("a/x", b"", BYTES),
        lambda: store.put_file("a/x", file, BYTES),
        lambda: store.fetch(lost, folder / "to"),
        lambda: store.copy(lost, "a/y"),
        lambda: store.delete("a/x"),
        lambda: list(store.keys("a/")),
    ]


@pytest.mark.parametrize("number", range(8))
def test_wrong_keys_are_refused_without_being_shown(
    settings: Settings, tmp_path: Path, number: int
) -> None:
    wrong = settings.with_values(s3_secret_access_key=SecretStr("hunter2-hunter2"))
    call = asks(ArtifactStore.open(wrong), tmp_path)[number]
    with pytest.raises(StoreRefusedError, match="keys") as caught:
        call()
    assert "hunter2" not in str(caught.value)


# The embedded server makes a missing bucket when something is written, so only reads can tell.
@pytest.mark.parametrize("number", [0, 1, 4, 5, 7])
def test_a_missing_bucket_is_refused_by_name(
    settings: Settings, tmp_path: Path, number: int
) -> None:
    elsewhere = settings.with_values(s3_bucket="no-such-bucket")
    call = asks(ArtifactStore.open(elsewhere), tmp_path)[number]
    with pytest.raises(StoreRefusedError, match="bucket"):
        call()


def test_an_outage_is_an_error_and_not_a_miss(settings: Settings, tmp_path: Path) -> None:
    down = settings.with_values(s3_endpoint_url="http://127.0.0.1:9")
    calls = asks(ArtifactStore.open(down), tmp_path)
    with ThreadPoolExecutor(len(calls)) as pool:
        for answer in [pool.submit(call) for call in calls]:
            error = answer.exception()
            assert isinstance(error, StoreUnavailableError)
            assert "127.0.0.1:9" in str(error)
            assert error.retryable


def test_health_writes_one_object_into_a_bucket_that_is_there(clean_settings: Settings) -> None:
    store = ArtifactStore.open(clean_settings)
    for _ in range(3):
        store.check()
    assert len(list(store.keys("health/"))) == 1
    other = clean_settings.with_values(s3_bucket="no-such-bucket")
    for _ in range(2):
        with pytest.raises(StoreRefusedError, match="no-such-bucket"):
            ArtifactStore.open(other).check()


def test_health_meets_each_file_of_the_stores_names_in_turn(
    clean_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reelworks.store.objects.bucket._WRITE_SECONDS", -1.0)
    store = ArtifactStore.open(clean_settings)
    for _ in range(SHARDS):
        store.check()
    folders = one_folder_a_shard(store.bucket, "health/")
    assert set(store.keys("health/")) == {f"{folder}/probe" for folder in folders}

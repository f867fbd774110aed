"""What counts as damage, and what becomes of an object that is in doubt: nothing is removed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from reelworks.domain.jobs.progress import silent
from reelworks.errors import (
    ArtifactMissingError,
    ArtifactUnreadableError,
    SourceUnreadableError,
    StoreUnavailableError,
)
from reelworks.pipeline.run_context import open_run_context
from reelworks.settings import Settings
from reelworks.stages.source.ingest import localize
from reelworks.store.objects.artifacts import ArtifactStore
from reelworks.store.objects.streams import Upload
from tests.support.faulty_store import Fault, FaultyStore, faulty

BYTES = "application/octet-stream"


@pytest.fixture
def door(clean_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyStore]:
    monkeypatch.setattr("reelworks.store.objects.bucket._READ_SECONDS", 0.2)
    monkeypatch.setattr("reelworks.store.objects.bucket._PAUSE_SECONDS", 0.1)
    with faulty(str(clean_settings.s3.endpoint_url)) as opened:
        yield opened


@pytest.fixture
def through(clean_settings: Settings, door: FaultyStore) -> Settings:
    return clean_settings.with_values(s3_endpoint_url=door.address)


@pytest.fixture
def store(through: Settings) -> ArtifactStore:
    """A store whose client asks once and waits for two seconds."""
    return ArtifactStore.open(through, seconds=2.0)


def test_an_outage_that_took_long_and_is_over_is_no_damage(
    store: ArtifactStore, door: FaultyStore
) -> None:
    stored = store.put_bytes("a", b"healthy", BYTES)
    door.faults["a"] = [Fault(after=0.5)]
    assert store.get_intact("a") == b"healthy"
    door.faults["a"] = [Fault(after=0.5), Fault(after=0.5)]
    assert store.holds(stored)


@pytest.mark.parametrize(
    "fault",
    [
        Fault("SlowDown", 503),
        Fault("ServiceUnavailable", 503),
        Fault("TooManyRequests", 429),
        Fault("BadGateway", 502),
        Fault(after=2.5),
    ],
    ids=lambda fault: f"{fault.status} {fault.code} {fault.after:g}",
)
def test_a_store_that_is_busy_at_one_object_is_busy_and_the_object_is_well(
    store: ArtifactStore, door: FaultyStore, tmp_path: Path, fault: Fault
) -> None:
    stored = store.put_bytes("a", b"healthy", BYTES)
    door.faults["a"] = [fault] * 20
    with pytest.raises(StoreUnavailableError) as reported:
        store.fetch(stored, tmp_path / "a")
    assert not isinstance(reported.value, ArtifactMissingError)


@pytest.mark.parametrize("fault", [Fault(), Fault(cut=3)], ids=["a 500", "a short body"])
def test_damage_is_proven_by_reads_that_fail_while_the_store_is_well(
    store: ArtifactStore, door: FaultyStore, tmp_path: Path, fault: Fault
) -> None:
    stored = store.put_bytes("a", b"damaged", BYTES)
    door.faults["a"] = [fault] * 20
    with pytest.raises(ArtifactUnreadableError):
        store.fetch(stored, tmp_path / "a")
    assert door.reads("a") >= 3


def test_an_object_that_was_in_doubt_needs_one_read_more(
    store: ArtifactStore, door: FaultyStore
) -> None:
    stored = store.put_bytes("a", b"damaged", BYTES)
    store.doubts.note(stored)
    door.faults["a"] = [Fault()] * 20
    assert not store.holds(stored)
    assert door.reads("a") == 1


def test_what_another_run_wrote_over_an_artifact_is_left_alone(
    clean_settings: Settings, through: Settings
) -> None:
    other = ArtifactStore.open(clean_settings)
    with open_run_context(through) as ctx:
        old = ctx.store.put_bytes("processed/v/normalized.mp4", b"old one", "video/mp4")
        new = other.put_bytes("processed/v/normalized.mp4", b"new one", "video/mp4")
        with pytest.raises(ArtifactMissingError, match="gone or damaged"):
            ctx.fetch(old)
    assert other.head(new.key) == new
    assert list(other.keys("cache/doubts/")) == []


def test_an_artifact_that_cannot_be_read_is_kept_in_doubt(
    through: Settings, door: FaultyStore
) -> None:
    with open_run_context(through) as ctx:
        stored = ctx.store.put_bytes("processed/v/normalized.mp4", b"volume down", "video/mp4")
        door.faults[f"{stored.key}"] = [Fault()] * 40
        with pytest.raises(ArtifactMissingError):
            ctx.fetch(stored)
        assert ctx.store.doubts.of(stored)
        door.faults.clear()
        assert ctx.fetch(stored).read_bytes() == b"volume down"


def test_a_file_that_is_in_doubt_is_sent_again(
    store: ArtifactStore, door: FaultyStore, tmp_path: Path
) -> None:
    (tmp_path / "a").write_bytes(b"content")
    stored = store.put_file("a", tmp_path / "a", BYTES)
    store.doubts.note(stored)
    store.put_file("a", tmp_path / "a", BYTES)
    assert door.requests.count("PUT a") == 2
    assert list(store.keys("cache/doubts/")) == []


def test_a_file_that_is_there_costs_one_question_and_no_read(
    store: ArtifactStore, door: FaultyStore, tmp_path: Path
) -> None:
    (tmp_path / "a").write_bytes(b"content")
    for _ in range(2):  # the first one lists the doubts, of which it is told once a minute
        store.put_file("a", tmp_path / "a", BYTES)
    door.requests.clear()
    store.put_file("a", tmp_path / "a", BYTES)
    assert door.requests == ["HEAD a"]


def test_to_look_at_an_object_needs_no_room_for_files(
    store: ArtifactStore, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "no such folder"))
    body = bytes(20 << 20)
    upload = Upload(store, 10**9)
    upload.write(body)
    stored = upload.keep("uploads/v_a.mp4", "video/mp4")
    assert store.holds(stored)


def test_a_source_that_cannot_be_read_is_stored_anew_when_it_is_given_again(
    store: ArtifactStore, door: FaultyStore, tmp_path: Path
) -> None:
    (tmp_path / "a.mp4").write_bytes(b"content")
    stored = store.put_file("uploads/v_a.mp4", tmp_path / "a.mp4", "video/mp4")
    door.faults[stored.key] = [Fault()] * 20
    with pytest.raises(SourceUnreadableError, match="upload the file again"):
        localize(f"s3://{store.bucket}/{stored.key}", "v", tmp_path, store, silent)
    assert store.doubts.of(stored)
    store.put_file(stored.key, tmp_path / "a.mp4", "video/mp4")
    assert door.requests.count(f"PUT {stored.key}") == 2

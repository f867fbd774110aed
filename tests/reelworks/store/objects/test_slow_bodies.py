"""An S3 server that sends next to nothing ends the run of its source, and not the queue."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from pydantic import SecretStr

from reelworks.domain import least_speed
from reelworks.domain.jobs.progress import silent
from reelworks.errors import SourceUnavailableError
from reelworks.settings import Settings
from reelworks.stages.source.ingest import localize
from reelworks.store.objects.artifacts import ArtifactStore
from tests.support.dripping_store import dripping_store

pytestmark = pytest.mark.slow


IN_PARTS = 40 << 20


@pytest.fixture(autouse=True)
def a_second_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(least_speed, "WINDOW", 1.0)


def opened(address: str, least: float) -> ArtifactStore:
    return ArtifactStore.open(
        Settings(
            _env_file=None,
            s3_endpoint_url=address,
            s3_access_key_id="id",
            s3_secret_access_key=SecretStr("word"),
            s3_bucket="ours",
            fetch_least_kb_per_second=least,
        )
    )


@pytest.mark.parametrize("bucket", ["ours", "rushes"])
@pytest.mark.parametrize("size", [1_000_000, IN_PARTS])
def test_a_source_that_drips_is_let_go(bucket: str, size: int, tmp_path: Path) -> None:
    with dripping_store(size, b"x") as address:
        store = opened(address, 1)
        began = time.monotonic()
        with pytest.raises(SourceUnavailableError, match=r"127\.0\.0\.1 sends too slowly") as gone:
            localize(f"s3://{bucket}/talk.mp4", None, tmp_path, store, silent)
        took = time.monotonic() - began

    assert 0.9 < took < 6
    assert gone.value.retryable
    assert re.search(r" 0\.\d kB/s over 1 s, where ", str(gone.value))
    assert list(tmp_path.iterdir()) == []


def test_a_source_that_sends_enough_is_kept_for_as_long_as_it_takes(tmp_path: Path) -> None:
    with dripping_store(6000, b"x" * 100) as address:  # 2000 bytes a second
        began = time.monotonic()
        source = localize("s3://rushes/a.mp4", None, tmp_path, opened(address, 1), silent)

    assert time.monotonic() - began > 2.5 * least_speed.WINDOW
    assert source.path.read_bytes() == b"x" * 6000


def test_parts_that_come_side_by_side_share_the_line(tmp_path: Path) -> None:
    """Four of 2000 bytes a second each are the least that is asked for, and more is not."""
    with dripping_store(IN_PARTS, b"x" * 100) as address:
        with pytest.raises(SourceUnavailableError, match="where 2.5 are the least"):
            localize("s3://rushes/a.mp4", None, tmp_path, opened(address, 10), silent)
        began = time.monotonic()
        store = opened(address, 6)
        assert len(store.read_range("a.mp4", 0, 5000, bucket="rushes")) == 5000

    assert time.monotonic() - began > 2 * least_speed.WINDOW


def test_whoever_wants_takes_any_speed(tmp_path: Path) -> None:
    with dripping_store(40, b"x") as address:
        source = localize("s3://rushes/a.mp4", None, tmp_path, opened(address, 0), silent)

    assert source.path.read_bytes() == b"x" * 40

"""Room for a job: more is needed where the store lies on the same disk."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from reelworks.domain.disk import FULL_BYTES
from reelworks.settings import Settings
from reelworks.store.objects.disk_room import is_store_local, lacks_room


def settings(endpoint: str | None, folder: Path) -> Settings:
    return Settings(_env_file=None, s3_endpoint_url=endpoint, data_dir=folder)


@pytest.mark.parametrize(
    ("endpoint", "local"),
    [
        ("http://127.0.0.1:8333", True),
        ("http://localhost:8333", True),
        ("http://[::1]:8333", True),
        ("https://s3.example", False),
        (None, False),
    ],
)
def test_a_store_on_loopback_is_this_machine_s(
    tmp_path: Path, endpoint: str | None, local: bool
) -> None:
    assert is_store_local(settings(endpoint, tmp_path)) is local


def test_a_local_store_needs_its_share_of_the_disk_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = type(shutil.disk_usage(tmp_path))
    size, free = 1000 * FULL_BYTES, 2 * FULL_BYTES
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(size, size - free, free))

    assert lacks_room(settings("http://127.0.0.1:8333", tmp_path))
    assert not lacks_room(settings("http://127.0.0.1:8333", tmp_path), freed=8 * FULL_BYTES)
    assert not lacks_room(settings("https://s3.example", tmp_path))

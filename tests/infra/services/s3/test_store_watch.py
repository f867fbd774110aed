"""A store whose disk was full is written to again once there is room, without a manual restart."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from infra.services.endpoints import Endpoints
from infra.services.s3.store_watch import StoreWatch
from infra.services.supervision.parts import ServicePaths
from infra.services.supervision.state import Service, locked, read_state
from infra.services.supervision.supervisor import down, restart_dead, running
from reelworks.errors import NoSpaceError, StoreUnavailableError
from reelworks.settings import Settings
from reelworks.store.objects.artifacts import ArtifactStore
from tasks.runtime.run_endings import must_have_room

BYTES = "application/octet-stream"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own, of 300 MB; only root may make one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=300m", "tmpfs", str(disk)],
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        pytest.skip(f"a disk of 300 MB cannot be mounted: {made.stderr.strip()}")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


@pytest.fixture
def house(small_disk: Path) -> Iterator[Settings]:
    found = Settings(
        _env_file=None,
        data_dir=small_disk / "data",
        database_url=SecretStr("postgresql://elsewhere.test/reelworks"),
        prefect_api_url="http://elsewhere.test/api",
        **dict.fromkeys(("s3_endpoint_url", "s3_access_key_id", "s3_secret_access_key")),
    )
    yield found
    down(found, force=True)


def fill(disk: Path) -> Path:
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(1 << 16))
        except OSError:
            return filler


def store_of(endpoints: Endpoints, settings: Settings) -> ArtifactStore:
    store = ArtifactStore.open(endpoints.settings(settings))
    store.ensure_bucket()
    return store


@pytest.mark.slow
def test_a_store_that_a_full_disk_has_closed_is_started_again(house: Settings) -> None:
    watch = StoreWatch(ServicePaths(house.data_dir).store, often=0.2)
    with running(house, (Service.STORE,)) as endpoints:
        store = store_of(endpoints, house)
        before = store.put_bytes("saved", b"before", BYTES)
        pin(house)
        store.check()
        filler = fill(house.data_dir.parent)
        with pytest.raises(NoSpaceError, match=str(house.data_dir)):
            store.put_bytes("large", os.urandom(300_000), BYTES)
        with pytest.raises(NoSpaceError):  # names alone, until its files have no room for one more
            for number in range(1000):
                store.put_bytes(f"0/{number}", b"", BYTES)
        with pytest.raises(NoSpaceError):
            ArtifactStore.open(endpoints.settings(house)).check()
        assert restart_dead(house, watch.stuck) == []  # a start would not help
        with pytest.raises(NoSpaceError, match="the job continues"):
            must_have_room(house)

        filler.unlink()
        must_have_room(house)
        with pytest.raises((NoSpaceError, StoreUnavailableError)):
            store.put_bytes("0/x", b"", BYTES)
        restarted: list[Service] = []
        deadline = time.monotonic() + 60
        while not restarted and time.monotonic() < deadline:
            restarted = restart_dead(house, watch.stuck)
            time.sleep(0.1)
        assert restarted == [Service.STORE]
        for number in range(30):
            store.put_bytes(f"{number}/x", b"1", BYTES)
        store.check()
        assert store.get_bytes(before.key) == b"before"
        assert restart_dead(house, watch.stuck) == []


def pin(house: Settings) -> None:
    """Keep the store as ``up`` does."""
    with locked(ServicePaths(house.data_dir).run) as state:
        state.parts[Service.STORE].pinned = True


def test_a_store_that_can_be_written_is_left_alone(house: Settings) -> None:
    with running(house, (Service.STORE,)):
        pin(house)
        process = read_state(ServicePaths(house.data_dir).run).parts[Service.STORE].process
        watch = StoreWatch(ServicePaths(house.data_dir).store, often=0.0)
        assert [restart_dead(house, watch.stuck) for _ in range(3)] == [[], [], []]
        assert read_state(ServicePaths(house.data_dir).run).parts[Service.STORE].process == process

"""A full disk costs a job no try; what does not fit on a disk with room does, and so it ends."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from reelworks.errors import NoSpaceError, OverLimitError
from reelworks.pipeline.run_context import RunContext
from reelworks.settings import Settings
from reelworks.store.db.database import create_database_engine
from reelworks.store.objects.artifacts import ArtifactStore
from reelworks.store.objects.disk_room import lacks_room
from tasks.runtime.run_endings import failure_of, must_have_room

GB = 1 << 30


@pytest.fixture
def large_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own, of 20 GB, of which a file here holds no more than is written."""
    image, disk = tmp_path / "image", tmp_path / "disk"
    disk.mkdir()
    image.touch()
    with image.open("r+b") as file:
        file.truncate(20 * GB)
    for command in (
        ["mkfs.ext4", "-q", "-m", "0", str(image)],
        ["mount", "-o", "loop", str(image), str(disk)],
    ):
        made = subprocess.run(command, capture_output=True, text=True, check=False)
        if made.returncode:
            pytest.skip(f"a disk of 20 GB cannot be mounted here: {made.stderr.strip()}")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


def leave(disk: Path, free: int) -> None:
    """Fill a disk up to so many bytes."""
    much = shutil.disk_usage(disk).free - free
    subprocess.run(["fallocate", "-l", str(much), str(disk / "filler")], check=True)


@pytest.fixture
def ctx(clean_settings: Settings, large_disk: Path) -> Iterator[RunContext]:
    """A run context on that disk, as is its store."""
    settings = clean_settings.with_values(data_dir=large_disk / "data")
    scratch = large_disk / "data" / "scratch" / "run-x"
    scratch.mkdir(parents=True)
    engine = create_database_engine(settings)
    yield RunContext(settings, ArtifactStore.open(settings), engine, scratch)
    engine.dispose()


def test_no_job_begins_where_its_store_would_take_nothing(
    ctx: RunContext, large_disk: Path
) -> None:
    must_have_room(ctx.settings)
    leave(large_disk, 150_000_000)  # more than 64 MiB, less than the store's 1 %
    with pytest.raises(NoSpaceError, match="the job continues"):
        must_have_room(ctx.settings)
    elsewhere = {"s3_endpoint_url": "https://s3.elsewhere.test"}
    must_have_room(ctx.settings.with_values(**elsewhere))
    (large_disk / "filler").unlink()
    must_have_room(ctx.settings)


def test_a_full_disk_costs_no_try(ctx: RunContext, large_disk: Path) -> None:
    leave(large_disk, 150_000_000)
    failure = failure_of(NoSpaceError("The disk is full."), "publish", ctx)
    assert (failure.code, failure.waits_for_room) == ("no_space", True)


def test_what_does_not_fit_on_a_disk_with_room_costs_a_try(ctx: RunContext) -> None:
    large = NoSpaceError("talk.mp4 needs 30000 MB, but /data has 20000 MB free; make room.")
    failure = failure_of(large, "ingest", ctx)
    assert (failure.can_pass, failure.waits_for_room) == (True, False)
    assert failure.reason.endswith(str(large))


def test_a_job_that_fills_the_disk_itself_costs_a_try(ctx: RunContext, large_disk: Path) -> None:
    subprocess.run(["fallocate", "-l", "1G", str(ctx.scratch / "frames")], check=True)
    leave(large_disk, 10_000_000)
    assert lacks_room(ctx.settings)
    failure = failure_of(NoSpaceError("The disk is full."), "frames", ctx)
    assert (failure.can_pass, failure.waits_for_room) == (True, False)


def test_what_is_no_question_of_room_is_left_as_it_is(ctx: RunContext) -> None:
    failure = failure_of(OverLimitError("Too long."), "ingest", ctx)
    assert (failure.can_pass, failure.waits_for_room) == (False, False)

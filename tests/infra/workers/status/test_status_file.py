"""The status file of a worker: true soon after each change, gone after its end."""

from __future__ import annotations

import asyncio
import logging
import os
from pathlib import Path

import pytest

from infra.workers.child.slots import Slots
from infra.workers.revision import code_revision
from infra.workers.status.status_file import StatusFile
from infra.workers.status.worker_status import WorkerStatus, own_file, read_statuses

LOG = logging.getLogger(__name__)


async def written(data_dir: Path, runs: int) -> WorkerStatus:
    async with asyncio.timeout(30):
        while not (found := read_statuses(data_dir)) or found[0].runs != runs:
            await asyncio.sleep(0.02)
    return found[0]


async def test_it_is_written_after_each_change_and_removed_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    slots = Slots((), 1)
    file = StatusFile("w", "gpu", slots, LOG)
    file.open()
    try:
        first = await written(tmp_path, 0)
        assert (first.name, first.pool, first.children) == ("w", "gpu", [])
        assert (first.process.pid, first.revision) == (os.getpid(), code_revision())
        file.count_run()
        file.count_crash()
        file.count_replaced()
        next(iter(slots)).replaced = 2
        found = await written(tmp_path, 1)
        assert (found.crashes, found.replaced) == (1, 3), "those of the slots count, too"
    finally:
        await file.close()

    assert not own_file(tmp_path).exists()


async def test_a_file_that_cannot_be_written_is_a_warning_and_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    (tmp_path / "workers").write_text("a file where a folder must be")
    file = StatusFile("w", "gpu", Slots((), 1), LOG)
    file.open()
    try:
        async with asyncio.timeout(30):
            while "workers" not in caplog.text:
                await asyncio.sleep(0.02)
        file.count_run()
        assert file.status().runs == 1
    finally:
        (tmp_path / "workers").unlink()
        await file.close()

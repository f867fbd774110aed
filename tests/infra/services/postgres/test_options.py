"""Options of PostgreSQL that follow the machine."""

from __future__ import annotations

import psutil
import pytest

from infra.services.postgres.options import memory, memory_options


@pytest.mark.parametrize(
    ("gigabytes", "shared", "pages", "making", "workers"),
    [
        (0.25, 8, "128MB", "128MB", "2"),
        (8, 4, "2048MB", "1024MB", "2"),
        (8, 0.0625, "2048MB", "1024MB", "0"),
        (256, 64, "8192MB", "4096MB", "2"),
    ],
)
def test_memory_follows_the_machine(
    gigabytes: float, shared: float, pages: str, making: str, workers: str
) -> None:
    """A plain container has 64 MB of shared memory: an index is made there by one process."""
    found = memory_options(int(gigabytes * 2**30), int(shared * 2**30))
    assert (found["shared_buffers"], found["maintenance_work_mem"]) == (pages, making)
    assert found["max_parallel_maintenance_workers"] == workers


def test_the_memory_is_this_machine_s_or_less() -> None:
    total, shared = memory()
    assert 0 < total <= psutil.virtual_memory().total
    assert shared >= 0

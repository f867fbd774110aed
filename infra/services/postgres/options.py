"""PostgreSQL's options: those that follow from how we use it, and those that follow the machine."""

from __future__ import annotations

import shutil
from pathlib import Path

import psutil

MB = 1 << 20
OPTIONS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",  # a socket's path may not be longer than 107 bytes
    "max_connections": "200",
    "random_page_cost": "1.1",  # a solid-state disk, or pages that are in memory anyway
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "jit": "off",  # our queries are short: compiling them costs more than it saves
    "log_min_messages": "warning",
    "log_line_prefix": "%m [%p] ",
    "timezone": "UTC",
}


def memory_options(total: int, shared: int) -> dict[str, str]:
    """Return the options that follow the machine: ``total`` and ``shared`` memory in bytes.

    A quarter for pages, as PostgreSQL's manual advises (19.4 Resource Consumption): search by
    meaning reads a few thousand pages in no order. An eighth for making an index: a vector index
    that does not fit there takes many times longer. Both are taken only as they are used. Several
    processes make an index through ``/dev/shm``, which is 64 MB in a plain container: one then.
    """
    pages = min(max(total // 4, 128 * MB), 8192 * MB)
    making = min(max(total // 8, 128 * MB), 4096 * MB)
    return {
        "shared_buffers": f"{pages // MB}MB",
        "effective_cache_size": f"{max(total // 2, pages) // MB}MB",
        "maintenance_work_mem": f"{making // MB}MB",
        "max_parallel_maintenance_workers": "2" if shared >= making + 256 * MB else "0",
    }


def memory() -> tuple[int, int]:
    """Return this machine's memory, or the container's share of it, and its shared memory."""
    total = psutil.virtual_memory().total
    limit = Path("/sys/fs/cgroup/memory.max")
    if limit.exists() and (text := limit.read_text().strip()).isdigit():
        total = min(total, int(text))
    shared = Path("/dev/shm")  # noqa: S108 - PostgreSQL's own choice; only its size is looked at
    return total, shutil.disk_usage(shared).free if shared.exists() else 0

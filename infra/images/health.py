"""Health check of the images: `python -m infra.images.health [ADDRESS]`, exit code 0 when well.

With an address: that it answers 200. Without: that each Prefect worker in this container still
polls its pool, by the worker's own check (`prefect worker start --with-healthcheck`); a container
that runs no worker is well as long as it runs.
"""

from __future__ import annotations

import os
import sys
from http.client import HTTPException
from pathlib import Path
from urllib.request import ProxyHandler, build_opener

TIMEOUT = 8.0
"""Seconds to wait for an answer; Docker gives the check ten."""


def main() -> None:
    """Check, say in one line what is wrong, and exit with 0 or 1."""
    address = sys.argv[1] if len(sys.argv) > 1 else worker_address()
    trouble = None if address is None else trouble_at(address)
    if trouble is not None:
        sys.exit(trouble)


def worker_address(processes: Path = Path("/proc")) -> str | None:
    """Return the address of the check of the worker that runs here, or None without a worker."""
    if not any(_is_worker(path) for path in processes.glob("[0-9]*/cmdline")):
        return None
    return f"http://127.0.0.1:{os.environ.get('PREFECT_WORKER_WEBSERVER_PORT', '8080')}/health"


def _is_worker(command_line: Path) -> bool:
    try:
        words = command_line.read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError, PermissionError):  # it ended, or is not ours
        return False
    return b"worker" in words and b"start" in words and any(w.endswith(b"prefect") for w in words)


def trouble_at(address: str) -> str | None:
    """Say what is wrong at ``address``, or None when it answers 200; asks no proxy."""
    try:
        with build_opener(ProxyHandler({})).open(address, timeout=TIMEOUT) as answer:
            answer.read()
    except (OSError, HTTPException) as error:
        return f"{address}: {error}"
    return None


if __name__ == "__main__":
    main()

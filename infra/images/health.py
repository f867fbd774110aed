"""Health check of the images: `python -m infra.images.health [ADDRESS | beat NAME]`, 0 when well.

It says whether this container lives, which decides whether it is restarted; it is never unwell
because a neighbour is down. With an address: that it answers 200. With `beat` and a name: that the
process of that name (`dispatcher`) in this container wrote a heartbeat lately. Without: that each
Prefect worker in this container still polls its pool, by the worker's own check (`prefect worker
start --with-healthcheck`); a container that runs no worker is well as long as it runs.
"""

from __future__ import annotations

import os
import sys
import time
from http.client import HTTPException
from pathlib import Path
from urllib.request import ProxyHandler, build_opener

SILENT_SECONDS = 60.0
"""A heartbeat older than this is none; the dispatcher writes one each ten seconds at least."""
TIMEOUT = 8.0
"""Seconds to wait for an answer; Docker gives the check ten."""


def main() -> None:
    """Check, say in one line what is wrong, and exit with 0 or 1."""
    if sys.argv[1:2] == ["beat"]:
        trouble = heartbeat_fault(sys.argv[2])
    else:
        address = sys.argv[1] if len(sys.argv) > 1 else worker_address()
        trouble = None if address is None else health_fault(address)
    if trouble is not None:
        sys.exit(trouble)


def heartbeat_fault(name: str) -> str | None:
    """Say for how long a process of this host was silent, or None when it wrote a heartbeat."""
    from infra.services.supervision.heartbeats import last_beat

    data_dir = Path(os.environ.get("DATA_DIR") or "~/.reelworks").expanduser()
    beat = last_beat(data_dir, name)
    if beat is None:
        return f"The {name} has not started working yet."
    silent = time.time() - beat / 1e9
    return (
        None if silent < SILENT_SECONDS else f"The {name} has sent no heartbeat for {silent:.0f} s."
    )


def worker_address(processes: Path = Path("/proc")) -> str | None:
    """Return the address of the check of the worker in this container, or None without a worker."""
    if not any(_is_worker(path) for path in processes.glob("[0-9]*/cmdline")):
        return None
    return f"http://127.0.0.1:{os.environ.get('PREFECT_WORKER_WEBSERVER_PORT', '8080')}/health"


def _is_worker(command_line: Path) -> bool:
    try:
        words = command_line.read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError, PermissionError):  # it ended, or is not ours
        return False
    return b"worker" in words and b"start" in words and any(w.endswith(b"prefect") for w in words)


def health_fault(address: str) -> str | None:
    """Say what is wrong at ``address``, or None when it answers 200; asks no proxy."""
    try:
        with build_opener(ProxyHandler({})).open(address, timeout=TIMEOUT) as answer:
            answer.read()
    except (OSError, HTTPException) as error:
        return f"{address}: {error}"
    return None


if __name__ == "__main__":
    main()

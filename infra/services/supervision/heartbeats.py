"""Heartbeats of our own processes on this machine: a small file that each one touches.

They tell a process that works from one that is only running: frozen, or stuck in a loop. They need
no service, so a heartbeat never stops because a neighbour is down.
"""

from __future__ import annotations

import platform
import re
import time
from collections.abc import Callable, Hashable
from pathlib import Path

from infra.services.files import make_folder

FROZEN_SECONDS = 60.0
"""Silence, in seconds that the observer was awake, after which a process is taken for frozen."""


def heartbeat_file(data_dir: Path, name: str) -> Path:
    """Return the file of the process ``name`` on this host; hosts may share ``DATA_DIR``."""
    host = re.sub(r"[^A-Za-z0-9.-]", "-", platform.node())
    return data_dir / "run" / "heartbeats" / f"{host}-{name}"


def beat(data_dir: Path, name: str) -> None:
    """Say that this process is at work. Raises ``PermissionDeniedError`` or ``NoSpaceError``."""
    file = heartbeat_file(data_dir, name)
    make_folder(file.parent.parent)
    make_folder(file.parent)
    file.touch()


def end(data_dir: Path, name: str) -> None:
    """Take the heartbeat away: the process ends on purpose."""
    heartbeat_file(data_dir, name).unlink(missing_ok=True)


def last_beat(data_dir: Path, name: str) -> int | None:
    """Return when the last heartbeat was (nanoseconds since 1970), None when there is none."""
    try:
        return heartbeat_file(data_dir, name).stat().st_mtime_ns
    except FileNotFoundError:
        return None


class Silence:
    """For how long signs of life have not changed, in seconds that this process was awake.

    The clock is monotonic, which stands still while a laptop sleeps: a process that
    slept with its observer was not silent.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last: dict[Hashable, tuple[object, float]] = {}

    def of(self, who: Hashable, sign: object) -> float:
        """Return for how many seconds ``sign`` has been the last sign of life of a process."""
        now = self._clock()
        known, since = self._last.get(who, (None, now))
        if who not in self._last or known != sign:
            known, since = sign, now
        self._last[who] = (known, since)
        return now - since

    def forget(self, who: Hashable) -> None:
        """Start over with a process: silence until now does not count."""
        self._last.pop(who, None)

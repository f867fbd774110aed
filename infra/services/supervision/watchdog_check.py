"""Check of the watchdog by the processes that it watches.

The watchdog starts again what dies under ``reelworks up``; should it die itself, the first of the
others that notices starts it again. So two of them would have to die in the same seconds.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

from infra.services.process import is_alive
from infra.services.supervision.heartbeats import FROZEN_SECONDS, Silence
from infra.services.supervision.probes import is_stopped
from infra.services.supervision.programs import PINNED_BY_UP
from infra.services.supervision.supervisor import kill_frozen_watchdog, pinned_watchdog
from reelworks.settings import Settings

log = logging.getLogger(__name__)

LOOK_SECONDS = 3.0
_REVIVE_SECONDS = 120.0


def start_watchdog_check(settings: Settings) -> None:
    """Check on the watchdog from a thread of this process, if ``up`` keeps this process running."""
    if PINNED_BY_UP in os.environ:
        threading.Thread(
            target=_watch, args=(settings,), name="watchdog check", daemon=True
        ).start()


def _watch(settings: Settings) -> None:
    pause, silence = threading.Event(), Silence()
    while not pause.wait(LOOK_SECONDS):
        try:
            _check_once(settings, silence)
        except Exception:  # this machine has run out of something: it may have it back soon
            log.exception("The watchdog could not be checked; trying again soon.")


def _check_once(settings: Settings, silence: Silence) -> None:
    watchdog = pinned_watchdog(settings)
    if watchdog is None:
        return
    if not is_alive(watchdog):
        log.warning("The watchdog has died; restarting it.")
        _revive()
    elif silence.of(watchdog, is_stopped(watchdog) or time.monotonic()) >= FROZEN_SECONDS:
        log.warning("The watchdog is frozen; killing and restarting it.")
        kill_frozen_watchdog(settings, watchdog)


def _revive() -> None:
    """Run the watchdog once, with the user's own environment, where services are not external."""
    hidden = {PINNED_BY_UP, *os.environ[PINNED_BY_UP].split(",")}
    with suppress(subprocess.TimeoutExpired):  # the lock is taken: the next check comes soon
        done = subprocess.run(
            [sys.executable, "-m", "infra.services.supervision.watchdog", "--once"],
            env={name: value for name, value in os.environ.items() if name not in hidden},
            cwd=Path("/"),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_REVIVE_SECONDS,
            check=False,
        )
        if done.returncode:
            log.error("The watchdog could not be started: %s", done.stderr.strip()[-500:])

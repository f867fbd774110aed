"""Who watches the keeper: the processes that it keeps.

The keeper starts again what dies under ``reelworks up``; should it die itself, the first of the
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
from infra.services.supervision.heartbeats import Silence
from infra.services.supervision.probes import is_stopped
from infra.services.supervision.programs import KEPT_BY_UP
from infra.services.supervision.supervisor import kept_keeper, kill_frozen_keeper
from reelworks.settings import Settings

log = logging.getLogger(__name__)

LOOK_SECONDS = 3.0
FROZEN_SECONDS = 60.0
"""Silence after which a keeper is taken for frozen, as it takes others."""
_REVIVE_SECONDS = 120.0


def watch_keeper(settings: Settings) -> None:
    """Watch the keeper from a thread of this process, if this process is one that ``up`` keeps."""
    if KEPT_BY_UP in os.environ:
        threading.Thread(target=_watch, args=(settings,), name="keeper watch", daemon=True).start()


def _watch(settings: Settings) -> None:
    pause, silence = threading.Event(), Silence()
    while not pause.wait(LOOK_SECONDS):
        try:
            _look(settings, silence)
        except Exception:  # this machine has run out of something: it may have it back soon
            log.exception("The keeper could not be looked after; the next look comes soon.")


def _look(settings: Settings, silence: Silence) -> None:
    keeper = kept_keeper(settings)
    if keeper is None:
        return
    if not is_alive(keeper):
        log.warning("The keeper has died; it is started again.")
        _revive()
    elif silence.of(keeper, is_stopped(keeper) or time.monotonic()) >= FROZEN_SECONDS:
        log.warning("The keeper is frozen; it is killed and started again.")
        kill_frozen_keeper(settings, keeper)


def _revive() -> None:
    """Mend once in a process with the user's own environment, where services are not external."""
    hidden = {KEPT_BY_UP, *os.environ[KEPT_BY_UP].split(",")}
    with suppress(subprocess.TimeoutExpired):  # somebody holds the lock: the next look comes soon
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
            log.error("The keeper could not be started: %s", done.stderr.strip()[-500:])

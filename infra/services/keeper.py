"""``python -m infra.services.keeper``: starts again what ``reelworks up`` keeps, when it dies."""

from __future__ import annotations

import logging
import signal
import threading

from infra.services.parts import House
from infra.services.store_watch import StoreWatch
from infra.services.supervisor import mend
from reelworks.errors import ReelworksError
from reelworks.settings import Settings, load_settings

log = logging.getLogger("keeper")

LOOK_SECONDS = 1.0
LONGEST_PAUSE = 60.0
"""Seconds before a part that dies again and again gets another start."""


def keep(settings: Settings, stop: threading.Event) -> None:
    """Look after the parts until ``stop`` is set."""
    pause = LOOK_SECONDS
    watch = StoreWatch(House(settings.data_dir).store)
    while not stop.wait(pause):
        try:
            mended = mend(settings, watch.stuck)
        except ReelworksError as error:
            log.error("%s", error)
            pause = min(2 * pause, LONGEST_PAUSE)
            continue
        if mended:
            log.warning("Started again: %s", ", ".join(mended))
        pause = min(2 * pause, LONGEST_PAUSE) if mended else LOOK_SECONDS


def main() -> None:
    """Keep the parts of this DATA_DIR until SIGTERM."""
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s - keeper - %(levelname)s - %(message)s"
    )
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    keep(load_settings(), stop)


if __name__ == "__main__":
    main()

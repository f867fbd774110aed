"""Watchdog: restarts what ``reelworks up`` keeps running.

``python -m infra.services.supervision.watchdog`` runs it until SIGTERM.
It also restarts what is frozen: a process that has given no sign of life for ``FROZEN_SECONDS`` is
killed and started again. With ``--once`` it looks once for what is dead and ends.
"""

from __future__ import annotations

import logging
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

from infra.services.s3.store_watch import StoreWatch
from infra.services.supervision.heartbeats import FROZEN_SECONDS, Silence
from infra.services.supervision.parts import ServicePaths
from infra.services.supervision.probes import SILENT, sign_of_life
from infra.services.supervision.state import Running, Service, read_state
from infra.services.supervision.supervisor import kill_frozen, restart_dead
from reelworks.errors import ReelworksError
from reelworks.settings import Settings, load_settings

log = logging.getLogger("watchdog")

LOOK_SECONDS = 1.0
PROBE_EVERY = 5
"""Looks from one probe for signs of life to the next."""
LONGEST_PAUSE = 60.0
"""Seconds before a part that dies again and again gets another start."""
_STANDS_ON = {
    Service.PREFECT: {Service.POSTGRES},
    Service.RUNNER: {Service.POSTGRES, Service.PREFECT},
    Service.DISPATCHER: {Service.POSTGRES, Service.PREFECT},
}
"""Parts that may be silent because another one is; that one is restarted first.

They get all of ``FROZEN_SECONDS`` from the look at which it answers again.
"""


def watch(settings: Settings, stop: threading.Event) -> None:
    """Look after the parts until ``stop`` is set."""
    pause, looks, silence = LOOK_SECONDS, 0, Silence()
    store = StoreWatch(ServicePaths(settings.data_dir).store)
    while not stop.wait(pause):
        looks += 1
        try:
            if looks % PROBE_EVERY == 0:
                end_frozen(settings, silence)
            restarted = restart_dead(settings, store.stuck)
        except ReelworksError as error:
            log.error("%s", error)
            pause = min(2 * pause, LONGEST_PAUSE)
            continue
        if restarted:
            log.warning("Restarted: %s", ", ".join(restarted))
        pause = min(2 * pause, LONGEST_PAUSE) if restarted else LOOK_SECONDS


def end_frozen(
    settings: Settings, silence: Silence, seconds: float = FROZEN_SECONDS
) -> list[Service]:
    """Kill the parts that were silent for ``seconds``, so that ``restart_dead`` starts them again.

    Returns which those were.
    """
    state = read_state(settings.data_dir / "run")
    pinned: dict[Service, Running] = {
        part: running
        for part, running in state.parts.items()
        if part is not Service.WATCHDOG and running.pinned and state.alive(part)
    }

    def probe(item: tuple[Service, Running]) -> object:
        return sign_of_life(settings.data_dir, *item)

    with ThreadPoolExecutor(max(1, len(pinned))) as probes:
        signs = dict(zip(pinned, probes.map(probe, pinned.items()), strict=True))
    well = {part for part, sign in signs.items() if sign != SILENT}
    frozen: list[Service] = []
    for part, running in pinned.items():
        who = (part, running.process)
        if not _STANDS_ON.get(part, set()) <= well:
            silence.forget(who)
        elif (silent := silence.of(who, signs[part])) >= seconds:
            log.warning("The %s gave no sign of life for %.0f s.", part.value, silent)
            kill_frozen(settings, part, running.process)
            frozen.append(part)
    return frozen


def main() -> None:
    """Keep the parts of this DATA_DIR until SIGTERM."""
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s - watchdog - %(levelname)s - %(message)s"
    )
    if sys.argv[1:] == ["--once"]:
        try:
            restart_dead(load_settings())
        except ReelworksError as error:
            sys.exit(str(error))
        return
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    watch(load_settings(), stop)


if __name__ == "__main__":
    main()

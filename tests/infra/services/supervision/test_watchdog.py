"""The watchdog starts again what is dead or frozen, and is started again itself."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterable

import psutil
import pytest

from infra.services.process import is_alive
from infra.services.supervision import heartbeats
from infra.services.supervision.heartbeats import Silence
from infra.services.supervision.programs import PROGRAMS, Program
from infra.services.supervision.state import Service, read_state
from infra.services.supervision.supervisor import down, restart_dead, up
from infra.services.supervision.watchdog import end_frozen
from reelworks.settings import Settings
from tests.support.frozen import frozen

pytestmark = pytest.mark.slow


SECONDS = 60.0
"""For anything: the machine may be busy."""
SLEEPER = (sys.executable, "-c", "import time; time.sleep(600)")
WATCHER = (
    sys.executable,
    "-c",
    "import time\n"
    "from infra.services.supervision.watchdog_check import start_watchdog_check\n"
    "from reelworks.settings import load_settings\n"
    "start_watchdog_check(load_settings()); time.sleep(600)",
)
HUNGRY = (
    sys.executable,
    "-c",
    "import logging, resource, signal, time\n"
    "from infra.services.supervision.watchdog_check import start_watchdog_check\n"
    "from reelworks.settings import load_settings\n"
    "logging.basicConfig()\n"
    "limit = resource.RLIMIT_NOFILE\n"
    "few, many = (3, resource.getrlimit(limit)[1]), resource.getrlimit(limit)\n"
    "signal.signal(signal.SIGUSR1, lambda *_: resource.setrlimit(limit, few))\n"
    "signal.signal(signal.SIGUSR2, lambda *_: resource.setrlimit(limit, many))\n"
    "start_watchdog_check(load_settings()); print('watches', flush=True)\n"
    "while True: time.sleep(1)",
)
IMPATIENT = (
    sys.executable,
    "-c",
    "import time\n"
    "from infra.services.supervision import watchdog_check\n"
    "from reelworks.settings import load_settings\n"
    "watchdog_check.FROZEN_SECONDS = 4.0\n"
    "watchdog_check.start_watchdog_check(load_settings()); time.sleep(600)",
)
BEAT_ONCE = (
    sys.executable,
    "-c",
    "import time\n"
    "from infra.services.supervision import heartbeats\n"
    "from reelworks.settings import load_settings\n"
    "heartbeats.beat(load_settings().data_dir, 'dispatcher'); time.sleep(600)",
)
WATCHDOG = next(one for one in PROGRAMS if one.part is Service.WATCHDOG)


def pids(settings: Settings, parts: Iterable[Service] | None = None) -> dict[Service, int]:
    """The living processes of the parts."""
    state = read_state(settings.data_dir / "run")
    found = {one: state.parts[one].process for one in state.parts if not parts or one in parts}
    return {part: process.pid for part, process in found.items() if is_alive(process)}


def until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + SECONDS
    while not true():
        assert time.monotonic() < deadline, "it never became true"
        time.sleep(0.1)


def kill(*killed: int) -> None:
    for pid in killed:
        os.kill(pid, signal.SIGKILL)


def are_back(settings: Settings, before: dict[Service, int]) -> bool:
    now = pids(settings, before)
    return set(now) == set(before) and not set(now.values()) & set(before.values())


@pytest.mark.slow
def test_a_killed_watchdog_is_started_again_and_restarts_what_died_with_it(house: Settings) -> None:
    up(house, [Program(Service.DISPATCHER, WATCHER), WATCHDOG])

    watchdog = pids(house, [Service.WATCHDOG])
    kill(*watchdog.values())
    until(lambda: are_back(house, watchdog))

    both = pids(house, [Service.WATCHDOG, Service.STORE])
    kill(*both.values())
    until(lambda: are_back(house, both))

    watchdog = pids(house, [Service.WATCHDOG])
    environment = psutil.Process(watchdog[Service.WATCHDOG]).environ()
    assert "DATABASE_URL" not in environment, "or it would take our services for external ones"
    down(house)
    time.sleep(5)  # a watcher must not take what was stopped for dead
    assert not pids(house)


@pytest.mark.slow
def test_a_watcher_that_may_open_no_file_for_a_while_watches_on(house: Settings) -> None:
    up(house, [Program(Service.DISPATCHER, HUNGRY), WATCHDOG])
    log = house.data_dir / "logs" / "dispatcher.log"
    watcher = pids(house, [Service.DISPATCHER])[Service.DISPATCHER]
    until(lambda: "watches" in log.read_text())
    os.kill(watcher, signal.SIGUSR1)

    watchdog = pids(house, [Service.WATCHDOG])
    kill(*watchdog.values())
    until(lambda: log.read_text().count("could not be checked") > 1)
    assert "Too many open files" in log.read_text()
    assert not pids(house, [Service.WATCHDOG])

    os.kill(watcher, signal.SIGUSR2)
    until(lambda: are_back(house, watchdog))


@pytest.mark.slow
def test_a_watchdog_that_is_frozen_in_the_middle_of_its_work_is_replaced(house: Settings) -> None:
    holding = f"""
import os, signal
from pathlib import Path
from infra.services.supervision.state import locked
with locked(Path({str(house.data_dir / "run")!r})):
    os.kill(os.getpid(), signal.SIGSTOP)
"""
    holder = Program(Service.WATCHDOG, (sys.executable, "-c", holding), starts_services=True)
    up(house, [Program(Service.DISPATCHER, IMPATIENT), holder])
    frozen_watchdog = pids(house, [Service.WATCHDOG])

    until(lambda: are_back(house, frozen_watchdog))


@pytest.mark.slow
def test_who_was_silent_because_of_a_neighbour_gets_time_when_that_is_back(house: Settings) -> None:
    up(house, [Program(Service.DISPATCHER, BEAT_ONCE)])
    before, silence = pids(house), Silence()
    until(lambda: heartbeats.last_beat(house.data_dir, "dispatcher"))
    assert end_frozen(house, silence, 3.0) == []
    with frozen(before[Service.PREFECT]):
        killed: list[Service] = []
        until(lambda: killed.extend(end_frozen(house, silence, 3.0)) or killed)
        assert killed == [Service.PREFECT]
        assert restart_dead(house) == [Service.PREFECT]
    assert end_frozen(house, silence, 3.0) == [], "its neighbour has answered only now"

    kill(pids(house)[Service.PREFECT])
    until(lambda: Service.PREFECT not in pids(house))
    assert restart_dead(house) == [Service.PREFECT]
    with frozen(pids(house)[Service.PREFECT]):
        assert end_frozen(house, silence, 3.0) == [], "a new neighbour is well once it answers"
    assert end_frozen(house, silence, 3.0) == []
    assert pids(house)[Service.DISPATCHER] == before[Service.DISPATCHER]

    time.sleep(3.1)
    assert end_frozen(house, silence, 3.0) == [Service.DISPATCHER], "now it has no excuse"


@pytest.mark.slow
def test_a_frozen_part_is_killed_once_it_was_silent_long_enough(house: Settings) -> None:
    bare = house.with_values(prefect_api_url="http://127.0.0.1:9/api")
    up(bare)
    before, silence = pids(bare), Silence()
    assert end_frozen(bare, silence, 1.0) == []
    store = before[Service.STORE]
    with frozen(store):
        assert end_frozen(bare, silence, 1.0) == [], "it may only be busy"
        time.sleep(1.1)
        assert end_frozen(bare, silence, 1.0) == [Service.STORE]
        assert restart_dead(bare) == [Service.STORE]
    now = pids(bare)
    assert now[Service.STORE] != store
    assert now[Service.POSTGRES] == before[Service.POSTGRES]

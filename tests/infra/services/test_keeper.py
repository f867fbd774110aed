"""The keeper starts again what is dead or frozen, and is started again itself."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterable

import psutil
import pytest

from infra.services import heartbeats
from infra.services.heartbeats import Silence
from infra.services.keeper import end_frozen
from infra.services.process import is_alive
from infra.services.programs import PROGRAMS, Program
from infra.services.state import Part, read_state
from infra.services.supervisor import down, mend, up
from reelworks.settings import Settings
from tests.frozen import frozen

SECONDS = 60.0
"""For anything: the machine may be busy."""
SLEEPER = (sys.executable, "-c", "import time; time.sleep(600)")
WATCHER = (
    sys.executable,
    "-c",
    "import time\n"
    "from infra.services.keeper_watch import watch_keeper\n"
    "from reelworks.settings import load_settings\n"
    "watch_keeper(load_settings()); time.sleep(600)",
)
KEEPER = next(one for one in PROGRAMS if one.part is Part.KEEPER)


def pids(settings: Settings, parts: Iterable[Part] | None = None) -> dict[Part, int]:
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


def are_back(settings: Settings, before: dict[Part, int]) -> bool:
    now = pids(settings, before)
    return set(now) == set(before) and not set(now.values()) & set(before.values())


@pytest.mark.slow
def test_a_killed_keeper_is_started_again_and_mends_what_died_with_it(house: Settings) -> None:
    up(house, [Program(Part.INTAKE, WATCHER), KEEPER])

    keeper = pids(house, [Part.KEEPER])
    kill(*keeper.values())
    until(lambda: are_back(house, keeper))

    both = pids(house, [Part.KEEPER, Part.STORE])
    kill(*both.values())
    until(lambda: are_back(house, both))

    keeper = pids(house, [Part.KEEPER])
    environment = psutil.Process(keeper[Part.KEEPER]).environ()
    assert "DATABASE_URL" not in environment, "or it would take our services for somebody else's"
    down(house)
    time.sleep(5)  # a watcher must not take what was stopped for dead
    assert not pids(house)


def test_a_frozen_part_is_killed_once_it_was_silent_long_enough(house: Settings) -> None:
    kept = house.model_copy(update={"prefect_api_url": "http://127.0.0.1:9/api"})
    up(kept)
    before, silence = pids(kept), Silence()
    assert end_frozen(kept, silence, 1.0) == []
    store = before[Part.STORE]
    with frozen(store):
        assert end_frozen(kept, silence, 1.0) == [], "it may only be busy"
        time.sleep(1.1)
        assert end_frozen(kept, silence, 1.0) == [Part.STORE]
        assert mend(kept) == [Part.STORE]
    now = pids(kept)
    assert now[Part.STORE] != store
    assert now[Part.POSTGRES] == before[Part.POSTGRES]


def test_who_sleeps_along_with_the_observer_is_not_silent() -> None:
    awake = 0.0
    silence = Silence(lambda: awake)
    assert silence.of("part", 1) == 0
    # The laptop sleeps for a night: the clock of those who are awake stands still.
    assert silence.of("part", 1) == 0
    awake = 61.0
    assert silence.of("part", 1) == 61
    assert silence.of("part", 2) == 0


def test_a_heartbeat_is_one_file_for_each_host(tmp_path) -> None:
    assert heartbeats.last_beat(tmp_path, "intake") is None
    heartbeats.beat(tmp_path, "intake")
    first = heartbeats.last_beat(tmp_path, "intake")
    time.sleep(0.01)
    heartbeats.beat(tmp_path, "intake")
    second = heartbeats.last_beat(tmp_path, "intake")
    assert first is not None
    assert second is not None
    assert second > first
    heartbeats.end(tmp_path, "intake")
    assert heartbeats.last_beat(tmp_path, "intake") is None

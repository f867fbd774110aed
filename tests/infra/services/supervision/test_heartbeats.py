"""Heartbeats, and for how long a process was silent."""

from __future__ import annotations

import time

from infra.services.supervision import heartbeats
from infra.services.supervision.heartbeats import Silence


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
    assert heartbeats.last_beat(tmp_path, "dispatcher") is None
    heartbeats.beat(tmp_path, "dispatcher")
    first = heartbeats.last_beat(tmp_path, "dispatcher")
    time.sleep(0.01)
    heartbeats.beat(tmp_path, "dispatcher")
    second = heartbeats.last_beat(tmp_path, "dispatcher")
    assert first is not None
    assert second is not None
    assert second > first
    heartbeats.end(tmp_path, "dispatcher")
    assert heartbeats.last_beat(tmp_path, "dispatcher") is None


def test_silence_until_it_is_forgotten_does_not_count() -> None:
    now = 0.0
    silence = Silence(lambda: now)
    silence.of("part", 1)
    now = 50.0
    silence.forget("part")
    assert silence.of("part", 1) == 0

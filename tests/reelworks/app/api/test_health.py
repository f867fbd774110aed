"""The health of services from their checks, without the services."""

from __future__ import annotations

import threading
import time

import pytest

from reelworks.app.api import health
from reelworks.app.api.health import HealthMonitor


@pytest.fixture(autouse=True)
def short(monkeypatch):
    """A deadline that a test can wait for."""
    monkeypatch.setattr(health, "DEADLINE", 0.3)


@pytest.fixture
def silent():
    """A check that does not return before the test ends."""
    ended = threading.Event()
    yield lambda _: "late" if ended.wait(30) else None
    ended.set()


async def test_without_a_reason_all_is_well():
    monitor = HealthMonitor(None, {"postgres": lambda _: None, "store": lambda _: None})

    assert await monitor.problems() == {}


async def test_reasons_errors_and_silence_are_named(silent):
    def broken(_):
        raise OSError("no route")

    monitor = HealthMonitor(None, {"store": lambda _: "full", "prefect": broken, "runs": silent})
    began = time.monotonic()

    assert await monitor.problems() == {
        "store": "full",
        "prefect": "Its check failed: OSError: no route",
        "runs": "No answer for 0.3 s.",
    }
    assert time.monotonic() - began < 5


async def test_a_silent_check_has_one_thread_however_often_it_is_needed(silent, monkeypatch):
    monkeypatch.setattr(health, "FRESH_SECONDS", 0.0)
    calls = []

    def counted(api):
        calls.append(api)
        return silent(api)

    monitor = HealthMonitor(None, {"store": counted})
    for _ in range(3):
        assert list(await monitor.problems()) == ["store"]

    assert len(calls) == 1


async def test_one_result_serves_requests_for_a_moment():
    calls = []
    monitor = HealthMonitor(None, {"store": calls.append})

    for _ in range(3):
        await monitor.problems()

    assert len(calls) == 1


async def test_while_the_database_is_down_what_reads_it_is_not_named(silent):
    checks = {"postgres": silent, "dispatcher": silent, "runs": lambda _: "stuck"}

    assert await HealthMonitor(None, checks).problems() == {"postgres": "No answer for 0.3 s."}
    checks |= {"postgres": lambda _: None}
    assert list(await HealthMonitor(None, checks).problems()) == ["dispatcher", "runs"]

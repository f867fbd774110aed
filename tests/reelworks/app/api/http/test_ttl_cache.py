"""Values with a time to live."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import pytest

from reelworks.app.api.http.ttl_cache import TtlCache


@pytest.fixture
def clock(monkeypatch):
    """Seconds that the tests set."""
    now = [1000.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    return now


def test_a_value_is_computed_once_until_it_expires(clock):
    numbers = count(1)
    cache = TtlCache(5, lambda: next(numbers))

    assert [cache.get(), cache.get()] == [1, 1]
    clock[0] += 5
    assert cache.get() == 1
    clock[0] += 0.1
    assert [cache.get(), cache.get()] == [2, 2]


def test_an_error_is_not_cached(clock):
    outcomes = [OSError("away"), "back"]

    def compute() -> str:
        outcome = outcomes.pop(0)
        if isinstance(outcome, OSError):
            raise outcome
        return outcome

    cache = TtlCache(5, compute)

    with pytest.raises(OSError, match="away"):
        cache.get()
    assert cache.get() == "back"


def test_threads_wait_for_one_computation():
    numbers, started, go_on = count(1), threading.Event(), threading.Event()

    def compute() -> int:
        started.set()
        assert go_on.wait(10)
        return next(numbers)

    cache = TtlCache(60, compute)
    with ThreadPoolExecutor(8) as threads:
        waiting = [threads.submit(cache.get) for _ in range(8)]
        assert started.wait(10)
        go_on.set()
        assert {one.result(10) for one in waiting} == {1}

"""Token buckets of callers."""

from __future__ import annotations

import pytest

from reelworks.app.api.http import rate_limit
from reelworks.app.api.http.rate_limit import RateLimit
from reelworks.errors import TooManyRequestsError


@pytest.fixture
def clock(monkeypatch):
    """Seconds that the tests set."""
    now = [1000.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    return now


def take(limit: RateLimit, caller: str, count: int) -> None:
    for _ in range(count):
        limit.take(caller)


def test_a_burst_is_the_requests_of_ten_seconds(clock):
    limit = RateLimit(60)

    take(limit, "a", 10)

    with pytest.raises(TooManyRequestsError) as refused:
        limit.take("a")
    assert refused.value.retry_after == pytest.approx(1.0)


def test_a_bucket_fills_evenly_and_no_further_than_the_burst(clock):
    limit = RateLimit(60)
    take(limit, "a", 10)

    clock[0] += 2
    take(limit, "a", 2)
    with pytest.raises(TooManyRequestsError):
        limit.take("a")

    clock[0] += 3600
    take(limit, "a", 10)
    with pytest.raises(TooManyRequestsError):
        limit.take("a")


def test_a_refused_request_does_not_lengthen_the_wait(clock):
    limit = RateLimit(60)
    take(limit, "a", 10)
    for _ in range(100):
        with pytest.raises(TooManyRequestsError):
            limit.take("a")

    clock[0] += 1
    limit.take("a")


def test_callers_have_buckets_of_their_own(clock):
    limit = RateLimit(6)

    limit.take("a")
    limit.take("b")

    with pytest.raises(TooManyRequestsError):
        limit.take("a")


def test_the_least_recent_caller_is_forgotten_first(clock, monkeypatch):
    monkeypatch.setattr(rate_limit, "_REMEMBERED", 2)
    limit = RateLimit(6)
    for caller in ("a", "b", "c"):
        limit.take(caller)

    limit.take("a")  # forgotten, so its bucket is full

    with pytest.raises(TooManyRequestsError):
        limit.take("c")

"""All processes together respect the calls a minute."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

import pytest
from sqlalchemy import Engine

from reelworks.errors import CancelledError
from reelworks.settings import Settings
from reelworks.store.jobs.rate_limits import SharedRateLimiter, reserve
from tests.reelworks.conftest import database_of

CALLER = """
import sys, time
from sqlalchemy import create_engine
from reelworks.store.db.error_mapping import sqlalchemy_url
from reelworks.store.jobs.rate_limits import SharedRateLimiter
engine = create_engine(sqlalchemy_url(sys.argv[1]))
limiter = SharedRateLimiter(engine, lambda provider: 600)
for _ in range(int(sys.argv[2])):
    limiter.wait("openai")
    print(time.time(), flush=True)
"""


@pytest.mark.slow
def test_several_processes_share_one_pace(own_settings: Settings, engine: Engine) -> None:
    url, gap = database_of(own_settings), 60 / 600
    callers = [
        subprocess.Popen(
            [sys.executable, "-c", CALLER, url, "8"], stdout=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    times = sorted(
        float(line) for caller in callers for line in caller.communicate()[0].splitlines()
    )

    assert len(times) == 24
    for start in range(24 - 10):  # in any second no more than ten and the one at its edge
        assert times[start + 10] - times[start] >= 10 * gap - 0.15, times


def test_turns_are_one_gap_apart_and_none_is_saved_up(engine: Engine) -> None:
    first, second, third = (reserve(engine, "turns", 120) for _ in range(3))

    assert first == 0.0
    assert second == pytest.approx(0.5, abs=0.1)
    assert third == pytest.approx(1.0, abs=0.1)


def test_providers_and_backfills_have_paces_of_their_own(engine: Engine) -> None:
    for pace in (
        SharedRateLimiter(engine, lambda _: 6),
        SharedRateLimiter(engine, lambda _: 6, of="bf-1 "),
    ):
        for provider in ("own-a", "own-b"):
            started = time.monotonic()
            pace.wait(provider)
            assert time.monotonic() - started < 2.0


def test_without_a_rate_nobody_waits(engine: Engine) -> None:
    pace = SharedRateLimiter(engine, lambda provider: None)
    started = time.monotonic()
    for _ in range(1000):
        pace.wait("free")
    assert time.monotonic() - started < 1.0


def test_what_still_waits_when_its_run_ends_makes_no_call(engine: Engine) -> None:
    pace = SharedRateLimiter(engine, lambda _: 1)
    pace.wait("slow")
    threading.Timer(0.3, pace.close).start()
    with pytest.raises(CancelledError):
        pace.wait("slow")

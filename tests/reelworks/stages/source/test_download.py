"""A source's server that sends next to nothing ends its run, and not the queue."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import pytest

from reelworks.domain import least_speed
from reelworks.domain.jobs.progress import silent
from reelworks.errors import SourceUnavailableError
from reelworks.settings import Settings
from reelworks.stages.source.ingest import localize
from reelworks.stages.source.limits import SourceLimits, source_limits
from reelworks.store.objects.artifacts import ArtifactStore
from tests.support.dripping import Dripping

SLOW = SourceLimits(private_addresses=True, least_speed=1000)
"""50 times what a dripping server sends."""
NO_STORE = cast(ArtifactStore, None)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"


@pytest.fixture(autouse=True)
def a_second_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(least_speed, "WINDOW", 1.0)


@contextmanager
def given_up() -> Iterator[pytest.ExceptionInfo[SourceUnavailableError]]:
    began = time.monotonic()
    with pytest.raises(SourceUnavailableError, match=r"127\.0\.0\.1 sends too slowly") as caught:
        yield caught
    assert 0.9 < time.monotonic() - began < 6
    assert caught.value.retryable
    assert re.search(r" 0\.\d kB/s over 1 s, where 1 are the least", str(caught.value))


@pytest.mark.parametrize(
    ("at_once", "drop"),
    [
        (HEAD, b"x"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        (b"HTTP/1.1 200 OK\r\nX-Long: ", b"x"),
    ],
    ids=["body", "chunks", "head"],
)
def test_a_source_that_drips_is_let_go(at_once: bytes, drop: bytes, tmp_path: Path) -> None:
    with Dripping(at_once, drop) as server, given_up():
        localize(f"{server.address}/talk.mp4", None, tmp_path, NO_STORE, silent, SLOW)


def test_redirects_buy_no_time(tmp_path: Path) -> None:
    moved = b"HTTP/1.1 302 Found\r\nContent-Length: 12\r\nLocation: /again.mp4\r\n\r\n"

    with Dripping(moved) as server, given_up():
        localize(f"{server.address}/talk.mp4", None, tmp_path, NO_STORE, silent, SLOW)
    assert server.requests <= 3


def test_a_proxy_is_no_way_round(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Dripping(HEAD) as proxy:
        monkeypatch.setenv("http_proxy", proxy.address)
        monkeypatch.setenv("no_proxy", "")
        with given_up():
            localize("http://far.example/talk.mp4", None, tmp_path, NO_STORE, silent, SLOW)


def test_a_source_that_is_slow_only_because_we_are_is_not_given_up(tmp_path: Path) -> None:
    """What counts is the time that we wait: a slow disk is no fault of the source."""
    body = HEAD.replace(b"1000000", b"300000") + b"x" * 300_000

    def pause(done: float, total: float) -> None:
        time.sleep(0.4)

    with Dripping(body) as server:
        source = localize(f"{server.address}/a.mp4", None, tmp_path, NO_STORE, pause, SLOW)

    assert source.path.stat().st_size == 300_000


def test_a_source_that_sends_enough_may_take_as_long_as_it_needs(tmp_path: Path) -> None:
    """It is never quick enough to have something there at the moment that it is judged."""
    body = HEAD.replace(b"1000000", b"6000")

    with Dripping(body, b"x" * 100) as server:  # 2000 bytes a second
        began = time.monotonic()
        source = localize(f"{server.address}/a.mp4", None, tmp_path, NO_STORE, silent, SLOW)

    assert time.monotonic() - began > 2.5 * least_speed.WINDOW
    assert source.path.read_bytes() == b"x" * 6000


def test_whoever_wants_takes_any_speed(tmp_path: Path) -> None:
    small = HEAD.replace(b"1000000", b"40")

    with Dripping(small) as server:
        patient = SourceLimits(private_addresses=True, least_speed=0)
        source = localize(f"{server.address}/a.mp4", None, tmp_path, NO_STORE, silent, patient)

    assert source.path.read_bytes() == b"x" * 40


def test_the_least_speed_is_a_setting() -> None:
    assert source_limits(Settings(_env_file=None)).least_speed == 20_000
    quick = Settings(_env_file=None, fetch_least_kb_per_second=500)
    assert source_limits(quick).least_speed == 500_000

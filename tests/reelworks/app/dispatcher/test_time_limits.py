"""The last pass: it may finish, but not for long."""

from __future__ import annotations

import asyncio

import pytest

from reelworks.app.dispatcher import time_limits
from reelworks.app.dispatcher.time_limits import finish_or_cancel
from reelworks.errors import ServiceError


async def after(seconds: float, result: int = 3) -> int:
    await asyncio.sleep(seconds)
    return result


async def test_work_that_ends_returns_its_result_and_raises_its_error():
    async def fail() -> int:
        raise ServiceError("down")

    assert await finish_or_cancel(after(0), asyncio.Event()) == 3
    with pytest.raises(ServiceError, match="down"):
        await finish_or_cancel(fail(), asyncio.Event())


async def test_work_in_progress_may_finish_when_a_stop_is_requested():
    stop = asyncio.Event()
    stop.set()
    assert await finish_or_cancel(after(0.05), stop) == 3


async def test_work_that_takes_too_long_after_a_stop_is_cancelled(monkeypatch):
    monkeypatch.setattr(time_limits, "SHUTDOWN_SECONDS", 0.05)
    stop = asyncio.Event()
    stop.set()
    async with asyncio.timeout(10):
        assert await finish_or_cancel(after(3600), stop) == 0

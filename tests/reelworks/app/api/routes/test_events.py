"""Events as they go over the wire, and waiting for a change.

The whole stream is tested over a real connection in ``http/test_job_events.py``.
"""

from __future__ import annotations

import asyncio

from reelworks.app.api.routes.events import _event, _is_set_within


def test_an_event_is_three_fields_and_an_empty_line():
    sent = _event("job", '{"status":"done"}', "3")

    assert sent == 'id: 3\nevent: job\ndata: {"status":"done"}\n\n'


async def test_a_change_ends_the_wait_at_once():
    changed = asyncio.Event()
    asyncio.get_running_loop().call_later(0.01, changed.set)

    async with asyncio.timeout(5):
        assert await _is_set_within(changed, 60)


async def test_silence_ends_the_wait_in_time():
    assert not await _is_set_within(asyncio.Event(), 0.01)

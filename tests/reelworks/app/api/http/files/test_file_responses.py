"""Files on their way to callers who may leave at any time."""

from __future__ import annotations

from collections.abc import Iterator

import anyio

from reelworks.app.api.http.files.file_responses import FileStream


async def test_the_source_is_closed_when_a_caller_leaves_in_the_middle():
    closed, sent = [], []

    def pieces() -> Iterator[bytes]:
        try:
            while True:
                yield b"piece"
        finally:
            closed.append(True)

    gone = anyio.Event()

    async def receive():
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)
        if len(sent) == 5:
            gone.set()
        await anyio.sleep(0.001)

    answer = FileStream(pieces(), 200, {}, "video/mp4")
    await answer({"type": "http", "asgi": {"spec_version": "2.3"}}, receive, send)

    assert closed == [True]
    assert len(sent) < 100

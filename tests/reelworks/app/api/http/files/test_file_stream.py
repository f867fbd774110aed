"""A stream of a file closes its source, whatever happens to the client or the store."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest
from starlette.requests import ClientDisconnect

from reelworks.app.api.http.files.file_stream import FileStream
from reelworks.errors import ArtifactMissingError


class Source:
    def __init__(self, *pieces: bytes | Exception) -> None:
        self.pieces = pieces
        self.closed = False

    def read(self) -> Generator[bytes, None, None]:
        try:
            for piece in self.pieces:
                if isinstance(piece, Exception):
                    raise piece
                yield piece
        finally:
            self.closed = True


async def send(stream: FileStream, fail_after: int = 99) -> list[dict[str, Any]]:
    sent: list[dict[str, Any]] = []

    async def take(message: Any) -> None:
        if len(sent) >= fail_after:
            raise OSError("The client is gone.")
        sent.append(message)

    async def never() -> Any:
        raise AssertionError("nothing is received with this version of ASGI")

    scope = {"type": "http", "asgi": {"spec_version": "2.4"}}
    await stream(scope, never, take)
    return sent


def body(messages: list[dict[str, Any]]) -> bytes:
    return b"".join(one.get("body", b"") for one in messages)


async def test_what_was_read_already_comes_first() -> None:
    source = Source(b"one", b"two", b"three")
    pieces = source.read()
    first = next(pieces)
    sent = await send(FileStream(pieces, 206, {"X": "y"}, "video/mp4", first=first))
    assert (sent[0]["status"], body(sent)) == (206, b"onetwothree")
    assert source.closed


async def test_a_client_that_leaves_closes_the_source() -> None:
    source = Source(b"one", b"two")
    with pytest.raises(ClientDisconnect):
        await send(FileStream(source.read(), 200, {}, "video/mp4"), fail_after=2)
    assert source.closed


async def test_a_store_that_gives_no_more_breaks_the_download_and_is_noted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    broken = []
    source = Source(b"one", ArtifactMissingError("It is gone."))
    stream = FileStream(
        source.read(), 200, {}, "video/mp4", key="a.mp4", on_broken=lambda: broken.append("a.mp4")
    )
    sent = await send(stream)
    assert body(sent) == b"one"
    assert sent[-1].get("more_body", False), "the end is not sent"
    assert broken == ["a.mp4"]
    assert "The download of a.mp4 broke off" in caplog.text
    assert source.closed

"""The private parts of uvicorn that the protocol needs, and what it does with them."""

from __future__ import annotations

import asyncio
import inspect
import json
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import FrameType

import pytest
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle
from uvicorn.server import ServerState

from reelworks.app.api.http import uvicorn_protocol
from reelworks.app.api.http.uvicorn_protocol import HeaderTimeoutProtocol

REQUEST = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n"


async def app(scope, receive, send):
    """Echo a body of two bytes."""
    body = b""
    while len(body) < 2:
        body += (await receive())["body"]
    headers = [(b"content-length", b"2")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


@asynccontextmanager
async def connection(
    asgi=app,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    config, state = uvicorn.Config(asgi, log_config=None), ServerState()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: HeaderTimeoutProtocol(config, state, {}), "127.0.0.1", 0
    )
    async with server:
        port = server.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            yield reader, writer
        finally:
            writer.close()


async def answer(reader: asyncio.StreamReader) -> bytes:
    async with asyncio.timeout(5):
        head = await reader.readuntil(b"\r\n\r\n")
        return head + await reader.readexactly(2)


@pytest.fixture
def short(monkeypatch):
    """A timeout that a test can wait for."""
    monkeypatch.setattr(uvicorn_protocol, "HEADER_SECONDS", 0.3)


def test_uvicorn_still_has_what_the_protocol_overrides_and_reads():
    assert issubclass(H11Protocol, asyncio.Protocol)
    assert list(inspect.signature(H11Protocol.send_400_response).parameters) == ["self", "msg"]
    source = inspect.getsource(H11Protocol)
    assert "self.send_400_response(msg)" in source, "it is no longer called for invalid requests"
    assert "self.cycle = RequestResponseCycle(" in source, "a request has no cycle any more"
    assert "self.response_complete = True" in inspect.getsource(RequestResponseCycle)


def test_uvicorn_s_server_still_calls_handle_exit_with_a_signal_and_its_frame():
    class Server(uvicorn.Server):
        seen: tuple[int, FrameType | None] | None = None

        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            self.seen = (sig, frame)

    server = Server(uvicorn.Config(app))
    before = signal.getsignal(signal.SIGTERM)
    try:
        signal.signal(signal.SIGTERM, lambda *_: None)  # uvicorn sends the signal again at the end
        with server.capture_signals():
            signal.raise_signal(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)

    assert server.seen is not None
    assert server.seen[0] == signal.SIGTERM
    assert server.should_exit is False, "the override alone decides when to exit"


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nHost: local"])
async def test_headers_that_do_not_arrive_close_the_connection(short, sent):
    async with connection() as (reader, writer):
        writer.write(sent)

        async with asyncio.timeout(5):
            assert await reader.read() == b""


async def test_a_body_may_take_longer_than_the_headers(short):
    async with connection() as (reader, writer):
        writer.write(REQUEST)
        await asyncio.sleep(0.6)
        writer.write(b"ab")

        assert (await answer(reader)).endswith(b"ab")


async def test_a_second_request_has_a_timeout_of_its_own(short):
    async with connection() as (reader, writer):
        writer.write(REQUEST + b"ab")
        assert (await answer(reader)).endswith(b"ab")

        await asyncio.sleep(0.6)  # idle connections are uvicorn's own matter
        writer.write(REQUEST + b"cd")
        assert (await answer(reader)).endswith(b"cd")

        writer.write(b"GET / HT")
        async with asyncio.timeout(5):
            assert await reader.read() == b""


@pytest.mark.parametrize("sent", [b"nonsense\r\n\r\n", b"GET / HTTP/1.1\r\nX: \x00\r\n\r\n"])
async def test_invalid_http_is_answered_by_a_problem(sent):
    async with connection() as (reader, writer):
        writer.write(sent)

        async with asyncio.timeout(5):
            head, _, body = (await reader.read()).partition(b"\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert b"content-type: application/problem+json" in head
    assert f"content-length: {len(body)}".encode() in head
    assert json.loads(body)["code"] == "bad_request"


async def test_a_bad_chunk_in_the_middle_of_a_response_closes_without_another_one():
    """A second response written into the first would be read as part of its body."""
    begun = (
        b"POST /early HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n"
    )
    async with connection(early) as (reader, writer):
        writer.write(begun)
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
        writer.write(b"no chunk\r\n")
        rest = await asyncio.wait_for(reader.read(), 5)

    assert head.startswith(b"HTTP/1.1 200")
    assert b"400" not in rest


async def early(scope, receive, send):
    """Begin a response of two bytes before the request is whole, and never end it."""
    headers = [(b"content-length", b"2")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"1", "more_body": True})
    while (await receive())["type"] != "http.disconnect":
        pass

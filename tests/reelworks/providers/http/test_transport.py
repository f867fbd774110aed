"""Our transport behaves as httpx's own: bodies, headers and the classes of errors."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpcore
import httpx
import pytest

from reelworks.providers.http.transport import _HTTPCORE_ERRORS, BackendTransport, _httpx_type


@contextmanager
def answering(reply: Callable[[socket.socket], None]) -> Iterator[str]:
    """The address of a server that reads one request and lets ``reply`` answer it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                reply(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        thread.join()


def session(timeout: float = 5.0) -> httpx.Client:
    return httpx.Client(transport=BackendTransport(httpcore.SyncBackend()), timeout=timeout)


def test_status_headers_and_body_arrive() -> None:
    def reply(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 404 Gone Fishing\r\nX-A: b\r\nContent-Length: 3\r\n\r\nabc")

    with answering(reply) as address, session() as client:
        answer = client.get(f"{address}/a?b=c", headers={"X-C": "d"})
    assert (answer.status_code, answer.reason_phrase) == (404, "Gone Fishing")
    assert (answer.headers["x-a"], answer.content) == ("b", b"abc")


def test_a_request_is_sent_as_it_was_given() -> None:
    seen: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                while b"body" not in b"".join(seen):
                    seen.append(connection.recv(65536))
                connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

        thread = threading.Thread(target=serve)
        thread.start()
        with session() as client:
            port = listener.getsockname()[1]
            client.post(f"http://127.0.0.1:{port}/ü?q=1", content=b"body", headers={"X-A": "b"})
        thread.join()
    request = b"".join(seen)
    assert request.startswith(b"POST /%C3%BC?q=1 HTTP/1.1\r\n")
    assert b"X-A: b\r\n" in request and f"Host: 127.0.0.1:{port}".encode() in request


def test_a_body_is_read_as_it_comes() -> None:
    more = threading.Event()

    def reply(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nfour")
        more.wait(10)
        connection.sendall(b"more")

    with answering(reply) as address, session() as client, client.stream("GET", address) as answer:
        pieces = answer.iter_raw()
        assert next(pieces) == b"four"
        more.set()
        assert b"".join(pieces) == b"more"


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with session() as client, pytest.raises(httpx.ConnectError):
        client.get(f"http://127.0.0.1:{port}/")


@pytest.mark.parametrize(
    ("sent", "error"),
    [
        (b"", httpx.RemoteProtocolError),
        (b"not http\r\n\r\n", httpx.RemoteProtocolError),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort", httpx.RemoteProtocolError),
    ],
)
def test_a_broken_answer_is_httpxs_error(sent: bytes, error: type[Exception]) -> None:
    with (
        answering(lambda connection: connection.sendall(sent)) as address,
        session() as client,
        pytest.raises(error),
    ):
        client.get(address)


def test_silence_is_httpxs_timeout() -> None:
    over = threading.Event()
    with answering(lambda _: over.wait(10)) as address, session(timeout=0.2) as client:
        with pytest.raises(httpx.ReadTimeout):
            client.get(address)
        over.set()


def test_an_unknown_scheme_is_httpxs_error() -> None:
    with session() as client, pytest.raises(httpx.UnsupportedProtocol):
        client.get("ftp://127.0.0.1/")


def test_every_error_of_httpcore_has_one_in_httpx() -> None:
    kinds = [k for k in vars(httpcore).values() if isinstance(k, type)]
    found = [kind for kind in kinds if issubclass(kind, _HTTPCORE_ERRORS)]
    assert len(found) >= 14
    assert {_httpx_type(kind).__name__ for kind in found} == {kind.__name__ for kind in found}
    others = {kind for kind in kinds if issubclass(kind, Exception)} - set(found)
    assert others == {httpcore.ConnectionNotAvailable}  # which never leaves the pool

"""Read deadlines hold on every path of the HTTP clients that we use: a contract with their insides.

``add_read_deadlines`` stands on private parts of httpx and of the client inside the OpenAI SDK.
These tests fail where a new version of either has other ones.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from types import SimpleNamespace

import httpx
import pytest
from pydantic import SecretStr

from reelworks.errors import ProviderUnavailableError, SettingsError
from reelworks.providers.http.deadlines import ResponseDeadline, add_read_deadlines
from reelworks.providers.openai.client import HostedApi


@pytest.fixture
def dripping() -> Iterator[int]:
    """The port of a server that sends its header byte by byte, ten a second, and never ends it."""
    over = threading.Event()

    def drip(connection: socket.socket) -> None:
        with connection:
            try:
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
                while not over.wait(0.1):
                    connection.sendall(b"x")
            except OSError:
                return  # the client has given up

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=drip, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        over.set()
        listener.shutdown(socket.SHUT_RDWR)
    thread.join()


def test_a_direct_connection_has_a_deadline(dripping: int) -> None:
    with httpx.Client(timeout=30, trust_env=False) as session:
        add_read_deadlines(session, lambda _: ResponseDeadline(0.5))
        began = time.monotonic()
        with pytest.raises(httpx.ReadTimeout):
            session.get(f"http://127.0.0.1:{dripping}/")
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_connection_through_a_proxy_has_one(
    dripping: int, scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(f"{scheme.upper()}_PROXY", f"http://127.0.0.1:{dripping}")
    with httpx.Client(timeout=30) as session:
        add_read_deadlines(session, lambda _: ResponseDeadline(0.5))
        began = time.monotonic()
        with pytest.raises(httpx.ReadTimeout):
            session.get(f"{scheme}://media.example.org/")
    assert time.monotonic() - began < 10


def test_the_sdks_client_has_one(dripping: int) -> None:
    key, url = SecretStr("sk-test"), f"http://127.0.0.1:{dripping}/v1"
    with HostedApi(key, base_url=url, timeout=0.5, attempts=1) as api:
        began = time.monotonic()
        with pytest.raises(ProviderUnavailableError, match="did not answer in time"):
            api.announced_shutdown("any", "VISION_MODEL")
    assert time.monotonic() - began < 10


def test_a_client_with_other_insides_is_refused() -> None:
    with pytest.raises(SettingsError, match="does not fit this version of Reelworks"):
        add_read_deadlines(SimpleNamespace(), lambda _: ResponseDeadline(1.0))


def test_a_deadline_counts_waits_and_starts_over_with_a_request() -> None:
    deadline = ResponseDeadline(10.0)
    assert deadline.received(4.0, 1)
    assert deadline.remaining() == 6.0
    assert not deadline.received(6.0, 1)
    assert 0 < deadline.remaining() < 0.01
    deadline.sent()
    assert deadline.remaining() == 10.0

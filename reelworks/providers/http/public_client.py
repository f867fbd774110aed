"""HTTP client for user-supplied URLs: it connects to public addresses only.

The client looks the name up itself, checks every address that it has, and connects to a checked
one: a name that resolves differently the next time (DNS rebinding) changes nothing. A
redirect is a connection of its own and is checked as well (docs/decisions/0016).
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import time
from collections.abc import Iterable
from typing import Any

import httpcore
import httpx

from reelworks.domain.least_speed import LeastSpeed
from reelworks.providers.http.addresses import is_public, private_address_error
from reelworks.providers.http.deadlines import DeadlineBackend, add_read_deadlines
from reelworks.providers.http.transport import BackendTransport

MAX_REDIRECTS = 5


def client(*, private: bool, timeout: httpx.Timeout, least_speed: float = 0.0) -> httpx.Client:
    """Return a client for GET; ``private`` lets it connect to any machine, and through proxies.

    Otherwise proxies are ignored: one would look names up itself, unchecked.
    ``least_speed`` is what servers must send, redirects and headers included, in bytes a second on
    average over a minute; 0: any. Requests raise ``UnsafeAddressError`` and
    ``SourceUnavailableError`` (too slow) besides what httpx raises.
    """
    deadline = LeastSpeed(least_speed).of if least_speed > 0 else None
    if private:
        session = httpx.Client(timeout=timeout, follow_redirects=True, max_redirects=MAX_REDIRECTS)
        if deadline is not None:
            add_read_deadlines(session, deadline)
        return session
    checked = _CheckedBackend()
    return httpx.Client(
        timeout=timeout,
        follow_redirects=True,
        max_redirects=MAX_REDIRECTS,
        trust_env=False,
        transport=BackendTransport(DeadlineBackend(checked, deadline) if deadline else checked),
    )


def brief_client(*, private: bool, seconds: float) -> httpx.Client:
    """Return a client whose every connection ends after ``seconds``; it follows no redirect.

    For machines that may be slow on purpose. Requests raise as those of ``client``.
    """
    backend = _CheckedBackend(private=private, seconds=seconds)
    return httpx.Client(timeout=seconds, trust_env=False, transport=BackendTransport(backend))


class _CheckedBackend(httpcore.NetworkBackend):
    """Connects to public addresses only, unless ``private``."""

    def __init__(self, *, private: bool = False, seconds: float | None = None) -> None:
        self._private = private
        self._seconds = seconds
        self._inner = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Look the name up, check all its addresses, and connect to one of them."""
        addresses = [host] if self._private else _checked_addresses(host, port)
        until = None if self._seconds is None else time.monotonic() + self._seconds
        failed: httpcore.ConnectError | httpcore.ConnectTimeout | None = None
        for address in addresses:
            try:
                stream = self._inner.connect_tcp(
                    address, port, timeout, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
            else:
                return stream if until is None else _BriefStream(stream, until)
        raise failed or httpcore.ConnectError(f"{host} has no address")


class _BriefStream(httpcore.NetworkStream):
    """A connection that ends at a moment, whatever still comes."""

    def __init__(self, inner: httpcore.NetworkStream, until: float) -> None:
        self._inner = inner
        self._until = until

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read what comes in time."""
        del timeout
        return self._inner.read(max_bytes, self._remaining(httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write what goes out in time."""
        del timeout
        self._inner.write(buffer, self._remaining(httpcore.WriteTimeout))

    def close(self) -> None:
        """End the connection."""
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        """Continue encrypted, until the same moment."""
        del timeout
        remaining = self._remaining(httpcore.ConnectTimeout)
        stream = self._inner.start_tls(ssl_context, server_hostname, remaining)
        return _BriefStream(stream, self._until)

    def get_extra_info(self, info: str) -> Any:
        """Return what the inner connection knows."""
        return self._inner.get_extra_info(info)

    def _remaining(self, late: type[Exception]) -> float:
        remaining = self._until - time.monotonic()
        if remaining <= 0:
            raise late("it took too long")
        return remaining


def _checked_addresses(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise httpcore.ConnectError(error.strerror or "the name is not known") from None
    addresses = list(dict.fromkeys(str(one[4][0]) for one in found))
    if not all(is_public(ipaddress.ip_address(one.partition("%")[0])) for one in addresses):
        raise private_address_error(host)
    return addresses

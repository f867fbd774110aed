"""An HTTP client for addresses that strangers gave: it asks no machine that is not public.

The name is looked up here, every address that it has is checked, and the connection goes to a
checked one: a name that answers otherwise the next time (DNS rebinding) changes nothing. A
redirect is a connection of its own and is checked as well (docs/decisions/0016).
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import time
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

import httpcore
import httpx

from reelworks.domain.least_speed import LeastSpeed
from reelworks.domain.printable import one_line
from reelworks.errors import InputError, UnsafeAddressError
from reelworks.providers.http.deadlines import watch

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
"""RFC 6052: the last 32 bits are an IPv4 address."""
_NEVER = tuple(
    ipaddress.ip_network(one)
    for one in (
        "168.63.129.16/32",  # public by number, but answered by the machine's own host on Azure
        "192.0.0.0/24",  # the module of Python 3.11 knows parts of these blocks only
        "2001::/23",
        "5f00::/16",
        "64:ff9b:1::/48",
        "fec0::/10",  # site-local, given up by RFC 3879
    )
)
MAX_REDIRECTS = 5
_SCHEMES = ("http", "https")


def is_public(address: Address) -> bool:
    """True when ``address`` belongs to the public internet.

    Follows IANA's special-purpose registries (RFC 6890) by the ``ipaddress`` module. An IPv4
    address inside an IPv6 one (mapped, NAT64, 6to4) is judged by itself.
    """
    inner = _inside(address)
    if inner is not None:
        return is_public(inner)
    special = (
        address.is_multicast
        or address.is_reserved
        or address.is_unspecified
        or address.is_loopback
        or address.is_link_local
    )
    never = any(address.version == one.version and address in one for one in _NEVER)
    return address.is_global and not special and not never


def _inside(address: Address) -> ipaddress.IPv4Address | None:
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


def check_address(url: str) -> None:
    """Check what can be told of an address without a network.

    Raises ``InputError`` when it is no http(s) address, ``UnsafeAddressError`` when it names a
    machine by a number that is not public.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    unwritable = any(ord(letter) <= 0x20 or ord(letter) == 0x7F for letter in url)
    if parts.scheme.lower() not in _SCHEMES or not host or unwritable:
        raise InputError("The address is none: give http://host/path or https://host/path.")
    try:
        named = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return
    if not is_public(named):
        raise UnsafeAddressError(_refusal(host))


def client(*, private: bool, timeout: httpx.Timeout, least_speed: float = 0.0) -> httpx.Client:
    """Return a client for GET; ``private`` lets it ask any machine, and through proxies.

    Otherwise proxies are passed by: one would look names up itself, where nobody checks.
    ``least_speed`` is what servers must send, redirects and heads included, in bytes a second on
    average over a minute; 0: any. Requests raise ``UnsafeAddressError`` and
    ``SourceUnavailableError`` (too slow) besides what httpx raises.
    """
    session = httpx.Client(
        timeout=timeout,
        follow_redirects=True,
        max_redirects=MAX_REDIRECTS,
        trust_env=private,
        transport=None if private else _Transport(_Backend()),
    )
    if least_speed > 0:
        watch(session, LeastSpeed(least_speed).of)
    return session


def brief_client(*, private: bool, seconds: float) -> httpx.Client:
    """Return a client whose every connection ends after ``seconds``; it follows no redirect.

    For machines that may be slow on purpose. Requests raise as those of ``client``.
    """
    backend = _Backend(private=private, seconds=seconds)
    return httpx.Client(timeout=seconds, trust_env=False, transport=_Transport(backend))


class _Transport(httpx.HTTPTransport):
    """httpx's transport over connections that are checked."""

    def __init__(self, backend: _Backend) -> None:
        super().__init__()
        # httpx has no parameter for the backend; a test sees that it is asked.
        self._pool = httpcore.ConnectionPool(
            ssl_context=httpx.create_ssl_context(trust_env=False), network_backend=backend
        )


class _Backend(httpcore.NetworkBackend):
    """Connects to public addresses only, unless ``private``."""

    def __init__(self, *, private: bool = False, seconds: float | None = None) -> None:
        self._private = private
        self._seconds = seconds
        self._beneath = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Look the name up, check all that it means, and connect to one of these addresses."""
        numbers = [host] if self._private else _checked_addresses(host, port)
        until = None if self._seconds is None else time.monotonic() + self._seconds
        failed: httpcore.ConnectError | httpcore.ConnectTimeout | None = None
        for number in numbers:
            try:
                stream = self._beneath.connect_tcp(
                    number, port, timeout, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
            else:
                return stream if until is None else _Brief(stream, until)
        raise failed or httpcore.ConnectError(f"{host} has no address")


class _Brief(httpcore.NetworkStream):
    """A connection that has until a moment to be done."""

    def __init__(self, beneath: httpcore.NetworkStream, until: float) -> None:
        self._beneath = beneath
        self._until = until

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read what comes in time."""
        del timeout
        return self._beneath.read(max_bytes, self._left(httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write what goes out in time."""
        del timeout
        self._beneath.write(buffer, self._left(httpcore.WriteTimeout))

    def close(self) -> None:
        """End the connection."""
        self._beneath.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        """Go on encrypted; the moment stays."""
        del timeout
        left = self._left(httpcore.ConnectTimeout)
        return _Brief(self._beneath.start_tls(ssl_context, server_hostname, left), self._until)

    def get_extra_info(self, info: str) -> Any:
        """Return what the connection beneath knows."""
        return self._beneath.get_extra_info(info)

    def _left(self, late: type[Exception]) -> float:
        left = self._until - time.monotonic()
        if left <= 0:
            raise late("it took too long")
        return left


def _checked_addresses(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise httpcore.ConnectError(error.strerror or "the name is not known") from None
    numbers = list(dict.fromkeys(str(one[4][0]) for one in found))
    if not all(is_public(ipaddress.ip_address(one.partition("%")[0])) for one in numbers):
        raise UnsafeAddressError(_refusal(host))
    return numbers


def _refusal(host: str) -> str:
    return (
        f"{one_line(host)} is on a private network, from which nothing is fetched; "
        "give a public address or set FETCH_PRIVATE_ADDRESSES."
    )

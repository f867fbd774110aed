"""Read deadlines: how long a server may take to send, however often it sends a byte.

The timeouts of HTTP clients restart with every byte: a server that sends one every few seconds
stays within them for days, and holds up the run that waits.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any, Protocol

import httpcore

from reelworks.domain.least_speed import AN_INSTANT
from reelworks.errors import SettingsError


class ReadDeadline(Protocol):
    """Judges how a server sends. Counts the seconds of waiting, not our own."""

    def sent(self) -> None:
        """Note that something was sent to the server."""

    def remaining(self) -> float:
        """Return how many seconds may be waited now."""

    def received(self, seconds: float, count: int) -> bool:
        """Note a wait of ``seconds`` that brought ``count`` bytes; may raise.

        Returns whether waiting may continue when it brought none.
        """


class ResponseDeadline:
    """A server has ``seconds`` for the whole of a response."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._waited = 0.0

    def sent(self) -> None:
        """Start over: connections are used again."""
        self._waited = 0.0

    def remaining(self) -> float:
        """Return what remains; the client's own error says that it was too little."""
        return max(self._seconds - self._waited, AN_INSTANT)

    def received(self, seconds: float, count: int) -> bool:
        """Note the wait; at the end of the time there is no more."""
        del count
        self._waited += seconds
        return self._waited < self._seconds


def add_read_deadlines(session: Any, deadline_for: Callable[[str], ReadDeadline]) -> None:
    """Give every connection of an httpx client, or of a fork of it, a read deadline.

    ``deadline_for(host)`` is called for each connection. Clients that go through the proxies of
    the environment build their transports themselves, and httpx has no parameter for this: they
    have a private pool of httpcore, and the pool its network backend. A contract test holds these
    names. Raises ``SettingsError`` when the installed httpx has other ones.
    """
    try:
        transports = {session._transport, *session._mounts.values()} - {None}
        pools = [transport._pool for transport in transports]
        backends = [pool._network_backend for pool in pools]
    except AttributeError as error:
        raise SettingsError(
            f"The installed {type(session).__module__.partition('.')[0]} does not fit this version "
            f"of Reelworks ({error}); install the versions that requirements.txt pins."
        ) from error
    for pool, backend in zip(pools, backends, strict=True):
        pool._network_backend = DeadlineBackend(backend, deadline_for)


class DeadlineBackend(httpcore.NetworkBackend):
    """A network backend whose connections have a read deadline."""

    def __init__(self, inner: Any, deadline_for: Callable[[str], ReadDeadline]) -> None:
        self._inner = inner
        self._deadline_for = deadline_for

    def connect_tcp(self, host: str, *arguments: Any, **options: Any) -> httpcore.NetworkStream:
        """Connect; the deadline counts from now on."""
        stream = self._inner.connect_tcp(host, *arguments, **options)
        return _DeadlineStream(stream, self._deadline_for(host))

    def sleep(self, seconds: float) -> None:
        """Wait between two tries to connect."""
        self._inner.sleep(seconds)


class _DeadlineStream(httpcore.NetworkStream):
    """A network stream with a read deadline."""

    def __init__(self, inner: Any, deadline: ReadDeadline) -> None:
        self._inner = inner
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read what comes before the deadline and within the caller's own time."""
        until = math.inf if timeout is None else time.monotonic() + timeout
        while True:
            began, remaining = time.monotonic(), self._deadline.remaining()
            rest = max(until - began, AN_INSTANT)
            late: httpcore.ReadTimeout | None = None
            found: bytes = b""
            try:
                found = self._inner.read(max_bytes, min(remaining, rest))
            except httpcore.ReadTimeout as error:
                late = error
            # A wait without data counts too. It may have ended only to judge the speed.
            may_wait = self._deadline.received(time.monotonic() - began, len(found))
            if late is None:
                return found
            if rest <= remaining or not may_wait:
                raise late

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write."""
        self._deadline.sent()
        self._inner.write(buffer, timeout)

    def close(self) -> None:
        """End the connection."""
        self._inner.close()

    def start_tls(self, *arguments: Any, **options: Any) -> httpcore.NetworkStream:
        """Continue encrypted, with the same deadline."""
        return _DeadlineStream(self._inner.start_tls(*arguments, **options), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        """Return what the inner connection knows."""
        return self._inner.get_extra_info(info)

"""How long a server may take to send: a bound that a byte now and then does not move.

The time limits of HTTP clients are for one silence each: a server that sends a byte every few
seconds keeps them for days, and with them the run that waits.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any, Protocol

import httpcore

from reelworks.domain.least_speed import AN_INSTANT


class Patience(Protocol):
    """Judges how a server sends. Counts the seconds of waiting, not our own."""

    def asked(self) -> None:
        """Note that something was sent to the server."""

    def left(self) -> float:
        """Return how many seconds may be waited now."""

    def came(self, seconds: float, count: int) -> bool:
        """Note a wait of ``seconds`` that brought ``count`` bytes; may raise.

        Returns whether one may go on waiting when it brought none.
        """


class WholeAnswer:
    """A server has ``seconds`` for the whole of an answer."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._waited = 0.0

    def asked(self) -> None:
        """Begin anew: connections are used again."""
        self._waited = 0.0

    def left(self) -> float:
        """Return what is left; the client's own error tells that it was too little."""
        return max(self._seconds - self._waited, AN_INSTANT)

    def came(self, seconds: float, count: int) -> bool:
        """Note the wait; at the end of the time there is no more."""
        del count
        self._waited += seconds
        return self._waited < self._seconds


def watch(session: Any, patience_with: Callable[[str], Patience]) -> None:
    """Have every connection of an httpx client, or of one of its kind, read with patience.

    ``patience_with(host)`` is called for each connection. httpx has no parameter for this: its
    transports, those for proxies too, hold a pool of httpcore, and the pool what it connects by.
    """
    for transport in {session._transport, *session._mounts.values()} - {None}:
        pool = transport._pool
        pool._network_backend = _Connecting(pool._network_backend, patience_with)


class _Connecting:
    """httpcore's network backend, whose connections are watched."""

    def __init__(self, beneath: Any, patience_with: Callable[[str], Patience]) -> None:
        self._beneath = beneath
        self._patience_with = patience_with

    def connect_tcp(self, host: str, *arguments: Any, **options: Any) -> _Watched:
        """Connect, and watch from here on."""
        stream = self._beneath.connect_tcp(host, *arguments, **options)
        return _Watched(stream, self._patience_with(host))

    def sleep(self, seconds: float) -> None:
        """Wait between two tries to connect."""
        self._beneath.sleep(seconds)


class _Watched:
    """httpcore's network stream, read with patience."""

    def __init__(self, beneath: Any, patience: Patience) -> None:
        self._beneath = beneath
        self._patience = patience

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read what comes while there is patience, within the caller's own time."""
        until = math.inf if timeout is None else time.monotonic() + timeout
        while True:
            began, left = time.monotonic(), self._patience.left()
            rest = max(until - began, AN_INSTANT)
            late: httpcore.ReadTimeout | None = None
            found: bytes = b""
            try:
                found = self._beneath.read(max_bytes, min(left, rest))
            except httpcore.ReadTimeout as error:
                late = error
            # A wait in vain counts too. It may have ended only because a speed was to be judged.
            may_wait = self._patience.came(time.monotonic() - began, len(found))
            if late is None:
                return found
            if rest <= left or not may_wait:
                raise late

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write."""
        self._patience.asked()
        self._beneath.write(buffer, timeout)

    def close(self) -> None:
        """End the connection."""
        self._beneath.close()

    def start_tls(self, *arguments: Any, **options: Any) -> _Watched:
        """Go on encrypted, with the same patience."""
        return _Watched(self._beneath.start_tls(*arguments, **options), self._patience)

    def get_extra_info(self, info: str) -> Any:
        """Return what the connection beneath knows."""
        return self._beneath.get_extra_info(info)

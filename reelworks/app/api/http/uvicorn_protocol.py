"""uvicorn's HTTP protocol with a timeout for request headers and problem details for bad requests.

uvicorn has no public setting for either. What this module takes from its private parts is the class
``H11Protocol`` with ``cycle``, its ``response_started`` and ``response_complete``, and
``send_400_response``;
``tests/reelworks/app/api/http/test_uvicorn_protocol.py`` names the part that a new version changed.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

from reelworks.app.api.http.problems import MEDIA_TYPE, problem_of

HEADER_SECONDS = 10.0
"""A connection whose request headers are not complete by then is closed (slowloris)."""


class HeaderTimeoutProtocol(H11Protocol):
    """Closes connections whose request headers do not arrive; answers invalid HTTP by problems."""

    _connection: asyncio.Transport | None = None
    _timeout: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Start the timeout of the first request."""
        self._connection = transport
        super().connection_made(transport)
        self._start_timeout()

    def data_received(self, data: bytes) -> None:
        """Read bytes; complete request headers end the timeout."""
        before = self.cycle
        if self._timeout is None and (before is None or before.response_complete):
            self._start_timeout()
        super().data_received(data)
        if self.cycle is not before:
            self._stop_timeout()

    def connection_lost(self, exc: Exception | None) -> None:
        """End the timeout."""
        self._stop_timeout()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """Answer what is not HTTP, or has too long headers, and close the connection.

        Nothing is written into a response that has begun.
        """
        cycle = self.cycle
        is_answering = cycle and cycle.response_started and not cycle.response_complete
        if self._connection is not None:
            if not is_answering:
                self._connection.write(bad_request(msg))
            self._connection.close()

    def _start_timeout(self) -> None:
        loop = asyncio.get_running_loop()
        self._timeout = loop.call_later(HEADER_SECONDS, self._close)

    def _stop_timeout(self) -> None:
        if self._timeout is not None:
            self._timeout.cancel()
            self._timeout = None

    def _close(self) -> None:
        self._timeout = None
        if self._connection is not None:
            self._connection.close()


def bad_request(message: str) -> bytes:
    """Return a whole HTTP/1.1 response of status 400 with a problem as its body."""
    body = json.dumps(problem_of(400, "bad_request", message)).encode()
    head = (
        "HTTP/1.1 400 Bad Request\r\n"
        f"content-type: {MEDIA_TYPE}\r\n"
        f"content-length: {len(body)}\r\n"
        "connection: close\r\n\r\n"
    )
    return head.encode("ascii") + body

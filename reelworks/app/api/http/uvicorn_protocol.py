"""uvicorn's protocol, for callers who take their time on purpose."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from reelworks.app.api.http.problems import MEDIA_TYPE, problem_of

HEADER_SECONDS = 10.0
"""A caller who has not sent a whole request head by then is let go."""


class PatientProtocol(H11Protocol):
    """Ends a connection whose request head does not arrive, and answers nonsense by a problem."""

    _too_slow: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Take bytes; a request that is whole ends the wait."""
        before = self.cycle
        if self._too_slow is None and (before is None or before.response_complete):
            self._wait()
        super().data_received(data)
        if self.cycle is not before:
            self._wait_no_more()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._wait_no_more()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP, or too much of it."""
        body = json.dumps(problem_of(400, "bad_request", msg)).encode()
        headers = [
            (b"content-type", MEDIA_TYPE.encode()),
            (b"content-length", str(len(body)).encode()),
            (b"connection", b"close"),
        ]
        head = h11.Response(status_code=400, headers=headers, reason=b"Bad Request")
        for event in (head, h11.Data(data=body), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def _wait(self) -> None:
        self._too_slow = self.loop.call_later(HEADER_SECONDS, self._release)

    def _wait_no_more(self) -> None:
        if self._too_slow is not None:
            self._too_slow.cancel()
            self._too_slow = None

    def _release(self) -> None:
        self._too_slow = None
        self.transport.close()

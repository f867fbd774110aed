"""Limits of request bodies: size and idle time; an unread body is drained."""

from __future__ import annotations

import asyncio
import time

from starlette.types import Message, Receive, Scope, Send

from reelworks.errors import ClientTooSlowError, OverLimitError
from reelworks.settings import Settings

UPLOAD_TYPE = b"multipart/form-data"
LINGER_SECONDS = 5.0
LINGER_BYTES = 64 << 20
"""How much of an unread body is drained, so that its sender gets to read the response."""


class LimitedBody:
    """A request's body. Uploads have a limit of their own: see ``store.objects.streams.Upload``."""

    def __init__(self, scope: Scope, receive: Receive, settings: Settings) -> None:
        headers = dict(scope["headers"])
        is_upload = headers.get(b"content-type", b"").lower().startswith(UPLOAD_TYPE)
        self._limit = None if is_upload else settings.api.max_request_kb * 1024
        self._idle_seconds = settings.api.client_patience
        self._receive = receive
        self._seen = 0
        length = headers.get(b"content-length", b"0")
        self._complete = length == b"0" and b"transfer-encoding" not in headers

    async def receive(self) -> Message:
        """Return the next message. Raises ``OverLimitError`` and ``ClientTooSlowError``."""
        if self._complete:  # the next message is the disconnect, which may come late
            return await self._receive()
        try:
            message = await asyncio.wait_for(self._receive(), self._idle_seconds)
        except TimeoutError:
            raise ClientTooSlowError(
                "The request timed out: no data arrived. Send it again."
            ) from None
        self._note(message)
        if self._limit is not None and self._seen > self._limit:
            raise OverLimitError(f"The request is larger than {self._limit // 1024} kB.")
        return message

    def draining(self, send: Send) -> Send:
        """Return ``send`` for responses that may come before the body is complete.

        The connection is closed then. A client that is still sending would not see a response
        after which the connection is reset at once: its body is read a little longer.
        """

        async def sending(message: Message) -> None:
            if self._complete:
                await send(message)
            elif message["type"] == "http.response.start":
                headers = [*message["headers"], (b"connection", b"close")]
                await send({**message, "headers": headers})
            elif message.get("more_body", False):
                await send(message)
            else:
                await send({**message, "more_body": True})
                await self._drain()
                await send({"type": "http.response.body", "body": b""})

        return sending

    async def _drain(self) -> None:
        until, limit = time.monotonic() + LINGER_SECONDS, self._seen + LINGER_BYTES
        while not self._complete and self._seen < limit and (left := until - time.monotonic()) > 0:
            try:
                self._note(await asyncio.wait_for(self._receive(), left))
            except TimeoutError:
                return

    def _note(self, message: Message) -> None:
        self._seen += len(message.get("body", b""))
        self._complete = not message.get("more_body", False)

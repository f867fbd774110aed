"""The body of a request: bounded while it is read, and let run out when nobody wants it."""

from __future__ import annotations

import asyncio
import time

from starlette.types import Message, Receive, Scope, Send

from reelworks.errors import ClientTooSlowError, OverLimitError
from reelworks.settings import Settings

UPLOAD_TYPE = b"multipart/form-data"
LINGER_SECONDS = 5.0
LINGER_BYTES = 64 << 20
"""How much of an unwanted body is passed over, so that its sender comes to read the answer."""


class Body:
    """What a caller sends. Uploads have their own bound: see ``store.objects.streams.Upload``."""

    def __init__(self, scope: Scope, receive: Receive, settings: Settings) -> None:
        headers = dict(scope["headers"])
        is_upload = headers.get(b"content-type", b"").lower().startswith(UPLOAD_TYPE)
        self._most = None if is_upload else settings.max_request_kb * 1024
        self._patience = settings.client_patience
        self._receive = receive
        self._seen = 0
        length = headers.get(b"content-length", b"0")
        self._whole = length == b"0" and b"transfer-encoding" not in headers

    async def receive(self) -> Message:
        """Give the next message. Raises ``OverLimitError`` and ``ClientTooSlowError``."""
        if self._whole:  # the next message tells that the caller left: that may take its time
            return await self._receive()
        try:
            message = await asyncio.wait_for(self._receive(), self._patience)
        except TimeoutError:
            raise ClientTooSlowError(
                "Nothing of the request came for too long; send it again."
            ) from None
        self._note(message)
        if self._most is not None and self._seen > self._most:
            raise OverLimitError(f"The request is larger than {self._most // 1024} kB.")
        return message

    def answering(self, send: Send) -> Send:
        """Return ``send`` for answers that may come before the body is whole.

        The connection ends then. A caller who is still sending would never see an answer after
        which it is cut at once: he is listened to a little longer.
        """

        async def sending(message: Message) -> None:
            if self._whole:
                await send(message)
            elif message["type"] == "http.response.start":
                headers = [*message["headers"], (b"connection", b"close")]
                await send({**message, "headers": headers})
            elif message.get("more_body", False):
                await send(message)
            else:
                await send({**message, "more_body": True})
                await self._let_run_out()
                await send({"type": "http.response.body", "body": b""})

        return sending

    async def _let_run_out(self) -> None:
        until, most = time.monotonic() + LINGER_SECONDS, self._seen + LINGER_BYTES
        while not self._whole and self._seen < most and (left := until - time.monotonic()) > 0:
            try:
                self._note(await asyncio.wait_for(self._receive(), left))
            except TimeoutError:
                return

    def _note(self, message: Message) -> None:
        self._seen += len(message.get("body", b""))
        self._whole = not message.get("more_body", False)

"""Problems as HTML pages, for browsers."""

from __future__ import annotations

import json

from starlette.datastructures import Headers
from starlette.responses import RedirectResponse
from starlette.types import Message, Send

from reelworks.app.api.http.problems import MEDIA_TYPE
from reelworks.app.web.rendering import PAGE_HEADERS, page_text

_UNKNOWN_CALLER = 401
_COPIED_HEADERS = ("retry-after", "allow")


class ErrorPages:
    """Forwards a response; a problem becomes a page."""

    def __init__(self, send: Send, sign_in: str) -> None:
        self._send = send
        self._sign_in = sign_in
        self._start: Message | None = None
        self._body = bytearray()

    async def send(self, message: Message) -> None:
        """Send one message, or buffer it until the problem is complete."""
        if message["type"] == "http.response.start":
            kind = Headers(raw=message["headers"]).get("content-type", "")
            if kind.partition(";")[0] == MEDIA_TYPE:
                self._start = message
                return
        if self._start is None:
            await self._send(message)
            return
        self._body += message.get("body", b"")
        if not message.get("more_body", False):
            await self._send_page(self._start)

    async def _send_page(self, start: Message) -> None:
        self._start = None
        status = start["status"]
        if status == _UNKNOWN_CALLER:
            raw, body = RedirectResponse(self._sign_in, 303).raw_headers, b""
            status = 303
        else:
            problem = json.loads(bytes(self._body))
            values = {"title": problem["title"], "detail": problem["detail"], "status": status}
            body = page_text("error.html", values).encode()
            sent = Headers(raw=start["headers"])
            headers = PAGE_HEADERS | {name: sent[name] for name in _COPIED_HEADERS if name in sent}
            headers |= {"Content-Type": "text/html; charset=utf-8"}
            headers |= {"Content-Length": str(len(body))}
            raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        await self._send({"type": "http.response.start", "status": status, "headers": raw})
        await self._send({"type": "http.response.body", "body": body})

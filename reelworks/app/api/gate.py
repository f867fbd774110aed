"""What every request passes before any route sees it."""

from __future__ import annotations

import asyncio

import anyio.to_thread
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from reelworks.app.api import auth
from reelworks.app.api.auth import NOBODY, Caller
from reelworks.app.api.context import Api
from reelworks.app.api.problems import answer_to
from reelworks.errors import OverLimitError, ReelworksError, UnauthenticatedError

UPLOAD_TYPE = b"multipart/form-data"
SECURITY_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-resource-policy", b"same-origin"),
)


class _TooSlowError(ReelworksError):
    code = "client_too_slow"
    http_status = 408
    retryable = True


class Gate:
    """Checks host, origin, token and rate; bounds the body and the wait for it."""

    def __init__(self, app: ASGIApp, api: Api) -> None:
        self._app = app
        self._api = api

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }
        answering = _Answering(send)
        try:
            scope.setdefault("state", {})["caller"] = await self._who(scope, headers)
            await self._app(scope, self._bounded(scope, receive), answering.send)
        except ReelworksError as error:
            if answering.begun:
                raise
            await answer_to(error)(scope, receive, answering.send)

    async def _who(self, scope: Scope, headers: dict[str, str]) -> Caller:
        auth.check_host(self._api, headers)
        auth.check_origin(scope["method"], headers)
        address = (scope.get("client") or ("",))[0]
        try:
            caller = await anyio.to_thread.run_sync(
                auth.authenticate, self._api, headers.get("authorization")
            )
        except UnauthenticatedError:
            self._api.limit.take(f"address {address}")
            if auth.is_open(scope["path"]):
                return NOBODY
            raise
        self._api.limit.take(f"token {caller.name}" if caller.name else f"address {address}")
        return caller

    def _bounded(self, scope: Scope, receive: Receive) -> Receive:
        """Let no body be larger, and no caller slower, than the settings allow."""
        headers = dict(scope["headers"])
        is_upload = headers.get(b"content-type", b"").lower().startswith(UPLOAD_TYPE)
        most = self._api.settings.max_request_kb * 1024
        patience = self._api.settings.client_patience
        seen, whole = 0, False

        async def bounded() -> Message:
            nonlocal seen, whole
            if whole:  # the next message tells that the caller left: that may take its time
                return await receive()
            try:
                message = await asyncio.wait_for(receive(), patience)
            except TimeoutError:
                raise _TooSlowError(
                    "Nothing of the request came for too long; send it again."
                ) from None
            seen += len(message.get("body", b""))
            whole = not message.get("more_body", False)
            if not is_upload and seen > most:
                raise OverLimitError(f"The request is larger than {most // 1024} kB.")
            return message

        return bounded


class _Answering:
    """Sends an answer with the headers that all have, and knows whether it began."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.begun = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.begun = True
            names = {name.lower() for name, _ in message["headers"]}
            ours = [one for one in SECURITY_HEADERS if one[0] not in names]
            message = {**message, "headers": [*message["headers"], *ours]}
        await self._send(message)

"""ASGI middleware: host, origin, authentication, rate limit, size limits, security headers."""

from __future__ import annotations

from contextlib import suppress

import anyio
import anyio.to_thread
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from reelworks.app.api.http import auth
from reelworks.app.api.http.body_limits import LimitedBody
from reelworks.app.api.http.problems import error_response
from reelworks.app.api.http.request_context import Api
from reelworks.domain.library.access import ANONYMOUS, Caller
from reelworks.errors import (
    DatabaseUnavailableError,
    HeadersTooLargeError,
    ReelworksError,
    UnauthenticatedError,
)

SECURITY_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-resource-policy", b"same-origin"),
)


_ALIVE = "/livez"
_KNOWN_WITHIN = 0.8
"""Seconds in which the caller of a health check must be authenticated."""
HEAD_BYTES = 32 << 10
HEAD_FIELDS = 100


class AccessMiddleware:
    """Checks host, origin, token and rate; limits the body's size and the wait for it."""

    def __init__(self, app: ASGIApp, api: Api) -> None:
        self._app = app
        self._api = api
        self._few = anyio.CapacityLimiter(2)
        """Threads of health checks; a frozen database blocks no more than these."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = LimitedBody(scope, receive, self._api.settings)
        response = _Response(body.draining(send))
        try:
            _check_head(scope)
            scope.setdefault("state", {})["caller"] = await self._caller(scope)
            await self._app(scope, body.receive, response.send)
        except ReelworksError as error:
            if response.begun:
                raise
            await error_response(error)(scope, receive, response.send)

    async def _caller(self, scope: Scope) -> Caller:
        headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }
        auth.check_host(self._api, headers)
        auth.check_origin(scope["method"], headers, self._api.settings.api.origins)
        if scope["path"] == _ALIVE:  # not counted: a 429 would have this process restarted
            return ANONYMOUS
        address = (scope.get("client") or ("",))[0]
        try:
            caller = await self._authenticate(scope["path"], headers.get("authorization"))
        except UnauthenticatedError:
            self._api.limit.take(f"address {address}")
            if auth.is_open(scope["path"]):
                return ANONYMOUS
            raise
        self._api.limit.take(f"token {caller.name}" if caller.name else f"address {address}")
        return caller

    async def _authenticate(self, path: str, authorization: str | None) -> Caller:
        """Return the caller. Raises ``UnauthenticatedError`` and database errors.

        Health is answered also while the database is frozen: the caller is anonymous then.
        """
        if authorization is None:
            return auth.authenticate(self._api, None)
        if path not in auth.HEALTH_PATHS:
            return await anyio.to_thread.run_sync(auth.authenticate, self._api, authorization)
        with anyio.move_on_after(_KNOWN_WITHIN), suppress(DatabaseUnavailableError):
            return await anyio.to_thread.run_sync(
                auth.authenticate,
                self._api,
                authorization,
                abandon_on_cancel=True,
                limiter=self._few,
            )
        return ANONYMOUS


def _check_head(scope: Scope) -> None:
    size = len(scope.get("raw_path") or b"") + len(scope["query_string"])
    size += sum(len(name) + len(value) for name, value in scope["headers"])
    if size > HEAD_BYTES or len(scope["headers"]) > HEAD_FIELDS:
        raise HeadersTooLargeError("The request's address and headers are too long.")


class _Response:
    """Sends a response with the security headers, and knows whether it began."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.begun = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.begun = True
            names = {name.lower() for name, _ in message["headers"]}
            added = [one for one in SECURITY_HEADERS if one[0] not in names]
            message = {**message, "headers": [*message["headers"], *added]}
        await self._send(message)

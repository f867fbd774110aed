"""HTTP methods: HEAD is answered as GET, ``Allow`` lists all methods of a URL."""

from __future__ import annotations

from fastapi import FastAPI, Request
from fastapi.responses import Response
from starlette.routing import Match
from starlette.types import ASGIApp, Receive, Scope, Send

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_HEAD = "reelworks.head"


class HeadAsGet:
    """Answers HEAD with the headers of GET (RFC 9110, section 9.3.2).

    The server sends no body after HEAD, whatever the application writes.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http" and scope["method"] == "HEAD":
            scope = {**scope, "method": "GET", _HEAD: True}
        await self._app(scope, receive, send)


def is_head(request: Request) -> bool:
    """True when only the headers are sent: a response with a long body need not make it."""
    return _HEAD in request.scope


def allowed_methods(app: FastAPI, request: Request) -> str:
    """Return the header ``Allow`` for a request's URL: the methods of all routes there."""
    found = [method for method in _METHODS if _is_routed(app, request.scope, method)]
    if "GET" in found:
        found.insert(1, "HEAD")
    return ", ".join([*found, "OPTIONS"])


def options_response(allow: str) -> Response:
    """Return the response to OPTIONS."""
    return Response(status_code=204, headers={"Allow": allow})


def _is_routed(app: FastAPI, scope: Scope, method: str) -> bool:
    probe = {**scope, "method": method}
    return any(route.matches(probe)[0] is Match.FULL for route in app.router.routes)

"""ASGI middleware that keeps pages of other sites away from a server on the loopback address.

A browser opens pages of any site beside ours and sends their requests to this machine too. It says
truly which name it called (``Host``) and whose page calls (``Origin``), so both are checked. That
costs nothing and covers what Prefect's CSRF tokens are for, and event streams over WebSocket too;
those tokens would cost each client of every run a request and a row.
"""

from __future__ import annotations

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

NAMES = ("127.0.0.1", "localhost")


def origins(port: int) -> tuple[str, ...]:
    """Return the addresses under which a browser on this machine opens the pages of a port."""
    return tuple(f"http://{name}:{port}" for name in NAMES)


class SameSiteMiddleware:
    """Answers requests to this machine's own name, from no page but our own.

    The port of ``Host`` may be another: an SSH tunnel's.
    """

    def __init__(self, app: ASGIApp, port: int) -> None:
        self._app = app
        self._origins = origins(port)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or refuse it with 403."""
        if scope["type"] in ("http", "websocket") and not self._is_own(scope):
            refusal = PlainTextResponse("Use the name localhost for this server.", status_code=403)
            await refusal(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _is_own(self, scope: Scope) -> bool:
        hosts = _values(scope, b"host")
        if len(hosts) != 1 or hosts[0].partition(":")[0] not in NAMES:
            return False
        ours = (*self._origins, f"http://{hosts[0]}")
        return all(origin in ours for origin in _values(scope, b"origin"))


def _values(scope: Scope, wanted: bytes) -> list[str]:
    return [value.decode("latin-1").lower() for name, value in scope["headers"] if name == wanted]

"""Authentication and scopes of callers."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import Depends, Request, Security
from fastapi.security import HTTPBearer

from reelworks.app.api.http.request_context import Api
from reelworks.domain.library.access import LOCAL, Caller, Scope
from reelworks.errors import ForbiddenError, UnauthenticatedError
from reelworks.store.access.tokens import find_token

HEALTH_PATHS = frozenset({"/livez", "/readyz", "/healthz"})
OPEN_PATHS = HEALTH_PATHS | {"/sign-in"}
"""Paths without authentication, beside the pages' style sheet, scripts and icon."""
OPEN_FOLDER = "/assets/"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

bearer = HTTPBearer(
    auto_error=False,
    description="A token of `reelworks token create`. Not needed while the API listens on "
    "loopback only.",
)


def is_loopback(host: str) -> bool:
    """True when ``host``, a name or a number, means this machine alone."""
    name = host.strip("[]").rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def is_open(path: str) -> bool:
    """True for paths without authentication."""
    return path in OPEN_PATHS or path.startswith(OPEN_FOLDER)


def check_host(api: Api, headers: dict[str, str]) -> None:
    """Refuse a request that reached this server under another site's name (DNS rebinding).

    Raises ``ForbiddenError``.
    """
    if api.loopback and not is_loopback(_host_of(f"//{headers.get('host', '')}")):
        raise ForbiddenError("The API listens on this machine only; address it as localhost.")


def check_origin(
    method: str, headers: dict[str, str], trusted: frozenset[str] = frozenset()
) -> None:
    """Refuse a change that a page of another site sends from a browser (CSRF).

    Such a page cannot send a token, so a request with one passes, and so does one of the sites of
    ``CORS_ORIGINS``, ``trusted``. Raises ``ForbiddenError``.
    """
    if method in SAFE_METHODS or "authorization" in headers:
        return
    origin, site = headers.get("origin"), headers.get("sec-fetch-site", "none")
    if origin is not None and origin.lower() in trusted:
        return
    same = origin is None or urlsplit(origin).netloc.lower() == headers.get("host", "").lower()
    if not same or site not in ("none", "same-origin"):
        raise ForbiddenError("Pages of other sites may not change anything here.")


def authenticate(api: Api, authorization: str | None) -> Caller:
    """Return the caller. Raises ``UnauthenticatedError``."""
    if authorization is None:
        if api.loopback:
            return LOCAL
        raise UnauthenticatedError("Send a token: Authorization: Bearer rw_…")
    scheme, _, token = authorization.partition(" ")
    found = find_token(api.engine, token.strip()) if scheme.lower() == "bearer" else None
    if found is None:
        raise UnauthenticatedError(
            "The token is invalid, expired or revoked; ask an administrator for a new one."
        )
    return Caller(found.name, found.scopes)


async def caller_of(request: Request) -> Caller:
    """Return the caller that the middleware found. Async, so that it needs no thread."""
    caller: Caller = request.state.caller
    return caller


CurrentCaller = Annotated[Caller, Depends(caller_of)]


def require_scope(scope: Scope) -> Any:
    """Return a dependency for routes that only callers with ``scope`` may use."""

    def check(caller: CurrentCaller, _: Annotated[object, Security(bearer)]) -> None:
        if not scope.is_in(caller.scopes):
            raise ForbiddenError(f"The token lacks the scope {scope.value}.")

    checked: Callable[..., None] = check
    return Depends(checked)


def _host_of(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""

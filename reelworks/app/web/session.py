"""Browser sessions by cookie, and errors as pages.

A browser cannot send a token with a link, so the sign-in page keeps it in a cookie that no script
can read and no other site's page can send. Only pages of this server may use it: a change must
come from this origin and carry a CSRF value that only these pages have.
"""

from __future__ import annotations

import hashlib
import hmac
from urllib.parse import quote, urlsplit

from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Receive, Scope, Send

from reelworks.app.api.http.auth import SAFE_METHODS
from reelworks.app.api.http.problems import error_response
from reelworks.app.api.http.request_context import Api
from reelworks.app.web.error_pages import ErrorPages
from reelworks.errors import ForbiddenError

COOKIE = "reelworks"
COOKIE_SECONDS = 7 * 24 * 3600
SIGN_IN = "/sign-in"
FORMS = "/pages/"
"""Paths of the pages' own forms; each form carries the CSRF value as a field."""
CSRF_HEADER = "x-csrf-token"


class PageSession:
    """Authenticates browsers by their cookie, and answers them with pages."""

    def __init__(self, app: ASGIApp, api: Api) -> None:
        self._app = app
        self._api = api

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if wants_page(headers):
            send = ErrorPages(send, _after_sign_in(scope)).send
        token = None if self._api.loopback else _token_of(headers)
        if token is not None and "authorization" not in headers:
            try:
                check_page(scope["method"], scope["path"], headers, token)
            except ForbiddenError as error:
                await error_response(error)(scope, receive, send)
                return
            carried = (b"authorization", b"Bearer " + token.encode("latin-1", "replace"))
            scope = {**scope, "headers": [*scope["headers"], carried]}
            scope["state"] = {**scope.get("state", {}), "csrf": csrf_of(token)}
        await self._app(scope, receive, send)


def wants_page(headers: Headers) -> bool:
    """True for a browser that opens a URL; programs accept anything or JSON."""
    return "text/html" in headers.get("accept", "")


def csrf_of(token: str) -> str:
    """Return the value that only pages shown to the holder of ``token`` have."""
    return hmac.new(token.encode(), b"reelworks page", hashlib.sha256).hexdigest()


def is_same_origin(headers: Headers) -> bool:
    """True when a page of this server sent the request."""
    origin = headers.get("origin", "")
    return origin != "" and urlsplit(origin).netloc.lower() == headers.get("host", "").lower()


def check_page(method: str, path: str, headers: Headers, token: str) -> None:
    """Refuse a change from any page but this server's (CSRF). Raises ``ForbiddenError``."""
    if method in SAFE_METHODS:
        return
    if not is_same_origin(headers):
        raise ForbiddenError("Only pages of this server may change something with its cookie.")
    if path == SIGN_IN or path.startswith(FORMS):
        return
    if not hmac.compare_digest(headers.get(CSRF_HEADER, "").encode(), csrf_of(token).encode()):
        raise ForbiddenError("The page is out of date; load it again.")


def _token_of(headers: Headers) -> str | None:
    """Return the cookie's token, unless another site's page makes the browser send it."""
    site = headers.get("sec-fetch-site", "none")
    opened = headers.get("sec-fetch-dest") == "document"
    if site not in ("none", "same-origin") and not opened:
        return None
    return cookie_parser(headers.get("cookie", "")).get(COOKIE) or None


def _after_sign_in(scope: Scope) -> str:
    """Return the sign-in page's path, which leads back to this page."""
    if scope["method"] not in SAFE_METHODS:
        return SIGN_IN
    query = scope["query_string"].decode("latin-1")
    return f"{SIGN_IN}?next={quote(scope['path'] + (f'?{query}' if query else ''), safe='')}"


def safe_next(address: str) -> str:
    """Return a URL of this server to continue at; "/" for any other."""
    parts = urlsplit(address)
    plain = address.isprintable() and "\\" not in address and not address.startswith("//")
    return address if plain and address.startswith("/") and not parts.netloc else "/"

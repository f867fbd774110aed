"""Signing in with a token, and out."""

from __future__ import annotations

from urllib.parse import urlsplit

from fastapi import Request
from fastapi.responses import RedirectResponse, Response

from reelworks.app.api.http.request_context import Context
from reelworks.app.web.page_route import Form, page_router
from reelworks.app.web.rendering import page
from reelworks.app.web.session import (
    COOKIE,
    COOKIE_SECONDS,
    FORMS,
    SIGN_IN,
    is_same_origin,
    safe_next,
)
from reelworks.errors import ForbiddenError
from reelworks.store.access.tokens import find_token

router = page_router()


@router.get(SIGN_IN)
def sign_in(request: Request, api: Context, next: str = "/") -> Response:
    """Show the sign-in form."""
    if api.loopback:
        return RedirectResponse("/", 303)
    # A link of another site opened this page: the browser did not send the cookie, if it has one.
    # Loading the requested page once more, from this one, sends it.
    elsewhere = request.headers.get("sec-fetch-site") == "cross-site"
    known = {"next": safe_next(next), "elsewhere": elsewhere, "wrong": None}
    return page(request, "sign_in.html", known)


@router.post(SIGN_IN)
async def sign_in_with_token(request: Request, api: Context) -> Response:
    """Store a valid token in a cookie."""
    if not is_same_origin(request.headers):
        raise ForbiddenError("Only pages of this server may send this form.")
    form = await request.form(max_files=0)
    token, after = str(form.get("token", "")).strip(), safe_next(str(form.get("next", "/")))
    return _answer(request, api, token, after)


def _answer(request: Request, api: Context, token: str, after: str) -> Response:
    if find_token(api.engine, token) is None:
        wrong = (
            "The token is invalid, expired or revoked; check it, or ask an administrator for one."
        )
        known = {"next": after, "elsewhere": False, "wrong": wrong}
        return page(request, "sign_in.html", known, 422)
    answer = RedirectResponse(after, 303)
    secure = urlsplit(request.headers["origin"]).scheme == "https"
    answer.set_cookie(
        COOKIE, token, COOKIE_SECONDS, httponly=True, samesite="strict", secure=secure
    )
    return answer


@router.post(f"{FORMS}sign-out")
def sign_out(form: Form) -> Response:
    """Delete the cookie."""
    del form
    answer = RedirectResponse(SIGN_IN, 303)
    answer.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return answer

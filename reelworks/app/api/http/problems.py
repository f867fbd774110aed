"""Errors as RFC 9457 problem details."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from reelworks.app.api.http.field_errors import FieldError, field_errors, first_sentence
from reelworks.app.api.http.methods import allowed_methods, options_response
from reelworks.app.api.schemas.visibility import visible_text
from reelworks.domain.library.access import ANONYMOUS, Caller
from reelworks.domain.printable import one_line
from reelworks.errors import (
    InputError,
    ReelworksError,
    TooManyRequestsError,
    UnauthenticatedError,
    UnsupportedTypeError,
    exhausted,
)

log = logging.getLogger(__name__)
AWAY_SECONDS = 5.0
"""When a client may ask again while a part is down; what restarts it needs about as long."""
MEDIA_TYPE = "application/problem+json"
_CODES = {
    400: "bad_request",
    404: "not_found",
    405: "method_not_allowed",
    413: "over_limit",
    415: "unsupported_media",
    422: "bad_input",
}
_DETAILS = {
    400: "The request's body cannot be read; send valid JSON in UTF-8.",
    404: "There is nothing at this URL.",
}
_TITLES = {
    400: "Bad request",
    401: "A token is needed",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    408: "Request timeout",
    409: "Conflict",
    410: "Gone",
    413: "Too large",
    415: "Unsupported media type",
    416: "Range not satisfiable",
    421: "Wrong host",
    422: "Invalid input",
    429: "Too many requests",
    431: "Request headers too large",
    500: "Internal error",
    502: "Bad response from another server",
    503: "Service unavailable",
    507: "No space left",
}


class Problem(BaseModel):
    """What went wrong (RFC 9457)."""

    type: str = Field(examples=["urn:reelworks:problem:unknown_video"])
    title: str = Field(examples=["Not found"])
    status: int = Field(examples=[404])
    detail: str = Field(
        description="One sentence: what happened, to what, what to do.",
        examples=["No video has the id talk-1."],
    )
    code: str = Field(description="For programs.", examples=["unknown_video"])
    retryable: bool = Field(description="True when the same request may work later.")
    errors: list[FieldError] = Field(
        default=[], description="Of a request with wrong fields: which, and why."
    )


def problem_of(
    status: int, code: str, detail: str, *, retryable: bool = False, **more: Any
) -> dict[str, Any]:
    """Return the body of a problem."""
    return {
        "type": f"urn:reelworks:problem:{code}",
        "title": _TITLES.get(status, "Error"),
        "status": status,
        "detail": one_line(detail),
        "code": code,
        "retryable": retryable,
    } | more


def problem_response(
    body: Mapping[str, Any], headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """Return a problem as a response."""
    return JSONResponse(body, body["status"], headers=dict(headers or {}), media_type=MEDIA_TYPE)


def error_response(error: ReelworksError, caller: Caller = ANONYMOUS) -> JSONResponse:
    """Return an error of ``reelworks.errors`` as a response.

    Input errors repeat what the caller sent; other messages may name the server's folders and
    hosts, which not every caller may see.
    """
    headers = {}
    wait = getattr(error, "retry_after", None)
    if wait is None and error.http_status == 503 and error.retryable:
        wait = AWAY_SECONDS
    if wait is not None:
        headers["Retry-After"] = str(max(1, math.ceil(wait)))
    if isinstance(error, UnauthenticatedError):
        headers["WWW-Authenticate"] = "Bearer"
    if error.http_status >= 500 and not isinstance(error, TooManyRequestsError):
        log.warning("%s: %s", error.code, error)
    detail = str(error) if isinstance(error, InputError) else visible_text(str(error), caller)
    body = problem_of(error.http_status, error.code, detail, retryable=error.retryable)
    return problem_response(body, headers)


def install(app: FastAPI) -> None:
    """Answer every error of ``app`` with a problem, never with a stack trace."""

    @app.exception_handler(ReelworksError)
    async def known_error(request: Request, error: ReelworksError) -> Response:
        return error_response(error, getattr(request.state, "caller", ANONYMOUS))

    @app.exception_handler(HTTPException)
    async def framework_error(request: Request, error: HTTPException) -> Response:
        if isinstance(error.__cause__, ReelworksError):  # met while the framework read the body
            return error_response(error.__cause__)
        status, headers = error.status_code, dict(error.headers or {})
        detail = _DETAILS.get(status, error.detail)
        if status == 405:
            headers["Allow"] = allowed_methods(app, request)
            if request.method == "OPTIONS":
                return options_response(headers["Allow"])
            detail = f"{request.method} is not possible at this URL; use {headers['Allow']}."
        body = problem_of(status, _CODES.get(status, "bad_request"), detail)
        return problem_response(body, headers)

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> Response:
        return problem_response(_invalid(error))

    @app.exception_handler(Exception)
    async def internal_error(_: Request, error: Exception) -> Response:
        # Starlette raises it again for the server, which logs the trace.
        known = exhausted(error)
        return problem_response(internal_problem()) if known is None else error_response(known)


def internal_problem() -> dict[str, Any]:
    """Return the body for an unexpected error."""
    return problem_of(500, "internal", "Unexpected internal error; please report it.")


def _invalid(error: RequestValidationError) -> dict[str, Any]:
    """Return what is wrong with which field; what was sent is not repeated."""
    found = error.errors()
    if found[0]["type"] == "json_invalid":
        return problem_of(400, "bad_request", "The request's body is not valid JSON.")
    if isinstance(error.body, bytes | bytearray) and error.body:  # the framework read no JSON
        return problem_of(415, UnsupportedTypeError.code, "Send the body as application/json.")
    wrong = [one.model_dump() for one in field_errors(found)]
    return problem_of(422, "bad_input", first_sentence(found), errors=wrong)

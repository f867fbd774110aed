"""CORS and compression of responses."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES, GZipMiddleware

SMALLEST = 1000
"""Bytes below which compression gains nothing."""
_LEVEL = 5
_NOT_COMPRESSED = (
    *DEFAULT_EXCLUDED_CONTENT_TYPES,
    "application/octet-stream",
    # A page repeats what is searched for beside its CSRF value: its compressed length would give
    # that away to those who can see it and choose the query (BREACH).
    "text/html",
)
_METHODS = ("GET", "HEAD", "POST", "DELETE")
_REQUEST_HEADERS = ("Authorization", "Content-Type", "Idempotency-Key", "Last-Event-ID", "Range")
_RESPONSE_HEADERS = (
    "Content-Disposition",
    "Content-Range",
    "ETag",
    "Idempotent-Replay",
    "Location",
    "Retry-After",
)
_PREFLIGHT_SECONDS = 600


def add_compression(app: FastAPI) -> None:
    """Compress JSON and text for clients that accept gzip; media are sent as they are."""
    app.add_middleware(
        GZipMiddleware,
        minimum_size=SMALLEST,
        compresslevel=_LEVEL,
        exclude_content_types=_NOT_COMPRESSED,
    )


def add_cors(app: FastAPI, origins: frozenset[str]) -> None:
    """Let pages of ``origins`` call the API; without one nothing is added.

    Cookies are not allowed: such a page sends a token.
    """
    if not origins:
        return
    app.add_middleware(
        CORSMiddleware,
        allow_origins=sorted(origins),
        allow_methods=_METHODS,
        allow_headers=_REQUEST_HEADERS,
        expose_headers=_RESPONSE_HEADERS,
        max_age=_PREFLIGHT_SECONDS,
    )

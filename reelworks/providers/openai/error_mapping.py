"""Error mapping of the ``openai`` SDK to our own errors.

Pure: an SDK error in, an error of ``reelworks.errors`` out. No message repeats the key, not even
the masked form that a server quotes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus

from openai import (
    APIConnectionError,
    APIResponseValidationError,
    APIStatusError,
    APITimeoutError,
    OpenAIError,
)

from reelworks.errors import (
    ProviderAnswerError,
    ProviderAuthError,
    ProviderError,
    ProviderRejectedError,
    ProviderUnavailableError,
    RateLimitedError,
)
from reelworks.providers.http.retry_after import retry_after

QUOTA_CODES = frozenset(
    {
        "insufficient_quota",
        "credit_balance_exhausted",
        "organization_spend_limit_exceeded",
        "organization_usage_limit_exceeded",
        "project_spend_limit_exceeded",
    }
)
"""``type`` or ``code`` of a 429 that is permanent (OpenAI, "Error codes" guide, 2026)."""

_TRANSIENT = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.CONFLICT, HTTPStatus.TOO_EARLY})
_KEY_LIKE = re.compile(r"\b(?:g?sk[-_]|AIza|Bearer )[\w*.-]{4,}")
_LONGEST_REASON = 240


@dataclass(frozen=True, slots=True)
class CallContext:
    """Context of a call, for error messages: the server, the model and its setting."""

    host: str
    model: str
    setting: str
    """The environment variable that names the model, such as ``VISION_MODEL``."""


def provider_error(error: OpenAIError, context: CallContext, secret: str) -> ProviderError:
    """Return our error for one of the SDK's. ``secret`` is removed from any quoted reason."""
    host = context.host
    if isinstance(error, APITimeoutError):
        return ProviderUnavailableError(
            f"{host} did not answer in time for {context.model}; try again later, "
            "or raise PROVIDER_TIMEOUT."
        )
    if isinstance(error, APIConnectionError):
        return ProviderUnavailableError(
            f"{host} cannot be reached, or closed the connection; check the network and "
            "OPENAI_BASE_URL, then try again."
        )
    if isinstance(error, APIResponseValidationError):
        return ProviderAnswerError(f"{host} answered in a format that is not the OpenAI API's.")
    if isinstance(error, APIStatusError):
        return _from_status(error, context, _reason(error, secret))
    return ProviderRejectedError(
        f"The request to {host} for {context.model} could not be made ({type(error).__name__}); "
        f"check {context.setting} and OPENAI_BASE_URL."
    )


def _from_status(error: APIStatusError, context: CallContext, reason: str) -> ProviderError:
    status, host, model = error.status_code, context.host, context.model
    if status == HTTPStatus.UNAUTHORIZED:
        return ProviderAuthError(f"{host} rejected the key; set OPENAI_API_KEY to a valid one.")
    if status == HTTPStatus.FORBIDDEN:
        return ProviderAuthError(
            f"{host} does not let this key use {model} ({reason}); check OPENAI_API_KEY's "
            f"permissions, or set {context.setting} to another model."
        )
    if status == HTTPStatus.NOT_FOUND:
        return ProviderRejectedError(
            f"{host} has no model {model} ({reason}); check {context.setting} and OPENAI_BASE_URL."
        )
    if status == HTTPStatus.PAYMENT_REQUIRED or _is_quota(error):
        return ProviderRejectedError(
            f"The account at {host} has no credit left or reached its spending limit ({reason}); "
            "add credit or raise the limit there."
        )
    if status == HTTPStatus.TOO_MANY_REQUESTS or status in _TRANSIENT or status >= 500:
        return _transient_error(error, context, reason)
    return ProviderRejectedError(f"{host} rejected this request for {model}: {reason}.")


def _transient_error(error: APIStatusError, context: CallContext, reason: str) -> ProviderError:
    wait = retry_after(error.response.headers, datetime.now(UTC))
    if error.status_code == HTTPStatus.TOO_MANY_REQUESTS or wait is not None:
        tail = f"try again in {wait:.0f} s" if wait is not None else "try again later"
        return RateLimitedError(
            f"{context.host} rate-limited the request for {context.model} ({reason}); {tail}.",
            retry_after=wait,
        )
    return ProviderUnavailableError(
        f"{context.host} returned a server error for {context.model} ({reason}); try again later."
    )


def _is_quota(error: APIStatusError) -> bool:
    return error.status_code == HTTPStatus.TOO_MANY_REQUESTS and bool(
        {error.code, error.type} & QUOTA_CODES
    )


def _reason(error: APIStatusError, secret: str) -> str:
    """Return the server's own words in one short line without any key, else the status."""
    status = f"HTTP {error.status_code}"
    said = error.body.get("message") if isinstance(error.body, dict) else None
    if not isinstance(said, str) or not said.strip():
        return status
    line = " ".join(said.split()).replace(secret, "…")
    return f"{status}, {_KEY_LIKE.sub('…', line)[:_LONGEST_REASON].rstrip('. ')}"

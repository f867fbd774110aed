"""Each error of the SDK becomes one of ours: retried or not, and with what to do."""

from __future__ import annotations

import httpx2
import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelworks.errors import (
    ProviderAnswerError,
    ProviderAuthError,
    ProviderError,
    ProviderRejectedError,
    ProviderUnavailableError,
    RateLimitedError,
)
from reelworks.providers.openai.error_mapping import QUOTA_CODES, CallContext, provider_error

CONTEXT = CallContext("models.example.org", "some-model", "VISION_MODEL")
KEY = "sk-secret-0123456789"
REQUEST = httpx2.Request("POST", "https://models.example.org/v1/chat/completions")


def status_error(
    status: int, body: object = None, headers: dict[str, str] | None = None
) -> openai.APIStatusError:
    response = httpx2.Response(status, headers=headers, request=REQUEST)
    return openai.APIStatusError("an error", response=response, body=body)


def mapped(error: openai.OpenAIError) -> ProviderError:
    return provider_error(error, CONTEXT, KEY)


@pytest.mark.parametrize(
    ("status", "kind", "message"),
    [
        (400, ProviderRejectedError, "rejected this request for some-model: HTTP 400."),
        (401, ProviderAuthError, "rejected the key; set OPENAI_API_KEY to a valid one."),
        (402, ProviderRejectedError, "has no credit left or reached its spending limit"),
        (403, ProviderAuthError, "set VISION_MODEL to another model"),
        (404, ProviderRejectedError, "has no model some-model (HTTP 404); check VISION_MODEL"),
        (408, ProviderUnavailableError, "returned a server error for some-model"),
        (409, ProviderUnavailableError, "try again later"),
        (422, ProviderRejectedError, "rejected this request"),
        (425, ProviderUnavailableError, "try again later"),
        (429, RateLimitedError, "rate-limited the request for some-model (HTTP 429); try again"),
        (500, ProviderUnavailableError, "returned a server error for some-model (HTTP 500)"),
        (529, ProviderUnavailableError, "returned a server error"),
    ],
)
def test_a_status_decides(status: int, kind: type[ProviderError], message: str) -> None:
    error = mapped(status_error(status))
    assert type(error) is kind
    assert message in str(error) and "models.example.org" in str(error)


@pytest.mark.parametrize("code", sorted(QUOTA_CODES))
@pytest.mark.parametrize("field", ["code", "type"])
def test_an_empty_account_is_permanent_although_its_status_is_429(code: str, field: str) -> None:
    error = mapped(status_error(429, {field: code, "message": "Out of money."}))
    assert type(error) is ProviderRejectedError and not error.retryable
    assert "(HTTP 429, Out of money)" in str(error)


@pytest.mark.parametrize("status", [408, 429, 503])
def test_a_retry_after_is_taken_over(status: int) -> None:
    error = mapped(status_error(status, headers={"retry-after": "7"}))
    assert isinstance(error, RateLimitedError) and error.retry_after == 7.0
    assert str(error).endswith("try again in 7 s.")


@given(st.integers(400, 599), st.text(max_size=400), st.text(max_size=400))
def test_no_message_repeats_the_key_or_breaks_its_line(
    status: int, before: str, after: str
) -> None:
    message = str(mapped(status_error(status, {"message": f"{before} {KEY} {after}"})))
    assert KEY not in message
    assert len(message.splitlines()) == 1
    assert len(message) < 600


@pytest.mark.parametrize("body", [None, "text", [], {}, {"message": None}, {"message": "  "}])
def test_a_body_without_a_message_leaves_the_status(body: object) -> None:
    assert "(HTTP 500)" in str(mapped(status_error(500, body)))


def test_errors_without_an_answer() -> None:
    late = mapped(openai.APITimeoutError(request=REQUEST))
    assert type(late) is ProviderUnavailableError and "did not answer in time" in str(late)
    away = mapped(openai.APIConnectionError(request=REQUEST))
    assert type(away) is ProviderUnavailableError and "cannot be reached" in str(away)
    odd = mapped(
        openai.APIResponseValidationError(response=httpx2.Response(200, request=REQUEST), body=None)
    )
    assert type(odd) is ProviderAnswerError
    other = mapped(openai.OpenAIError("no"))
    assert type(other) is ProviderRejectedError and "could not be made (OpenAIError)" in str(other)

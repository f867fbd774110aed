"""Errors as problem details: status, code, sentence, and what a caller may read."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fastapi import FastAPI, HTTPException
from fastapi.testclient import TestClient

from reelworks.app.api.http.problems import (
    MEDIA_TYPE,
    error_response,
    install,
    internal_problem,
    problem_of,
)
from reelworks.domain.library.access import LOCAL
from reelworks.errors import (
    InputError,
    RateLimitedError,
    StoreUnavailableError,
    UnauthenticatedError,
    UnknownVideoError,
)


def body(response: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(response.body)
    return found


def test_a_problem_has_one_line_and_a_type_for_programs() -> None:
    found = problem_of(404, "unknown_video", "No video\nhas it.", retryable=True, more=1)
    assert found["type"] == "urn:reelworks:problem:unknown_video"
    assert "\n" not in found["detail"]
    assert (found["status"], found["retryable"], found["more"]) == (404, True, 1)
    assert problem_of(418, "x", "y")["title"] == "Error"
    assert internal_problem()["code"] == "internal"


def test_an_error_has_its_status_and_code() -> None:
    response = error_response(UnknownVideoError("No video has the id v."))
    assert (response.status_code, response.media_type) == (404, MEDIA_TYPE)
    assert body(response)["code"] == "unknown_video"
    assert "retry-after" not in response.headers


@pytest.mark.parametrize(
    ("error", "wait"),
    [
        (RateLimitedError("Busy.", retry_after=1.2), "2"),
        (RateLimitedError("Busy.", retry_after=0.0), "1"),
    ],
)
def test_a_caller_is_told_how_long_to_wait(error: Exception, wait: str) -> None:
    assert error_response(error).headers["retry-after"] == wait


def test_an_outage_says_when_to_come_again_and_a_missing_token_how() -> None:
    assert "retry-after" in error_response(StoreUnavailableError("It is away.")).headers
    assert error_response(UnauthenticatedError("No.")).headers["www-authenticate"] == "Bearer"


def test_only_the_local_user_reads_the_server_s_folders() -> None:
    error = StoreUnavailableError("The disk of /srv/secret/data is away.")
    assert "/srv/secret" in body(error_response(error, LOCAL))["detail"]
    assert "/srv/secret" not in body(error_response(error))["detail"]
    sent = InputError("/srv/mine.mp4 is not a video.")
    assert "/srv/mine.mp4" in body(error_response(sent))["detail"], "the caller sent it"


@pytest.fixture
def client() -> TestClient:
    app = FastAPI()
    install(app)

    @app.get("/numbers/{number}")
    async def number(number: int) -> int:
        return number

    @app.get("/broken")
    async def broken() -> None:
        raise ZeroDivisionError

    @app.get("/refused")
    async def refused() -> None:
        raise HTTPException(405, "Not so.")

    return TestClient(app, raise_server_exceptions=False)


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/nothing", 404, None),
        ("/numbers/x", 422, "bad_input"),
        ("/broken", 500, "internal"),
        ("/refused", 405, None),
    ],
)
def test_no_error_of_an_application_is_anything_else(
    client: TestClient, path: str, status: int, code: str | None
) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (status, MEDIA_TYPE)
    found = answer.json()
    assert set(found) >= {"type", "title", "status", "detail", "code", "retryable"}
    assert code is None or found["code"] == code
    assert "ZeroDivision" not in answer.text

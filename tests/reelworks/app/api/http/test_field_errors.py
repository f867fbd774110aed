"""Sentences about wrong fields."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient
from pydantic import ValidationError

from reelworks.app.api.http.field_errors import field_errors, first_sentence
from reelworks.app.api.schemas.requests import NewJobIn, NewVideoIn


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({}, "The field video_id is required."),
        ({"video_id": "v", "colour": 1}, "The field colour is unknown; check its spelling."),
        ({"video_id": 5}, "The field video_id must be text."),
        (
            {"video_id": "No Id!"},
            "The field video_id is invalid: use A-Z, a-z, 0-9, '.', '_' and '-', at most 128 "
            "characters, and begin with a letter or digit.",
        ),
        ({"video_id": "v", "priority": 2000}, "The field priority must be at most 1,000."),
        ({"video_id": "v", "priority": "x"}, "The field priority must be a whole number."),
        ({"video_id": "v", "priority": 1.5}, "The field priority must be a whole number."),
        ({"video_id": "v", "recompute": "x"}, "The field recompute must be a list."),
        ({"video_id": "v", "kind": "talk"}, "The field kind must be 'index'."),
        ({"video_id": "v", "params": 7}, "The field params must be an object."),
        (
            {"video_id": "v", "params": {"library": "My Library"}},
            "The field params.library must be a name of a-z, 0-9, - and _, at most 63 characters.",
        ),
        (
            {"video_id": "v", "webhook_url": ""},
            "The field webhook_url must have at least 1 character.",
        ),
        (
            {"video_id": "v", "params": {"language": "klingon"}},
            "The field params.language is invalid: 'klingon' is not a language that can be "
            "transcribed, give a code such as 'en'.",
        ),
        ([], "The request's body must be an object."),
    ],
)
def test_a_body_s_fields_have_their_own_sentences(
    app_client: TestClient, sent: Any, sentence: str
) -> None:
    answer = app_client.post("/jobs", json=sent)

    assert (answer.status_code, answer.json()["detail"]) == (422, sentence)


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("/videos?limit=501", "The field limit must be at most 500."),
        ("/videos?limit=0", "The field limit must be at least 1."),
        ("/videos?min_seconds=soon", "The field min_seconds must be a number."),
        ("/videos?min_seconds=nan", "The field min_seconds must be a finite number."),
        ("/search?q=a&text_on_screen=2", "The field text_on_screen must be true or false."),
        (
            "/videos?created_from=2026-01-01T00:00:00",
            "The field created_from must be a date and time with a time zone, for example "
            "2026-11-27T09:30:00Z.",
        ),
        (
            "/videos?created_from=today",
            "The field created_from must be a date and time, for example 2026-11-27T09:30:00Z.",
        ),
        (
            "/videos?status=old",
            "The field status must be 'pending', 'processing', 'ready' or 'failed'.",
        ),
        (
            "/videos/x/frames/y.jpg",
            "The field frame_id must be the id of a frame, for example talk-3fa2c1d0_frame_004.",
        ),
    ],
)
def test_so_have_queries_and_paths(app_client: TestClient, address: str, sentence: str) -> None:
    answer = app_client.get(address)

    assert (answer.status_code, answer.json()["detail"]) == (422, sentence)


def test_all_wrong_fields_are_listed_and_no_value_is_repeated(app_client: TestClient) -> None:
    sent = {"video_id": "SECRET!", "priority": "SECRET", "SEEN": "SECRET"}

    answer = app_client.post("/jobs", json=sent)

    assert {one["field"] for one in answer.json()["errors"]} == {"video_id", "priority", "SEEN"}
    assert "SECRET" not in answer.text


def test_a_rule_of_our_own_has_its_own_words() -> None:
    with pytest.raises(ValidationError) as refused:
        NewVideoIn.model_validate({"id": "v"})
    errors = [one | {"loc": ("body", *one["loc"])} for one in refused.value.errors()]

    assert first_sentence(errors) == "The request is invalid: give one of url, s3_key and path."
    assert field_errors(errors)[0].reason == "give one of url, s3_key and path"


def test_a_check_without_a_sentence_of_its_own_never_shows_the_library_s() -> None:
    errors = [{"type": "is_new", "loc": ("body", "x"), "msg": "Input should be so", "ctx": {}}]

    assert first_sentence(errors) == "The field x has a wrong value."
    with pytest.raises(ValidationError):
        NewJobIn.model_validate({})


@pytest.mark.parametrize("path", ["/jobs", "/videos", "/jobs/retry", "/dispatcher/pause"])
@pytest.mark.parametrize("body", [b"{", b'{"a": 1,}', b"nothing", b'{"a": "\xff"}', b"[" * 100_000])
def test_what_is_no_json_is_a_bad_request(app_client: TestClient, path: str, body: bytes) -> None:
    answer = app_client.post(path, content=body, headers={"Content-Type": "application/json"})

    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request"), answer.text
    assert "JSON" in answer.json()["detail"]


@pytest.mark.parametrize("path", ["/jobs", "/videos", "/jobs/retry", "/dispatcher/pause"])
@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "x/y-www-form", ""])
def test_a_body_of_another_type_is_unsupported(
    app_client: TestClient, path: str, kind: str
) -> None:
    headers = {"Content-Type": kind} if kind else {}
    answer = app_client.post(path, content=b'{"video_id": "v"}', headers=headers)

    assert answer.status_code == 415, answer.text
    assert answer.json()["code"] == "unsupported_content_type"
    assert "application/json" in answer.json()["detail"]


def test_a_missing_body_is_named(app_client: TestClient) -> None:
    answer = app_client.post("/jobs")

    assert answer.status_code == 422
    assert answer.json()["detail"] == "The request has no body; send one as application/json."

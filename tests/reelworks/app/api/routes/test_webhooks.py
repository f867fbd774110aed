"""Webhooks in the OpenAPI document: what the receiver of a call gets."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr

from reelworks.app.dispatcher.webhooks import signed_headers
from tests.reelworks.app.api.conftest import SECRET


@pytest.fixture(scope="module")
def document(app_client: TestClient) -> dict[str, Any]:
    found: dict[str, Any] = app_client.get("/openapi.json").json()
    return found


def test_the_end_of_a_job_is_a_webhook_in_its_standard_envelope(document):
    (hook,) = document["webhooks"].values()
    body = hook["post"]["requestBody"]["content"]["application/json"]["schema"]["$ref"]
    event = document["components"]["schemas"][body.rpartition("/")[2]]

    assert document["openapi"].startswith("3.1")
    assert set(event["required"]) == {"type", "timestamp", "data"}
    assert event["properties"]["type"]["enum"] == ["job.done", "job.failed", "job.cancelled"]
    assert set(hook["post"]["responses"]) == {"204", "410"}


def test_its_headers_are_those_that_are_sent(document):
    (hook,) = document["webhooks"].values()
    sent = signed_headers(SecretStr(SECRET), "msg_1", b"{}")

    assert {one["name"] for one in hook["post"]["parameters"]} == {
        name for name in sent if name.startswith("webhook-")
    }


def test_it_is_a_call_of_the_server_and_no_route_of_it(app_client, document):
    assert "job.ended" not in document["paths"]
    assert app_client.post("/job.ended", json={}).status_code == 404

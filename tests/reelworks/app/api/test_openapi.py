"""The OpenAPI document: what a generator of clients needs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from reelworks.app.api.openapi import problem_statuses

PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
Document = dict[str, Any]


@pytest.fixture(scope="module")
def document(app_client: TestClient) -> Document:
    found: Document = app_client.get("/openapi.json").json()
    return found


def operations(document: Document) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield f"{method} {path}", operation


def schemas_in(value: Any) -> Iterator[dict[str, Any]]:
    """Every schema below a part of the document."""
    if isinstance(value, dict):
        if "schema" in value:
            yield value["schema"]
        for one in value.values():
            yield from schemas_in(one)
    elif isinstance(value, list):
        for one in value:
            yield from schemas_in(one)


def test_operations_have_short_names_of_their_own_and_a_documented_tag(document):
    names = [operation["operationId"] for _, operation in operations(document)]
    tags = {tag["name"] for tag in document["tags"]}

    assert len(set(names)) == len(names) > 30
    assert all(name.replace("_", "").isalpha() and len(name) < 25 for name in names), names
    for _, operation in operations(document):
        assert len(operation["tags"]) == 1
        assert operation["tags"][0] in tags
    assert [server["url"] for server in document["servers"]] == ["/"]


def test_every_error_is_the_one_problem(document):
    for name, operation in operations(document):
        for status, response in operation["responses"].items():
            if status >= "400" and not (status == "503" and name.endswith("z")):
                assert response["content"] == PROBLEM, (name, status)
    problem = document["components"]["schemas"]["Problem"]
    assert {"type", "title", "status", "detail", "code", "retryable"} <= set(problem["required"])
    assert "HTTPValidationError" not in document["components"]["schemas"]


def test_no_object_is_described_without_a_name(document):
    """A generator makes a class of each such schema, under names that clash."""
    for name, operation in operations(document):
        for schema in schemas_in([operation["responses"], operation.get("requestBody")]):
            assert schema.get("type") != "object", (name, schema)


def test_every_body_has_a_type_that_generators_know(document):
    known = ("application/json", "application/problem+json", "application/octet-stream", "text/")
    for name, operation in operations(document):
        for status, response in operation["responses"].items():
            if content := response.get("content"):
                assert any(one.startswith(known) for one in content), (name, status, content)


@pytest.mark.parametrize(
    ("operation", "statuses"),
    [
        ("post /videos", {"200", "201", "202", "400", "409", "413", "415", "422"}),
        ("post /jobs", {"202", "400", "404", "409", "415", "422"}),
        ("post /jobs/{job_id}/retry", {"202", "404", "409"}),
        ("get /result/{job_id}", {"200", "404", "409"}),
        ("get /search", {"200", "410", "422"}),
        ("get /videos/{video_id}/transcript", {"200", "404"}),
    ],
)
def test_statuses_are_those_that_are_sent(document, operation, statuses):
    found = dict(operations(document))[operation]["responses"]

    assert set(found) >= statuses | {"401", "403", "429", "500", "503"}
    assert not any("X" in status for status in found)
    assert ("202" in found) == ("202" in statuses)
    for status in statuses & {"200", "201", "202"}:
        (content,) = found[status]["content"].values()
        assert "$ref" in content["schema"]


def test_states_are_enums(document):
    schemas = document["components"]["schemas"]

    assert schemas["VideoStatus"]["enum"] == ["pending", "processing", "ready", "failed"]
    status = schemas["VideoOut"]["properties"]["status"]
    assert status == {"$ref": "#/components/schemas/VideoStatus"}
    assert "button" in schemas["ControlKind"]["enum"]


def test_the_statuses_of_an_operation_follow_from_its_parts():
    bare = {"responses": {"200": {}}}
    assert problem_statuses("/livez", bare) == [403, 429, 431, 500, 503]
    assert problem_statuses("/x", bare | {"parameters": [{"in": "path", "name": "id"}]}) == [
        401, 403, 404, 422, 429, 431, 500, 503,
    ]  # fmt: skip
    assert problem_statuses("/x", {"responses": {"410": {}}})[2] == 410

"""The page of the API: operations and types of an OpenAPI document in words."""

from __future__ import annotations

import pytest

from reelworks.app.web.api_reference import Type, operations_of, schemas_of, type_of

DOCUMENT = {
    "paths": {
        "/videos/{video_id}": {
            "get": {
                "tags": ["videos"],
                "description": "Show a video.",
                "parameters": [
                    {
                        "name": "video_id",
                        "in": "path",
                        "required": True,
                        "description": "The video's id.",
                        "schema": {"type": "string", "pattern": "^[a-z]$"},
                    }
                ],
                "responses": {
                    "404": {"description": "Not found."},
                    "200": {
                        "description": "Successful Response",
                        "content": {
                            "application/json": {"schema": {"$ref": "#/components/schemas/Video"}}
                        },
                    },
                },
            },
            "delete": {"tags": ["videos"], "responses": {"204": {"description": "Gone."}}},
        },
        "/livez": {
            "get": {
                "summary": "Livez",
                "responses": {"200": {"description": "", "content": {"text/plain": {}}}},
            }
        },
        "/jobs": {
            "post": {
                "tags": ["jobs"],
                "requestBody": {
                    "content": {
                        "application/json": {
                            "schema": {
                                "type": "object",
                                "required": ["video_id"],
                                "properties": {
                                    "video_id": {"type": "string", "description": "Which."},
                                    "priority": {"type": "integer"},
                                },
                                "examples": [{"video_id": "ä"}],
                            }
                        }
                    }
                },
                "responses": {},
            }
        },
    },
    "components": {
        "schemas": {
            "Video": {
                "type": "object",
                "description": "A video.",
                "properties": {"id": {"type": "string"}},
                "required": ["id"],
            },
            "Kind": {"enum": ["speech", "text"]},
        }
    },
}


def test_operations_are_grouped_by_tag_in_the_document_s_order():
    groups = operations_of(DOCUMENT)

    assert list(groups) == ["videos", "other", "jobs"]
    assert [(one.method, one.path) for one in groups["videos"]] == [
        ("GET", "/videos/{video_id}"),
        ("DELETE", "/videos/{video_id}"),
    ]
    assert [one.id for one in groups["videos"]] == ["get-videos-video-id", "delete-videos-video-id"]


def test_an_operation_has_parameters_bodies_and_sorted_answers():
    groups = operations_of(DOCUMENT)
    show, _ = groups["videos"]
    (parameter,) = show.parameters
    (body,) = groups["jobs"][0].bodies

    assert show.description == "Show a video."
    assert (parameter.name, parameter.where, parameter.required) == ("video_id", "path", True)
    assert parameter.type == Type("text, like ^[a-z]$")
    assert [(one.status, one.description, one.type) for one in show.answers] == [
        ("200", "Done.", Type("Video", "Video")),
        ("404", "Not found.", None),
    ]
    assert [(one.name, one.required) for one in body.fields] == [
        ("video_id", True),
        ("priority", False),
    ]
    assert body.example == '{\n  "video_id": "ä"\n}'


def test_without_a_description_the_summary_stands_and_a_media_type_is_a_type():
    (alive,) = operations_of(DOCUMENT)["other"]

    assert alive.description == "Livez"
    assert alive.answers[0].type == Type("text/plain")


def test_named_schemas_come_by_name():
    kind, video = schemas_of(DOCUMENT)

    assert (kind.name, kind.words, kind.fields) == ("Kind", '"speech" or "text"', ())
    assert (video.name, video.description) == ("Video", "A video.")
    assert [(one.name, one.required) for one in video.fields] == [("id", True)]
    assert schemas_of({"paths": {}}) == []


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({}, "anything"),
        ({"type": "string"}, "text"),
        ({"type": "string", "format": "date-time"}, "date and time"),
        ({"type": "string", "format": "binary"}, "file"),
        ({"type": "string", "maxLength": 9}, "text, at most 9 characters"),
        ({"type": "integer", "minimum": 1, "maximum": 5000}, "whole number, 1 to 5,000"),
        ({"type": "number", "minimum": 0}, "number, at least 0"),
        ({"type": "number", "maximum": 1e9}, "number, at most 1,000,000,000"),
        ({"type": "boolean"}, "true or false"),
        ({"type": "null"}, "null"),
        ({"const": True}, "true"),
        ({"enum": ["a", 1]}, '"a" or 1'),
        (
            {"type": "array", "items": {"type": "string"}, "maxItems": 20},
            "list of text, at most 20",
        ),
        ({"type": "array"}, "list of anything"),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "text or null"),
        ({"oneOf": [{"type": "integer"}, {"const": "all"}]}, 'whole number or "all"'),
    ],
)
def test_types_in_words(schema, words):
    assert type_of(schema) == Type(words)


def test_a_reference_is_found_inside_lists_and_alternatives():
    reference = {"$ref": "#/components/schemas/Job"}

    assert type_of(reference) == Type("Job", "Job")
    assert type_of({"type": "array", "items": reference}) == Type("list of Job", "Job")
    assert type_of({"anyOf": [reference, {"type": "null"}]}) == Type("Job or null", "Job")


def test_a_body_that_is_a_named_type_shows_its_fields_and_webhooks_come_last() -> None:
    body = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/NewJob"}}}}
    document = {
        "paths": {"/jobs": {"post": {"tags": ["jobs"], "requestBody": body, "responses": {}}}},
        "webhooks": {"job.ended": {"post": {"requestBody": body, "responses": {}}}},
        "components": {
            "schemas": {
                "NewJob": {
                    "type": "object",
                    "required": ["video_id"],
                    "properties": {"video_id": {"type": "string"}},
                    "examples": [{"video_id": "talk"}],
                }
            }
        },
    }

    groups = operations_of(document)

    assert list(groups) == ["jobs", "webhooks"]
    assert groups["webhooks"][0].path == "job.ended"
    for (operation,) in groups.values():
        (shown,) = operation.bodies
        assert shown.type == Type("NewJob", "NewJob")
        assert [field.name for field in shown.fields] == ["video_id"]
        assert shown.example is not None
        assert "talk" in shown.example

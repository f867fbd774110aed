"""The OpenAPI document: problems with their true statuses, bodies that routes read themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from reelworks.app.api.http.auth import is_open
from reelworks.app.api.http.files.uploads import UploadForm
from reelworks.app.api.http.problems import MEDIA_TYPE, Problem
from reelworks.app.api.schemas.requests import NewVideoIn

TAGS = [
    {"name": "videos", "description": "Add, list, show and remove videos."},
    {"name": "media", "description": "Files of a video: media, frames, subtitles."},
    {"name": "search", "description": "Find moments and similar frames."},
    {"name": "jobs", "description": "The job queue: follow, retry, cancel, prioritize."},
    {"name": "service", "description": "Health, statistics, and pausing the dispatcher."},
]
SERVERS = [{"url": "/", "description": "The server that this document comes from."}]
_REFERENCE = "#/components/schemas/{model}"
_MORE_SCHEMAS: tuple[type[BaseModel], ...] = (Problem, NewVideoIn, UploadForm)
"""Schemas that no route declares: problems, and bodies that a route reads by itself."""
_ANY = (403, 429, 431, 500, 503)
"""Statuses of every operation: wrong host or scope, too many requests, too long headers, faults."""
_WITH_BODY = (400, 408, 413, 415, 422)
_IDEMPOTENT = (408, 409, 413)
"""The body is read for its fingerprint, also where none is needed."""
_METHODS = ("get", "post", "put", "patch", "delete")


class DocumentedApp(FastAPI):
    """An application whose OpenAPI document is complete."""

    def openapi(self) -> dict[str, Any]:
        """Return the document; made once."""
        document = super().openapi()
        if Problem.__name__ not in document["components"]["schemas"]:
            complete(document)
        return document


def new_video_body() -> dict[str, Any]:
    """Return the body of ``POST /videos``, which takes JSON or a form."""
    return {
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": _reference(NewVideoIn)},
                "multipart/form-data": {"schema": _reference(UploadForm)},
            },
        }
    }


def complete(document: dict[str, Any]) -> None:
    """Add the problems of each operation, and the schemas that no route declares."""
    _, more = models_json_schema(
        [(model, "validation") for model in _MORE_SCHEMAS], ref_template=_REFERENCE
    )
    schemas = document["components"]["schemas"]
    for name, schema in more["$defs"].items():
        schemas.setdefault(name, schema)
    for name in ("HTTPValidationError", "ValidationError"):  # the framework's own, never sent
        schemas.pop(name, None)
    for path, operation in _operations(document):
        responses = operation["responses"]
        for status in problem_statuses(path, operation):
            if "content" not in responses.get(str(status), {}) or status == 422:
                responses[str(status)] = _problem(status)
        operation["responses"] = dict(sorted(responses.items()))
    for hook in document.get("webhooks", {}).values():
        hook["post"]["responses"].pop("422", None)


def problem_statuses(path: str, operation: Mapping[str, Any]) -> list[int]:
    """Return the statuses of the problems with which an operation may be answered.

    A route declares those of its own; all others follow from its parts.
    """
    found = {int(one) for one in operation["responses"] if one >= "400"} | set(_ANY)
    parameters = operation.get("parameters", ())
    if not is_open(path):
        found.add(401)
    if parameters:
        found.add(422)
    if any(one["in"] == "path" for one in parameters):
        found.add(404)
    if any(one["name"] == "Idempotency-Key" for one in parameters):
        found.update(_IDEMPOTENT)
    if "requestBody" in operation:
        found.update(_WITH_BODY)
    return sorted(found)


def _operations(document: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method in _METHODS:
            if method in item:
                yield path, item[method]


def _problem(status: int) -> dict[str, Any]:
    content = {MEDIA_TYPE: {"schema": _reference(Problem)}}
    return {"description": f"{HTTPStatus(status).phrase}.", "content": content}


def _reference(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": _REFERENCE.format(model=model.__name__)}

"""The OpenAPI document as a page shows it: operations by tag, and the schemas they name."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Schema = Mapping[str, Any]
_REFERENCE = "#/components/schemas/"
_METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True, slots=True)
class Type:
    """A type in words, and the named schema that defines it."""

    words: str
    schema: str | None = None
    """Name of a schema; None when the words are all."""


@dataclass(frozen=True, slots=True)
class Field:
    """A parameter, a field of a body, or one of a schema."""

    name: str
    type: Type
    required: bool
    description: str
    where: str = ""
    """Of a parameter: path, query or header."""


@dataclass(frozen=True, slots=True)
class Body:
    """A request body."""

    media_type: str
    type: Type
    fields: tuple[Field, ...]
    example: str | None


@dataclass(frozen=True, slots=True)
class ResponseDoc:
    """A response."""

    status: str
    description: str
    type: Type | None


@dataclass(frozen=True, slots=True)
class Operation:
    """A method at a path."""

    id: str
    method: str
    path: str
    description: str
    parameters: tuple[Field, ...]
    bodies: tuple[Body, ...]
    answers: tuple[ResponseDoc, ...]


@dataclass(frozen=True, slots=True)
class NamedSchema:
    """A type that operations refer to."""

    name: str
    description: str
    words: str
    fields: tuple[Field, ...]


def operations_of(document: Schema) -> dict[str, list[Operation]]:
    """Return the operations of an OpenAPI document by tag, in the document's order.

    Last come the calls that the server makes, its webhooks.
    """
    found: dict[str, list[Operation]] = {}
    named = _named(document)
    for path, methods in document["paths"].items():
        for method in _METHODS:
            if method in methods:
                spec = methods[method]
                tag = (spec.get("tags") or ["other"])[0]
                found.setdefault(tag, []).append(_operation(path, method, spec, named))
    if document.get("webhooks"):
        found["webhooks"] = [
            _operation(name, "post", item["post"], named)
            for name, item in document["webhooks"].items()
        ]
    return found


def schemas_of(document: Schema) -> list[NamedSchema]:
    """Return the named schemas of an OpenAPI document, by name."""
    return [
        NamedSchema(name, one.get("description", ""), type_of(one).words, _fields(one))
        for name, one in sorted(_named(document).items())
    ]


def _named(document: Schema) -> Mapping[str, Schema]:
    schemas: Mapping[str, Schema] = document.get("components", {}).get("schemas", {})
    return schemas


def type_of(schema: Schema) -> Type:
    """Return a schema in words, for example "list of text, at most 20"."""
    if "$ref" in schema:
        name = str(schema["$ref"]).removeprefix(_REFERENCE)
        return Type(name, name)
    if "const" in schema or "enum" in schema:
        values = schema.get("enum", [schema.get("const")])
        return Type(" or ".join(json.dumps(one) for one in values))
    several = schema.get("anyOf") or schema.get("oneOf")
    if several:
        kinds = [type_of(one) for one in several]
        named = next((one.schema for one in kinds if one.schema), None)
        return Type(" or ".join(one.words for one in kinds), named)
    if schema.get("type") == "array":
        item = type_of(schema.get("items", {}))
        return Type(f"list of {item.words}{_bounds(schema)}", item.schema)
    return Type(_plain(schema) + _bounds(schema))


def _plain(schema: Schema) -> str:
    kind = str(schema.get("type", "anything"))
    if kind == "string":
        forms = {"date-time": "date and time", "binary": "file"}
        return forms.get(str(schema.get("format")), "text")
    names = {"integer": "whole number", "boolean": "true or false", "object": "object"}
    return names.get(kind, kind)


def _bounds(schema: Schema) -> str:
    bounds = []
    least, most = schema.get("minimum"), schema.get("maximum")
    if least is not None and most is not None:
        bounds.append(f"{least:,.15g} to {most:,.15g}")
    elif least is not None:
        bounds.append(f"at least {least:,.15g}")
    elif most is not None:
        bounds.append(f"at most {most:,.15g}")
    if "maxLength" in schema:
        bounds.append(f"at most {schema['maxLength']} characters")
    if "maxItems" in schema:
        bounds.append(f"at most {schema['maxItems']}")
    if "pattern" in schema:
        bounds.append(f"like {schema['pattern']}")
    return "".join(f", {one}" for one in bounds)


def _operation(path: str, method: str, spec: Schema, named: Mapping[str, Schema]) -> Operation:
    return Operation(
        id=re.sub(r"[^a-z0-9]+", "-", f"{method} {path}".lower()).strip("-"),
        method=method.upper(),
        path=path,
        description=spec.get("description") or spec.get("summary", ""),
        parameters=tuple(_parameter(one) for one in spec.get("parameters", ())),
        bodies=tuple(
            _body(media_type, one.get("schema", {}), named)
            for media_type, one in spec.get("requestBody", {}).get("content", {}).items()
        ),
        answers=tuple(_answer(status, one) for status, one in sorted(spec["responses"].items())),
    )


def _parameter(spec: Schema) -> Field:
    description = spec.get("description", "")
    kind = type_of(spec.get("schema", {}))
    return Field(spec["name"], kind, spec.get("required", False), description, spec["in"])


def _body(media_type: str, schema: Schema, named: Mapping[str, Schema]) -> Body:
    kind = type_of(schema)
    whole = named.get(kind.schema or "", schema)
    examples: Sequence[Any] = whole.get("examples", ())
    example = json.dumps(examples[0], indent=2, ensure_ascii=False) if examples else None
    return Body(media_type, kind, _fields(whole), example)


def _answer(status: str, spec: Schema) -> ResponseDoc:
    content: Mapping[str, Schema] = spec.get("content", {})
    media_type = next(iter(content), "")
    one: Schema = content.get(media_type, {})
    schema = one.get("schema", {})
    kind = type_of(schema) if schema.get("$ref") else Type(media_type) if media_type else None
    description = spec.get("description", "")
    return ResponseDoc(
        status, "Done." if description == "Successful Response" else description, kind
    )


def _fields(schema: Schema) -> tuple[Field, ...]:
    required = schema.get("required", ())
    return tuple(
        Field(name, type_of(one), name in required, one.get("description", ""))
        for name, one in schema.get("properties", {}).items()
    )

"""Sentences about wrong fields of a request, instead of pydantic's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, Field

from reelworks.domain.ids import (
    BACKFILL_ID_PATTERN,
    FRAME_ID_PATTERN,
    JOB_ID_PATTERN,
    LANGUAGE_PATTERN,
    LIBRARY_PATTERN,
    VIDEO_ID_PATTERN,
    VIDEO_ID_RULE,
    WORD_PATTERN,
)
from reelworks.domain.printable import one_line

_MOST = 20
"""Wrong fields that a response names."""
_PATTERNS: Mapping[str, str] = {
    VIDEO_ID_PATTERN: f"is invalid: {VIDEO_ID_RULE}",
    FRAME_ID_PATTERN: "must be the id of a frame, for example talk-3fa2c1d0_frame_004",
    JOB_ID_PATTERN: "must be the id of a job, without control characters",
    BACKFILL_ID_PATTERN: "must be an id of a-z, 0-9 and -, at most 40 characters",
    LIBRARY_PATTERN: "must be a name of a-z, 0-9, - and _, at most 63 characters",
    LANGUAGE_PATTERN: "must be the code of a language, for example en",
    WORD_PATTERN: "must be a name of a-z, 0-9 and _, at most 100 characters",
}
_PLAIN: Mapping[str, str] = {
    "missing": "is required",
    "extra_forbidden": "is unknown; check its spelling",
    "string_type": "must be text",
    "string_sub_type": "must be text",
    "string_unicode": "must be valid Unicode text",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "int_parsing_size": "is too large a number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a finite number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "list_type": "must be a list",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "none_required": "must be null",
    "timezone_aware": "must be a date and time with a time zone, for example 2026-11-27T09:30:00Z",
}
_WITH_LIMIT: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "greater_than_equal": lambda of: f"must be at least {of['ge']:,.15g}",
    "less_than_equal": lambda of: f"must be at most {of['le']:,.15g}",
    "greater_than": lambda of: f"must be more than {of['gt']:,.15g}",
    "less_than": lambda of: f"must be less than {of['lt']:,.15g}",
    "string_too_short": lambda of: _size("at least", of["min_length"], "character"),
    "string_too_long": lambda of: _size("at most", of["max_length"], "character"),
    "too_short": lambda of: _size("at least", of["min_length"], "entry", "entries"),
    "too_long": lambda of: _size("at most", of["max_length"], "entry", "entries"),
    "enum": lambda of: f"must be {of['expected']}",
    "literal_error": lambda of: f"must be {of['expected']}",
    "string_pattern_mismatch": lambda of: _PATTERNS.get(of["pattern"], "has a wrong form"),
}
_DATES = "must be a date and time, for example 2026-11-27T09:30:00Z"


class FieldError(BaseModel):
    """A wrong field of a request."""

    field: str = Field(description="Its name, with those around it.", examples=["params.language"])
    reason: str = Field(examples=["must be at most 500"])


def field_errors(errors: Sequence[Mapping[str, Any]]) -> list[FieldError]:
    """Return what is wrong with which field, from pydantic's errors; values are not repeated."""
    return [FieldError(field=_name(one), reason=_reason(one)) for one in errors[:_MOST]]


def first_sentence(errors: Sequence[Mapping[str, Any]]) -> str:
    """Return a sentence about the first wrong field."""
    (wrong,) = field_errors(errors[:1])
    if _own_words(errors[0]):
        subject = f"The field {wrong.field} is invalid" if wrong.field else "The request is invalid"
        return f"{subject}: {wrong.reason}."
    if wrong.field:
        return f"The field {wrong.field} {wrong.reason}."
    if errors[0]["type"] == "missing":
        return "The request has no body; send one as application/json."
    return f"The request's body {wrong.reason}."


def _name(error: Mapping[str, Any]) -> str:
    """Return the field's path without body, query, path or header, its first part."""
    return one_line(".".join(str(part) for part in error["loc"][1:]))


def _reason(error: Mapping[str, Any]) -> str:
    own, kind = _own_words(error), error["type"]
    if own:
        return one_line(own)
    if kind in _WITH_LIMIT:
        return _WITH_LIMIT[kind](error["ctx"])
    if kind.startswith(("datetime_", "date_")):
        return _DATES
    return _PLAIN.get(kind, "has a wrong value")


def _own_words(error: Mapping[str, Any]) -> str:
    """Return the message of a validator of ours; empty for a check of pydantic's."""
    if error["type"] != "value_error":
        return ""
    return str(error.get("ctx", {}).get("error", "")) or "it has a wrong value"


def _size(limit: str, number: int, one: str, several: str = "") -> str:
    return f"must have {limit} {number:,} {one if number == 1 else several or one + 's'}"

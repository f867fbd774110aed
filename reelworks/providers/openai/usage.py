"""Usage of a hosted model, as its answers state it."""

from __future__ import annotations

from pydantic import BaseModel, ValidationError

from reelworks.domain.jobs.usage import NOTHING, Usage


class _Stated(BaseModel):
    prompt_tokens: int | None = None
    input_tokens: int | None = None
    completion_tokens: int | None = None
    output_tokens: int | None = None
    seconds: float | None = None


class _Billed(BaseModel):
    usage: _Stated | None = None


def usage_in(body: bytes, sent: Usage = NOTHING) -> Usage:
    """Return the usage that an answer states, ``sent`` where it states none; one call."""
    try:
        stated = _Billed.model_validate_json(body).usage or _Stated()
    except ValidationError:  # no JSON, or another form: what was sent is known
        stated = _Stated()
    return Usage(
        calls=1,
        input_tokens=stated.prompt_tokens or stated.input_tokens or sent.input_tokens,
        output_tokens=stated.completion_tokens or stated.output_tokens or sent.output_tokens,
        audio_seconds=stated.seconds or sent.audio_seconds,
        characters=sent.characters,
    )

"""Usage as answers of hosted models state it, or as the request shows it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelworks.domain.jobs.usage import Usage
from reelworks.providers.openai.usage import usage_in


@pytest.mark.parametrize(
    ("body", "usage"),
    [
        (b'{"usage": {"prompt_tokens": 7, "completion_tokens": 3}}', Usage(1, 7, 3, 60.0)),
        (b'{"usage": {"type": "duration", "seconds": 9.5}}', Usage(1, audio_seconds=9.5)),
        (b'{"usage": {"input_tokens": 4, "output_tokens": 2}}', Usage(1, 4, 2, 60.0)),
        (b"{}", Usage(1, audio_seconds=60.0)),
        (b'{"usage": null}', Usage(1, audio_seconds=60.0)),
        (b"not JSON", Usage(1, audio_seconds=60.0)),
    ],
)
def test_what_an_answer_does_not_state_is_what_was_sent(body: bytes, usage: Usage) -> None:
    assert usage_in(body, Usage(audio_seconds=60.0)) == usage


amounts = st.integers(1, 10**9)


@given(amounts, amounts)
def test_both_spellings_of_tokens_mean_the_same(into: int, out: int) -> None:
    chat = {"usage": {"prompt_tokens": into, "completion_tokens": out}}
    other = {"usage": {"input_tokens": into, "output_tokens": out}}
    found = usage_in(json.dumps(chat).encode())
    assert found == usage_in(json.dumps(other).encode())
    assert (found.calls, found.input_tokens, found.output_tokens) == (1, into, out)


@given(st.binary(max_size=80), amounts)
def test_any_other_body_is_one_call_with_what_was_sent(body: bytes, characters: int) -> None:
    found = usage_in(b"\xff" + body, Usage(characters=characters))
    assert found == Usage(calls=1, characters=characters)

"""Errors of Prefect's client as ours."""

from __future__ import annotations

import httpx
import pytest
from prefect.exceptions import ObjectNotFound

from blocks.error_mapping import prefect_errors
from reelworks.errors import PrefectRefusedError, PrefectUnavailableError

REQUEST = httpx.Request("POST", "http://127.0.0.1/api/work_pools/filter")


def status(code: int) -> httpx.HTTPStatusError:
    return httpx.HTTPStatusError(
        "It is so\nwith a long story", request=REQUEST, response=httpx.Response(code)
    )


@pytest.mark.parametrize(
    ("fault", "error", "retryable"),
    [
        (status(401), PrefectRefusedError, False),
        (status(403), PrefectRefusedError, False),
        (status(500), PrefectUnavailableError, True),
        (httpx.ConnectError("All connection attempts failed"), PrefectUnavailableError, True),
        (httpx.ReadTimeout(""), PrefectUnavailableError, True),
    ],
)
def test_a_fault_becomes_one_sentence_and_says_whether_to_try_again(fault, error, retryable):
    with pytest.raises(error) as raised, prefect_errors():
        raise fault

    assert raised.value.retryable is retryable
    assert "\n" not in str(raised.value)
    assert "PREFECT_API" in str(raised.value)


def test_what_a_flow_s_first_call_makes_of_it_is_the_same():
    with pytest.raises(PrefectUnavailableError, match="does not answer"), prefect_errors():
        raise RuntimeError("Failed to reach API") from httpx.ConnectError("refused")


def test_what_the_server_does_not_have_is_no_fault_of_it():
    with pytest.raises(ObjectNotFound), prefect_errors():
        raise ObjectNotFound(status(404)) from status(404)


def test_anything_else_passes_as_it_is():
    with pytest.raises(RuntimeError, match="ours"), prefect_errors():
        raise RuntimeError("ours")

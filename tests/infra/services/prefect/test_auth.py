"""The header of requests that are made by hand is the one that Prefect's own client sends."""

from __future__ import annotations

import pytest

from infra.services.prefect.auth import authorization


@pytest.mark.parametrize(
    ("variables", "header"),
    [
        ({}, None),
        ({"PREFECT_API_AUTH_STRING": ""}, None),
        ({"PREFECT_API_KEY": "pnu_1"}, "Bearer pnu_1"),
        ({"PREFECT_API_AUTH_STRING": "me:word"}, "Basic bWU6d29yZA=="),
        ({"PREFECT_API_AUTH_STRING": "me:word", "PREFECT_API_KEY": "pnu_1"}, "Basic bWU6d29yZA=="),
    ],
)
def test_the_header_is_that_of_prefects_client(
    variables: dict[str, str], header: str | None
) -> None:
    from prefect.client.orchestration import PrefectClient

    client = PrefectClient(
        "http://127.0.0.1:9/api",
        auth_string=variables.get("PREFECT_API_AUTH_STRING") or None,
        api_key=variables.get("PREFECT_API_KEY"),
    )

    assert authorization(variables).get("Authorization") == header
    assert client._client.headers.get("Authorization") == header

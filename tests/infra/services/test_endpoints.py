"""The environment leads other processes to the same services."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from infra.services.endpoints import Endpoints

LOCAL = Endpoints(
    database_url=SecretStr("postgresql://r:p@127.0.0.1:1/d"),
    prefect_api_url="http://127.0.0.1:2/api",
    prefect_auth_string=SecretStr("reelworks:sesame"),
    prefect_home=Path("/data/prefect"),
)


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def test_only_what_is_known_is_set() -> None:
    assert LOCAL.environment() == {
        "DATABASE_URL": "postgresql://r:p@127.0.0.1:1/d",
        "PREFECT_API_URL": "http://127.0.0.1:2/api",
        "PREFECT_API_AUTH_STRING": "reelworks:sesame",
        "PREFECT_SERVER_EPHEMERAL_ENABLED": "false",
        "PREFECT_HOME": "/data/prefect",
        "DO_NOT_TRACK": "1",
    }
    assert Endpoints().environment() == {}


def test_secrets_do_not_show() -> None:
    assert "r:p" not in repr(LOCAL)
    assert "sesame" not in repr(LOCAL)


def test_what_a_user_set_for_an_external_prefect_is_left_alone() -> None:
    external = Endpoints(prefect_api_url="https://prefect.example/api").environment()
    assert not {"PREFECT_API_AUTH_STRING", "PREFECT_API_KEY"} & external.keys()


def test_a_proxy_stays_out_of_loopback_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", "intranet.example")
    environment = LOCAL.environment()
    assert environment["NO_PROXY"] == "intranet.example,127.0.0.1,localhost"
    assert environment["no_proxy"] == environment["NO_PROXY"]
    external = Endpoints(prefect_api_url="https://prefect.example/api")
    assert "NO_PROXY" not in external.environment()

"""The application: what it is made of, before anything connects."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from fastapi import FastAPI
from pydantic import SecretStr
from starlette.routing import Match

from reelworks.app.application import _tidy_once, create_app, open_api
from reelworks.errors import ServiceError, SettingsError
from reelworks.settings import Settings

NOWHERE = "postgresql://user@127.0.0.1:9/none"


@pytest.fixture(scope="module")
def unconnected() -> Settings:
    return Settings(
        _env_file=None,
        database_url=SecretStr(NOWHERE),
        s3_endpoint_url="http://127.0.0.1:9",
        s3_access_key_id="key",
        s3_secret_access_key=SecretStr("secret"),
    )


def routes_of(app: FastAPI) -> list[Any]:
    """Every route in the order in which they are tried; FastAPI nests the included ones."""
    nested = (getattr(one, "original_router", None) or app.router for one in app.router.routes)
    return [
        route
        for one, router in zip(app.router.routes, nested, strict=True)
        for route in ([one] if router is app.router else router.routes)
    ]


def test_without_a_database_there_is_no_application(unconnected):
    with pytest.raises(SettingsError, match="DATABASE_URL is not set"):
        open_api(unconnected.with_values(database_url=None))


@pytest.mark.parametrize(("host", "loopback"), [("127.0.0.1", True), ("0.0.0.0", False)])
def test_it_knows_whether_other_machines_reach_it(unconnected, host, loopback):
    assert open_api(unconnected.with_values(api_host=host)).loopback is loopback


def test_every_route_of_the_api_describes_its_errors_and_has_an_id_of_its_own(unconnected):
    document = create_app(open_api(unconnected)).openapi()
    operations = [
        one
        for path in document["paths"].values()
        for method, one in path.items()
        if method in {"get", "post", "delete", "patch", "put"}
    ]

    ids = [one["operationId"] for one in operations]
    assert len(ids) == len(set(ids)) > 20
    for one in operations:
        for status in ("403", "429", "500"):
            assert "application/problem+json" in one["responses"][status]["content"]


@pytest.mark.parametrize(("accept", "module"), [("text/html", "web"), ("*/*", "api")])
def test_a_browser_gets_the_page_and_a_program_the_api(unconnected, accept, module):
    app = create_app(open_api(unconnected))
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/jobs",
        "headers": [(b"accept", accept.encode())],
        "query_string": b"",
        "root_path": "",
        "app": app,
    }

    first = next(one for one in routes_of(app) if one.matches(scope)[0] is Match.FULL)

    assert first.endpoint.__module__.startswith(f"reelworks.app.{module}.")


@pytest.mark.parametrize("error", [ServiceError("It is down."), ZeroDivisionError("a bug")])
async def test_a_failed_cleaning_is_logged_and_the_next_one_comes(caplog, error):
    def fail() -> int:
        raise error

    with caplog.at_level(logging.WARNING):
        await _tidy_once("Uploads", fail)

    assert "Uploads could not be removed" in caplog.text


async def test_what_was_removed_is_counted(caplog):
    with caplog.at_level(logging.INFO):
        await _tidy_once("Uploads", lambda: 3)
        await _tidy_once("Keys", lambda: 0)

    assert [one.getMessage() for one in caplog.records] == ["Uploads: removed 3."]

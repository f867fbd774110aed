"""The pages are installed for browsers, and are no part of the API's description."""

from __future__ import annotations

from pkgutil import iter_modules

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import SecretStr

from reelworks.app.application import open_api
from reelworks.app.web import routes, site
from reelworks.settings import Settings


@pytest.fixture(scope="module")
def app() -> FastAPI:
    settings = Settings(
        _env_file=None,
        database_url=SecretStr("postgresql://user@127.0.0.1:9/none"),
        s3_endpoint_url="http://127.0.0.1:9",
        s3_access_key_id="key",
        s3_secret_access_key=SecretStr("secret"),
    )
    app = FastAPI()
    site.install(app, open_api(settings))
    return app


def test_no_page_is_in_the_description_of_the_api(app):
    assert app.openapi()["paths"] == {}


def test_every_module_of_pages_is_installed(app):
    installed = {
        route.endpoint.__module__.rpartition(".")[2]
        for one in app.router.routes
        for route in getattr(getattr(one, "original_router", None), "routes", ())
    }

    assert installed == {one.name for one in iter_modules(routes.__path__)}


def test_the_style_sheet_is_served_without_a_database(app):
    answer = TestClient(app).get("/assets/reelworks.css")

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/css")

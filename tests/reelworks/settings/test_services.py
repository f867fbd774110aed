"""Addresses of PostgreSQL, Prefect and S3."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from reelworks.settings.services import DatabaseSettings, PrefectSettings, S3Settings


@pytest.mark.parametrize(
    "url", ["postgresql://u:p@h/db", "postgres://h/db", "postgresql+psycopg://h/db"]
)
def test_a_database_is_postgresql(url):
    settings = DatabaseSettings(url=url)

    assert settings.url is not None and settings.url.get_secret_value() == url


@pytest.mark.parametrize("url", ["sqlite:///x", "mysql://u:hunter2@h/db", "h/db"])
def test_another_database_is_refused_without_showing_its_password(url):
    with pytest.raises(ValidationError, match=r"must start with postgresql://") as caught:
        DatabaseSettings(url=url)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "group",
    [
        lambda url: PrefectSettings(api_url=url),
        lambda url: S3Settings(endpoint_url=url),
        lambda url: S3Settings(public_url=url),
    ],
)
def test_servers_are_reached_over_http(group):
    group("http://127.0.0.1:1")
    with pytest.raises(ValidationError, match="must start with http"):
        group("127.0.0.1:1")


def test_unset_is_embedded():
    assert DatabaseSettings().url is None
    assert PrefectSettings().api_url is None
    assert S3Settings().endpoint_url is None

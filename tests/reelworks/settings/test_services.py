"""Addresses of the services beneath."""

from __future__ import annotations

import pytest

from reelworks.errors import SettingsError
from reelworks.settings import load_settings


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_postgresql_has_three_schemes(scheme: str) -> None:
    url = f"{scheme}://ann:secret@db.example/films"
    given = load_settings(database_url=url).database.url
    assert given is not None
    assert given.get_secret_value() == url


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("database_url", "mysql://ann:secret@db.example/films"),
        ("prefect_api_url", "db.example/api"),
        ("s3_endpoint_url", "s3.example"),
        ("s3_public_url", "s3.example"),
        ("s3_bucket", "ab"),
    ],
)
def test_another_address_is_refused_without_being_shown(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name.upper()) as raised:
        load_settings(**{name: value})
    assert "secret" not in str(raised.value)

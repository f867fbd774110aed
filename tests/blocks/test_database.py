"""The database as a block."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from blocks.database import Database


@pytest.mark.parametrize(
    ("url", "secret"),
    [
        ("postgresql://me:word@db/mine", "word"),
        ("postgresql://db/mine?user=me&password=word", "word"),
        ("postgresql://me@db/mine", None),
    ],
)
def test_the_password_of_a_database_is_found(url, secret):
    assert Database.model_construct(url=SecretStr(url)).secret() == secret


def test_it_stands_for_the_setting_of_the_database():
    url = "postgresql://me:word@db/mine"

    assert Database.model_construct(url=SecretStr(url)).environment() == {"database_url": url}

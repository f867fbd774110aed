"""The artifact store as a block."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from blocks.artifact_store import ArtifactStorage


@pytest.mark.parametrize(
    ("address", "secret"),
    [
        ("https://me:word@host/v1", "me:word"),
        ("https://token@host", "token"),
        ("https://host/v1/@me", None),
        (None, None),
    ],
)
def test_the_password_of_its_address_is_its_secret(address, secret):
    assert ArtifactStorage.model_construct(endpoint_url=address).secret() == secret


def test_its_key_is_its_secret_first():
    block = ArtifactStorage.model_construct(
        endpoint_url="https://me:word@host", secret_access_key=SecretStr("key")
    )

    assert block.secret() == "key"


def test_it_stands_for_the_settings_that_it_has():
    block = ArtifactStorage.model_construct(
        access_key_id="id", secret_access_key=SecretStr("key"), bucket="mine"
    )

    assert block.environment() == {
        "s3_access_key_id": "id",
        "s3_secret_access_key": "key",
        "s3_region": "us-east-1",
        "s3_bucket": "mine",
    }

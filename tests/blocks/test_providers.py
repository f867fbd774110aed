"""The providers of hosted models as a block."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from blocks.providers import HostedModels


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
    assert HostedModels.model_construct(base_url=address).secret() == secret


def test_it_stands_for_the_settings_that_it_has():
    block = HostedModels.model_construct(
        api_key=SecretStr("key"), vision_provider="openai", vision_model="seer-2"
    )

    assert block.secret() == "key"
    assert block.environment() == {
        "openai_api_key": "key",
        "transcribe_provider": "local",
        "vision_provider": "openai",
        "vision_model": "seer-2",
        "embed_provider": "local",
    }

"""A client of the test server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from reelworks.providers.openai.client import HostedApi
from reelworks.settings import Settings
from tests.support.openai_server import OpenAiServer


@pytest.fixture
def hosted(openai_server: OpenAiServer) -> Settings:
    """Settings that name the test server."""
    return Settings(
        _env_file=None,
        openai_api_key=SecretStr(openai_server.key),
        openai_base_url=openai_server.base_url,
        vision_max_concurrent=4,
        embed_dimensions=64,
    )


@pytest.fixture
def api(openai_server: OpenAiServer) -> Iterator[HostedApi]:
    """Three tries, and short waits between them."""
    key = SecretStr(openai_server.key)
    with HostedApi(key, base_url=openai_server.base_url, attempts=3, first_wait=0.05) as api:
        yield api

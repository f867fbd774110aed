"""The S3 client's addresses, time limits and attempts."""

from __future__ import annotations

from typing import Any

import pytest

from reelworks.settings import Settings
from reelworks.store.objects.client import make_client


def settings(**values: Any) -> Settings:
    keys = {"s3_access_key_id": "id", "s3_secret_access_key": "secret"}
    return Settings(_env_file=None, **keys | values)


@pytest.mark.parametrize(
    ("options", "connect", "read", "attempts"),
    [
        ({}, 5, 60, 4),
        ({"seconds": 20.0}, 5, 20.0, 2),
        ({"seconds": 2.0}, 2.0, 2.0, 1),
        ({"seconds": 20.0, "once": True}, 5, 20.0, 1),
        ({"once": True}, 5, 60, 1),
    ],
)
def test_waiting_and_attempts(
    options: dict[str, Any], connect: float, read: float, attempts: int
) -> None:
    config = make_client(settings(), **options).meta.config
    assert (config.connect_timeout, config.read_timeout) == (connect, read)
    assert config.retries["total_max_attempts"] == attempts


def test_a_server_of_ones_own_has_the_bucket_in_the_path() -> None:
    own = make_client(settings(s3_endpoint_url="http://127.0.0.1:8333"))
    assert own.meta.endpoint_url == "http://127.0.0.1:8333"
    assert own.meta.config.s3["addressing_style"] == "path"
    assert make_client(settings()).meta.config.s3["addressing_style"] == "auto"

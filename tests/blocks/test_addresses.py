"""Secrets in addresses."""

from __future__ import annotations

import pytest

from blocks.addresses import secret_in


@pytest.mark.parametrize(
    ("address", "secret"),
    [
        ("https://me:word@host/v1", "me:word"),
        ("https://token@host", "token"),
        ("https://host/v1/@me", None),
        ("https://@host", None),
        (None, None),
        ("http://[half", "http://[half"),
    ],
)
def test_what_stands_before_the_host_is_the_secret(address, secret):
    assert secret_in(address) == secret

"""Secrets of webhooks."""

from __future__ import annotations

import base64

import pytest

from reelworks.domain.webhook_secret import webhook_key

KEY = bytes(range(32))
ENCODED = base64.b64encode(KEY).decode()


@pytest.mark.parametrize("encoded", [ENCODED, ENCODED.rstrip("=")], ids=["padded", "unpadded"])
def test_the_key_is_what_the_base64_says(encoded: str) -> None:
    assert webhook_key(f"whsec_{encoded}") == KEY


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "whsec_",
        ENCODED,
        "whsec_not base64!",
        "whsec_" + base64.b64encode(bytes(23)).decode(),
        "whsec_" + base64.b64encode(bytes(65)).decode(),
        "whsec_é",
    ],
)
def test_anything_else_is_refused_without_repeating_it(secret: str) -> None:
    with pytest.raises(ValueError, match="openssl rand -base64 32") as refused:
        webhook_key(secret)
    assert len(secret) < 7 or secret not in str(refused.value)

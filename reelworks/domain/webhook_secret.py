"""Secrets of webhooks, as Standard Webhooks write them: ``whsec_`` and Base64 of the key."""

from __future__ import annotations

import base64
import binascii

PREFIX = "whsec_"
SHORTEST, LONGEST = 24, 64
"""Bytes of a key (Standard Webhooks, https://www.standardwebhooks.com)."""


def webhook_key(secret: str) -> bytes:
    """Return the key of a secret. Raises ``ValueError``, whose message repeats nothing of it."""
    encoded = secret.removeprefix(PREFIX)
    try:
        key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if encoded == secret or not SHORTEST <= len(key) <= LONGEST:
        raise ValueError(
            f"give {PREFIX} and the Base64 of {SHORTEST} to {LONGEST} random bytes, for example "
            f'the output of: echo "{PREFIX}$(openssl rand -base64 32)"'
        )
    return key

"""Secrets in URLs of blocks."""

from __future__ import annotations

from urllib.parse import urlsplit


def secret_in(address: str | None) -> str | None:
    """Return what stands before the host of a web address: a name and a password, or a token.

    An address that cannot be read may hold one anywhere, and is one as a whole.
    """
    if address is None:
        return None
    try:
        before, mark, _ = urlsplit(address).netloc.rpartition("@")
    except ValueError:
        return address
    return before if mark and before else None

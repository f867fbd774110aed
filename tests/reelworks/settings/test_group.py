"""What all groups of settings check alike."""

from __future__ import annotations

import pytest

from reelworks.settings.group import http_address


def test_an_address_is_http_or_https() -> None:
    for url in ("http://a", "https://a/b", None):
        assert http_address(url) == url
    for url in ("ftp://a", "a", "", "HTTP//a"):
        with pytest.raises(ValueError, match="http"):
            http_address(url)

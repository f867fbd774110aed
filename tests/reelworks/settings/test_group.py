"""What all groups of settings share."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from reelworks.settings.group import Group, http_address


class Example(Group):
    number: int = 1


@pytest.mark.parametrize("url", [None, "http://host", "https://host:1/path"])
def test_web_addresses_pass(url):
    assert http_address(url) == url


@pytest.mark.parametrize("url", ["", "host:80", "ftp://host", "HTTP://host"])
def test_anything_else_is_refused(url):
    with pytest.raises(ValueError, match="must start with http:// or https://"):
        http_address(url)


def test_a_group_is_frozen_and_shows_no_wrong_value():
    with pytest.raises(ValidationError, match="frozen"):
        Example().number = 2  # type: ignore[misc]
    with pytest.raises(ValidationError) as caught:
        Example(number="hunter2")
    assert "hunter2" not in str(caught.value)

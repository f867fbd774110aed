"""Assets come from the package, once."""

from __future__ import annotations

import pytest
from starlette.requests import Request

from reelworks.app.web.routes.assets import asset
from reelworks.errors import NotStoredError


def request(**headers: str) -> Request:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": "GET", "path": "/", "headers": raw})


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("reelworks.css", "text/css"),
        ("reelworks.js", "text/javascript"),
        ("icon.svg", "image/svg+xml"),
    ],
)
def test_each_kind_is_served_as_what_it_is(name, kind):
    answer = asset(name, request())

    assert answer.status_code == 200
    assert answer.headers["content-type"] == f"{kind}; charset=utf-8"
    assert answer.body


def test_a_file_that_did_not_change_is_not_sent_again():
    tag = asset("reelworks.css", request()).headers["etag"]

    again = asset("reelworks.css", request(if_none_match=tag))
    other = asset("reelworks.css", request(if_none_match='"other"'))

    assert (again.status_code, again.body, again.headers["etag"]) == (304, b"", tag)
    assert other.status_code == 200


@pytest.mark.parametrize("name", ["", "none.css", "../wording.py", "..%2fwording.py", "base.html"])
def test_nothing_else_of_the_package_is_served(name):
    with pytest.raises(NotStoredError, match="There is no asset"):
        asset(name, request())

"""A problem becomes a page for a browser; everything else passes as it is."""

from __future__ import annotations

import json

import pytest

from reelworks.app.api.http.problems import MEDIA_TYPE
from reelworks.app.web.error_pages import ErrorPages

SIGN_IN = "/sign-in?next=/jobs"


async def shown(status: int, kind: str, body: bytes, **headers: str) -> tuple[dict, bytes]:
    """Send a response in two pieces; return its start and its whole body."""
    sent = []

    async def send(message) -> None:
        sent.append(message)

    pages = ErrorPages(send, SIGN_IN)
    raw = [(b"content-type", kind.encode())]
    raw += [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    await pages.send({"type": "http.response.start", "status": status, "headers": raw})
    half = len(body) // 2
    for piece, more in ((body[:half], True), (body[half:], False)):
        await pages.send({"type": "http.response.body", "body": piece, "more_body": more})
    start, *bodies = sent
    return start, b"".join(one["body"] for one in bodies)


def problem(title: str, detail: str) -> bytes:
    return json.dumps({"title": title, "detail": detail}).encode()


@pytest.mark.parametrize("kind", [MEDIA_TYPE, f"{MEDIA_TYPE}; charset=utf-8"])
async def test_a_problem_becomes_a_page_with_its_status(kind):
    body = problem("Not found", "No video has the id <b>talk</b>.")

    start, page = await shown(404, kind, body, retry_after="5", x_other="no")

    headers = dict(start["headers"])
    assert start["status"] == 404
    assert b"No video has the id &lt;b&gt;talk&lt;/b&gt;." in page
    assert headers[b"content-type"] == b"text/html; charset=utf-8"
    assert headers[b"content-length"] == str(len(page)).encode()
    assert headers[b"retry-after"] == b"5"
    assert b"content-security-policy" in headers
    assert b"x-other" not in headers


async def test_a_caller_that_is_not_known_is_sent_to_the_sign_in_page():
    start, page = await shown(401, MEDIA_TYPE, problem("A token is needed", "Send one."))

    assert (start["status"], page) == (303, b"")
    assert dict(start["headers"])[b"location"] == SIGN_IN.encode()


@pytest.mark.parametrize(("status", "kind"), [(200, "application/json"), (404, "text/html")])
async def test_anything_else_passes_unchanged(status, kind):
    start, body = await shown(status, kind, b"the whole body", x_other="yes")

    assert (start["status"], body) == (status, b"the whole body")
    assert dict(start["headers"])[b"x-other"] == b"yes"

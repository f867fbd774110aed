"""HEAD, OPTIONS and ``Allow``, on the whole application."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from tests.reelworks.app.api.conftest import Server


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("PUT", "/videos", "GET, HEAD, POST, OPTIONS"),
        ("PATCH", "/videos/a", "GET, HEAD, DELETE, OPTIONS"),
        ("PUT", "/jobs/retry", "GET, HEAD, POST, DELETE, OPTIONS"),
        ("POST", "/livez", "GET, HEAD, OPTIONS"),
        ("GET", "/dispatcher/pause", "POST, OPTIONS"),
        ("HEAD", "/dispatcher/pause", "POST, OPTIONS"),
        ("BREW", "/search", "GET, HEAD, OPTIONS"),
    ],
)
def test_another_method_is_refused_and_all_that_are_possible_are_named(
    app_client: TestClient, method: str, path: str, allow: str
) -> None:
    answer = app_client.request(method, path)

    assert (answer.status_code, answer.headers["allow"]) == (405, allow)


def test_options_names_the_methods(app_client: TestClient) -> None:
    answer = app_client.options("/videos")

    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["allow"] == "GET, HEAD, POST, OPTIONS"
    assert app_client.options("/nothing").status_code == 404


@pytest.mark.parametrize("path", ["/livez", "/openapi.json", "/videos", "/jobs/none", "/nothing"])
def test_head_has_the_headers_of_get_and_no_body(api: Server, path: str) -> None:
    headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
    got, head = api.get(path, headers=headers), api.ask("HEAD", path, headers=headers)

    assert head.status_code == got.status_code
    assert head.content == b""
    assert head.headers["content-type"] == got.headers["content-type"]
    assert int(head.headers["content-length"]) == len(got.content) > 0


def test_head_of_a_stream_ends(api: Server, video) -> None:
    job = api.post("/jobs", json={"video_id": video()}).json()

    head = api.ask("HEAD", f"/jobs/{job['id']}/events")

    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"].startswith("text/event-stream")

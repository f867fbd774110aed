"""Pages hold what others wrote as text, never as markup or script."""

from __future__ import annotations

import httpx
import pytest

from reelworks.app.web.session import COOKIE
from reelworks.domain.jobs.job import NewJob
from reelworks.domain.library.access import Scope
from reelworks.store.jobs.jobs import add_jobs
from reelworks.store.library.video_writes import NewVideo, add_video

EVIL = '<script>alert(1)</script>"><img src=x onerror=alert(1)>'


@pytest.fixture(scope="module")
def client(empty):
    add_video(empty.server.engine, NewVideo("evil", EVIL, EVIL, library="evil"))
    add_jobs(empty.server.engine, [NewJob("job-evil", "evil", params={"source": EVIL})])
    cookies = {COOKIE: empty.tokens[Scope.ADMIN]}
    headers = {"Accept": "text/html"}
    with httpx.Client(base_url=empty.server.url, headers=headers, cookies=cookies) as client:
        yield client


@pytest.mark.parametrize(
    "path",
    [
        "/",
        f"/?title={EVIL}",
        "/watch/evil",
        f"/watch/evil?t={EVIL}",
        "/jobs",
        "/jobs/job-evil",
        f"/jobs/{EVIL.replace('/', '%2F')}",
        f"/search?q={EVIL}",
        f"/search?from={EVIL}",
        f"/search?library={EVIL}",
        f"/jobs?done=retried&n={EVIL}",
        f"/sign-in?next={EVIL}",
        f"/nowhere/{EVIL}",
    ],
)
def test_what_others_wrote_is_escaped(client, path):
    answer = client.get(path)

    assert answer.status_code != 500
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "<script>alert" not in answer.text
    assert "<img src=x" not in answer.text


@pytest.mark.parametrize("path", ["/", "/search", "/jobs", "/watch/evil", "/nowhere", "/sign-in"])
def test_no_page_allows_inline_script_style_or_frames(client, path):
    answer = client.get(path)

    policy = dict(
        part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";")
    )
    assert policy["default-src"] == "'none'"
    assert (policy["script-src"], policy["style-src"]) == ("'self'", "'self'")
    assert policy["frame-ancestors"] == "'none'"
    assert answer.headers["cache-control"] == "no-store"
    assert "Accept" in answer.headers["vary"]
    assert " style=" not in answer.text
    assert "onclick" not in answer.text


def test_a_program_gets_json_where_a_browser_gets_a_page(client):
    for path in ("/jobs", "/jobs/job-evil", "/search?q=word"):
        body = client.get(path, headers={"Accept": "application/json"})
        assert body.headers["content-type"] == "application/json"
    assert client.get("/nowhere", headers={"Accept": "*/*"}).json()["code"] == "not_found"


def test_pages_are_no_part_of_the_api_description(client):
    paths = client.get("/openapi.json", headers={"Accept": "*/*"}).json()["paths"]

    assert "/" not in paths
    assert not any(path.startswith(("/pages", "/watch", "/assets")) for path in paths)
    assert "/jobs" in paths


def test_assets_are_sent_once(client):
    first = client.get("/assets/reelworks.css")
    again = client.get("/assets/reelworks.css", headers={"If-None-Match": first.headers["etag"]})

    assert first.headers["content-type"] == "text/css; charset=utf-8"
    assert again.status_code == 304
    assert client.get("/assets/..%2Frendering.py").status_code == 404


def test_media_may_come_from_the_stores_public_address():
    from starlette.requests import Request

    from reelworks.app.application import create_app, open_api
    from reelworks.app.web.rendering import page
    from reelworks.settings import Settings

    settings = Settings(
        _env_file=None,
        database_url="postgresql://user@localhost/none",
        s3_public_url="https://media.example.org/bucket",
        s3_endpoint_url="http://localhost:1",
        s3_access_key_id="a",
        s3_secret_access_key="b",
    )
    app = create_app(open_api(settings))
    payload = {"type": "http", "app": app, "query_string": b"", "headers": [], "state": {}}
    request = Request(payload)
    request.state.caller = None
    from reelworks.domain.library.access import ANONYMOUS

    request.state.caller = ANONYMOUS
    problem = {"title": "", "detail": "", "status": 400}
    policy = page(request, "error.html", problem).headers["content-security-policy"]

    assert "media-src 'self' https://media.example.org;" in policy
    assert "script-src 'self';" in policy

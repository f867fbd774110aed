"""What the cookie is good for, and what it is not, over plain HTTP."""

from __future__ import annotations

import re

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelworks.app.web.session import COOKIE, csrf_of, safe_next
from reelworks.domain.library.access import Scope
from reelworks.store.jobs.dispatchers import is_paused

HTML = {"Accept": "text/html,application/xhtml+xml"}


@pytest.fixture
def as_(empty):
    """Ask as a browser that holds the token of a scope."""

    def browser(scope: Scope) -> httpx.Client:
        cookies = {COOKIE: empty.tokens[scope]}
        return httpx.Client(base_url=empty.server.url, headers=HTML, cookies=cookies)

    return browser


def form(client: httpx.Client, path: str, *, origin: str | None = None, **fields: str):
    home = str(client.base_url).rstrip("/")
    return client.post(path, data=fields, headers={"Origin": origin or home})


def test_a_browser_is_sent_to_the_sign_in_page_and_a_program_gets_401(empty):
    page = empty.server.get("/jobs?status=failed", headers=HTML)
    assert page.status_code == 303
    assert page.headers["location"] == "/sign-in?next=%2Fjobs%3Fstatus%3Dfailed"

    program = empty.server.get("/jobs")
    assert program.status_code == 401
    assert program.headers["content-type"] == "application/problem+json"


def test_signing_in_sets_a_cookie_that_scripts_cannot_read(empty):
    with httpx.Client(base_url=empty.server.url, headers=HTML) as client:
        token = empty.tokens[Scope.READ]
        answer = form(client, "/sign-in", token=f" {token} ", next="/jobs")

    assert (answer.status_code, answer.headers["location"]) == (303, "/jobs")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"{COOKIE}={token};")
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert "Secure" not in cookie  # it was sent over plain HTTP


def test_the_cookie_is_secure_where_the_page_is(empty):
    host = httpx.URL(empty.server.url).netloc.decode()
    with httpx.Client(base_url=empty.server.url, headers=HTML) as client:
        answer = form(client, "/sign-in", origin=f"https://{host}", token=empty.tokens[Scope.READ])

    assert "Secure" in answer.headers["set-cookie"]


def test_another_site_cannot_sign_anybody_in(empty):
    with httpx.Client(base_url=empty.server.url, headers=HTML) as client:
        token = empty.tokens[Scope.READ]
        answer = form(client, "/sign-in", origin="https://evil.example", token=token)

    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("address", ["https://evil.example/", "//evil.example", "/\\evil.example"])
def test_signing_in_leads_to_this_server_only(empty, address):
    with httpx.Client(base_url=empty.server.url, headers=HTML) as client:
        answer = form(client, "/sign-in", token=empty.tokens[Scope.READ], next=address)

    assert answer.headers["location"] == "/"


@given(st.text())
def test_no_text_leads_elsewhere(text):
    address = safe_next(text)
    assert address.startswith("/")
    assert httpx.URL("http://own/").join(address).host == "own"


def test_a_form_needs_the_value_that_the_page_holds(empty, as_):
    token = empty.tokens[Scope.ADMIN]
    with as_(Scope.ADMIN) as client:
        for csrf in ("", "0" * 64, csrf_of(empty.tokens[Scope.READ])):
            assert form(client, "/pages/dispatcher", action="pause", csrf=csrf).status_code == 403
        evil = form(
            client,
            "/pages/dispatcher",
            origin="https://evil.example",
            action="pause",
            csrf=csrf_of(token),
        )
        assert evil.status_code == 403
        assert not is_paused(empty.server.engine)

        shown = re.search('name="csrf" value="([0-9a-f]{64})"', client.get("/jobs").text)
        assert shown is not None
        assert shown[1] == csrf_of(token)
        assert form(client, "/pages/dispatcher", action="pause", csrf=shown[1]).status_code == 303
        assert is_paused(empty.server.engine)
        assert form(client, "/pages/dispatcher", action="resume", csrf=shown[1]).status_code == 303


def test_a_request_of_a_script_needs_the_value_too(empty, as_):
    home = empty.server.url
    new = {"s3_key": "incoming/a.mp4", "id": "sent", "index": False}
    proof = {"X-CSRF-Token": csrf_of(empty.tokens[Scope.SUBMIT])}
    with as_(Scope.SUBMIT) as client:
        assert client.post("/videos", json=new).status_code == 403  # no origin
        assert client.post("/videos", json=new, headers={"Origin": home}).status_code == 403
        evil = {"Origin": "https://evil.example", **proof}
        assert client.post("/videos", json=new, headers=evil).status_code == 403
        ours = {"Origin": home, **proof}
        assert client.post("/videos", json=new, headers=ours).status_code == 201


def test_another_sites_page_reads_nothing_by_the_cookie(empty, as_):
    with as_(Scope.READ) as client:
        for site in ("cross-site", "same-site"):
            headers = {"Accept": "*/*", "Sec-Fetch-Site": site, "Sec-Fetch-Dest": "image"}
            assert client.get("/jobs", headers=headers).status_code == 401
        assert client.get("/jobs", headers={"Sec-Fetch-Site": "same-origin"}).status_code == 200


def test_a_token_that_was_revoked_signs_nobody_in(empty):
    cookies = {COOKIE: "rw_revoked"}
    with httpx.Client(base_url=empty.server.url, headers=HTML, cookies=cookies) as client:
        assert client.get("/").headers["location"].startswith("/sign-in")
        assert client.get("/sign-in").status_code == 200


def test_who_may_only_read_changes_nothing(empty, as_):
    csrf = csrf_of(empty.tokens[Scope.READ])
    with as_(Scope.READ) as client:
        for path in ("/pages/dispatcher", "/pages/jobs", "/pages/videos/v/delete"):
            answer = form(client, path, csrf=csrf, action="retry")
            assert answer.status_code == 403
            assert "The token lacks the scope" in answer.text


def test_who_may_submit_changes_own_jobs_only(empty, as_):
    from reelworks.domain.jobs.job import NewJob
    from reelworks.store.jobs.jobs import add_jobs, get_job
    from reelworks.store.library.video_writes import NewVideo, add_video

    engine, csrf = empty.server.engine, csrf_of(empty.tokens[Scope.SUBMIT])
    add_video(engine, NewVideo("owned", "/x", "X"))
    with as_(Scope.SUBMIT) as client:
        home = form(client, "/pages/videos/owned/index", csrf=csrf, recompute="vision")
        own = home.headers["location"].partition("?")[0].removeprefix("/jobs/")
        add_jobs(engine, [NewJob("anothers", "owned")])
        assert form(client, "/pages/jobs", csrf=csrf, action="cancel anothers").status_code == 403
        everything = {"csrf": csrf, "action": "cancel", "which": "matching"}
        assert form(client, "/pages/jobs", **everything).status_code == 403
        assert form(client, "/pages/jobs", csrf=csrf, action=f"cancel {own}").status_code == 303

    assert get_job(engine, own).status == "cancelled"
    assert get_job(engine, "anothers").status == "queued"

"""Who may ask for what, and from where."""

from __future__ import annotations

import socket
import time
from datetime import timedelta

import httpx
import pytest

from reelworks.app.api.http.rate_limit import RateLimit
from reelworks.app.application import open_api
from reelworks.app.server import check_open_to
from reelworks.domain.library.access import Scope
from reelworks.errors import SettingsError, TooManyRequestsError
from reelworks.store.access.tokens import create_token, list_tokens, revoke_token
from tests.reelworks.app.api.conftest import Server, serving


def token(server: Server, *scopes: Scope, name: str = "", **more) -> str:
    return create_token(server.engine, name or f"t{time.monotonic_ns()}", scopes, **more)


def test_others_are_let_in_only_when_there_is_a_token(module_settings, clean_settings):
    from reelworks.store.db.database import ensure_schema

    bare = open_api(clean_settings.with_values(api_host="0.0.0.0"))
    ensure_schema(bare.engine)

    with pytest.raises(SettingsError, match="reelworks token create"):
        check_open_to(bare)
    bare.engine.dispose()


def test_without_a_token_only_the_health_is_shown(open_server, dispatcher):
    health, videos = open_server.get("/healthz"), open_server.get("/videos")

    assert health.status_code == 200
    assert health.json() == {"ok": True, "status": "healthy"}
    assert videos.status_code == 401
    assert videos.headers["www-authenticate"] == "Bearer"
    assert videos.json()["code"] == "unauthenticated"
    for path in ("/openapi.json", "/docs", "/metrics", "/nowhere"):
        assert open_server.get(path).status_code == 401


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer rw_wrong", "Basic cnc6cnc=", "Bearer é"])
def test_a_wrong_token_is_refused(open_server, header):
    answer = open_server.get("/videos", headers={"Authorization": header.encode()})

    assert answer.status_code == 401


@pytest.mark.parametrize(
    ("scope", "allowed"),
    [(Scope.READ, {"read"}), (Scope.SUBMIT, {"read", "submit"}), (Scope.ADMIN, set(Scope))],
)
def test_scopes(open_server, scope, allowed):
    caller = open_server.as_(token(open_server, scope))
    answers = {
        "read": caller.get("/videos"),
        "submit": caller.post("/jobs", json={"video_id": "none"}),
        "admin": caller.post("/dispatcher/resume"),
    }

    assert {name for name, one in answers.items() if one.status_code != 403} == allowed


def test_a_token_ends_when_it_is_revoked_or_its_time_is_over(open_server):
    revoked = token(open_server, Scope.READ, name="to be revoked")
    late = token(open_server, Scope.READ, lifetime=timedelta(seconds=-1))
    assert open_server.as_(revoked).get("/videos").status_code == 200

    revoke_token(open_server.engine, "to be revoked")

    assert open_server.as_(revoked).get("/videos").status_code == 401
    assert open_server.as_(late).get("/videos").status_code == 401


def test_the_use_of_a_token_is_noted_and_the_token_itself_is_not_stored(open_server):
    secret = token(open_server, Scope.READ, name="noted")
    open_server.as_(secret).get("/videos")

    stored = next(one for one in list_tokens(open_server.engine) if one.name == "noted")

    assert stored.used_at is not None
    assert secret.startswith("rw_")
    assert secret not in repr(list_tokens(open_server.engine))


def test_a_caller_changes_his_own_jobs_only(open_server, api, video):
    mine, other = (open_server.as_(token(open_server, Scope.SUBMIT)) for _ in range(2))
    job_id = mine.post("/jobs", json={"video_id": video()}).json()["id"]

    assert other.delete(f"/jobs/{job_id}").status_code == 403
    assert other.post(f"/jobs/{job_id}/retry").status_code == 403
    assert mine.delete(f"/jobs/{job_id}").json()["status"] == "cancelled"


def test_a_token_s_scopes_hold_on_loopback_too(api):
    reader = api.as_(token(api, Scope.READ))

    assert reader.get("/videos").status_code == 200
    assert reader.post("/dispatcher/resume").status_code == 403
    assert api.as_("rw_wrong").get("/videos").status_code == 401


@pytest.mark.parametrize("host", ["evil.example.org", "10.0.0.1:8400", "", "127.0.0.1.evil.org"])
def test_another_host_name_is_refused_on_loopback(api, host):
    answer = api.get("/videos", headers={"Host": host})

    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8400", "127.0.0.1", "[::1]:80"])
def test_names_of_this_machine_are_taken(api, host):
    assert api.get("/videos", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example.org"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_page_of_another_site_changes_nothing(api, headers):
    answer = api.post("/dispatcher/resume", headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


def test_a_page_of_our_own_may(api):
    own = {"Origin": f"http://127.0.0.1:{api.port}", "Sec-Fetch-Site": "same-origin"}

    assert api.post("/dispatcher/resume", headers=own).status_code == 200


def test_who_asks_too_often_has_to_wait(module_settings):
    few = module_settings.with_values(max_requests_per_minute=60)
    with serving(few) as server:
        answers = [server.get("/jobs/peek") for _ in range(20)]

    refused = [one for one in answers if one.status_code == 429]
    assert 5 <= len(refused) <= 11
    assert refused[0].headers["retry-after"] == "1"
    assert refused[0].json()["retryable"] is True


def test_a_rate_is_counted_for_each_caller():
    limit = RateLimit(6)
    limit.take("a")

    with pytest.raises(TooManyRequestsError):
        limit.take("a")
    limit.take("b")


def test_a_caller_who_sends_nothing_is_let_go(module_settings):
    hasty = module_settings.with_values(client_patience=0.3)
    with serving(hasty) as server, socket.create_connection(("127.0.0.1", server.port)) as line:
        line.sendall(
            b"POST /jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Content-Length: 100\r\n\r\n{"
        )
        line.settimeout(5)
        answer = b""
        while b"client_too_slow" not in answer:
            piece = line.recv(4096)
            assert piece, answer
            answer += piece

    assert answer.startswith(b"HTTP/1.1 408")


def test_a_head_that_does_not_arrive_is_not_waited_for(api, monkeypatch):
    monkeypatch.setattr("reelworks.app.api.http.uvicorn_protocol.HEADER_SECONDS", 0.3)
    with socket.create_connection(("127.0.0.1", api.port)) as line:
        line.sendall(b"GET /videos HTTP/1.1\r\nHost: local")
        line.settimeout(5)
        assert line.recv(100) == b""


def test_a_connection_that_stays_open_serves_further_requests(api):
    with httpx.Client(base_url=api.url) as client:
        assert [client.get("/jobs/peek").status_code for _ in range(3)] == [200, 200, 200]

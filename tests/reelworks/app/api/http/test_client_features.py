"""CORS and compression."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.responses import Response
from fastapi.testclient import TestClient

from reelworks.app.api.http.client_features import SMALLEST, add_compression
from tests.reelworks.app.api.conftest import unconnected

SITE, OTHER = "https://app.example.org", "https://evil.example.org"
PREFLIGHT = {
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization, content-type, idempotency-key",
}


@pytest.fixture(scope="module")
def open_to_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    folder: Path = tmp_path_factory.mktemp("data")
    with unconnected(folder, cors_origins=f"{SITE}, http://localhost:3000") as client:
        yield client


def test_a_page_of_a_listed_site_may_call_and_read(open_to_site: TestClient) -> None:
    preflight = open_to_site.options("/jobs", headers={"Origin": SITE, **PREFLIGHT})
    answer = open_to_site.get("/livez", headers={"Origin": SITE})

    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == SITE
    assert "POST" in preflight.headers["access-control-allow-methods"]
    assert "Authorization" in preflight.headers["access-control-allow-headers"]
    assert answer.headers["access-control-allow-origin"] == SITE
    assert "Retry-After" in answer.headers["access-control-expose-headers"]
    assert "access-control-allow-credentials" not in answer.headers


def test_a_change_of_a_listed_site_is_not_taken_for_a_forgery(open_to_site: TestClient) -> None:
    for site, status in ((SITE, 422), (OTHER, 403)):
        headers = {"Origin": site, "Sec-Fetch-Site": "cross-site"}
        assert open_to_site.post("/jobs", json={}, headers=headers).status_code == status


def test_a_page_of_another_site_may_not(open_to_site: TestClient) -> None:
    assert open_to_site.options("/jobs", headers={"Origin": OTHER, **PREFLIGHT}).status_code == 400
    answer = open_to_site.get("/livez", headers={"Origin": OTHER})
    assert "access-control-allow-origin" not in answer.headers


def test_without_the_setting_no_site_may(app_client: TestClient) -> None:
    preflight = app_client.options("/jobs", headers={"Origin": SITE, **PREFLIGHT})

    assert "access-control-allow-origin" not in preflight.headers
    assert app_client.post("/jobs", json={}, headers={"Origin": SITE}).status_code == 403


def test_json_is_compressed_for_who_accepts_it(app_client: TestClient) -> None:
    plain = app_client.get("/openapi.json", headers={"Accept-Encoding": "identity"})
    packed = app_client.get("/openapi.json", headers={"Accept-Encoding": "gzip"})

    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.headers["vary"] == "Accept-Encoding"
    assert int(packed.headers["content-length"]) < len(plain.content) / 4
    assert packed.json() == plain.json()


@pytest.mark.parametrize(
    ("media_type", "packed"),
    [
        ("application/json", True),
        ("application/problem+json", True),
        ("text/vtt; charset=utf-8", True),
        ("text/html; charset=utf-8", False),
        ("video/mp4", False),
        ("image/jpeg", False),
        ("application/octet-stream", False),
    ],
)
def test_media_and_pages_are_sent_as_they_are(media_type: str, packed: bool) -> None:
    app = FastAPI()
    add_compression(app)
    content = b"a" * (SMALLEST + 1)

    @app.get("/")
    def whole() -> Response:
        return Response(content, media_type=media_type)

    with TestClient(app).stream("GET", "/", headers={"Accept-Encoding": "gzip"}) as answer:
        raw = b"".join(answer.iter_raw())
    assert ("content-encoding" in answer.headers) is packed
    assert (gzip.decompress(raw) if packed else raw) == content

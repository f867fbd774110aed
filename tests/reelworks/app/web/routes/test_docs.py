"""The API's reference: whole, strict about what it loads, and readable without a network."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from reelworks.app.web.api_reference import Type, type_of
from reelworks.app.web.rendering import PAGE_HEADERS
from reelworks.domain.library.access import Scope
from tests.reelworks.app.web.conftest import Guarded, Visitor
from tests.reelworks.app.web.test_reach import AXE


@pytest.fixture
def opened(browser: Browser, empty: Guarded):
    """Open the page in a browser that reaches this server and nothing else; return its requests."""
    visitor, payload = Visitor(browser, empty.server.url), list[str]()

    def open_docs(**context):
        page = visitor.open("about:blank", **context)
        token = empty.tokens[Scope.READ]
        home = urlsplit(empty.server.url)
        cookie = {"name": "reelworks", "value": token, "domain": "127.0.0.1", "path": "/"}
        page.context.add_cookies([cookie])

        def same_origin(route):
            payload.append(route.request.url)
            if urlsplit(route.request.url).netloc == home.netloc:
                route.continue_()
            else:
                route.abort("internetdisconnected")

        page.context.route("**/*", same_origin)
        page.goto(f"{empty.server.url}/docs")
        return page

    yield open_docs, payload
    visitor.close()
    assert visitor.complaints == [], "the console complains, of a breach of the policy for example"


def test_every_operation_is_shown_and_nothing_is_loaded_from_elsewhere(opened, empty):
    open_docs, payload = opened
    page = open_docs()
    document = empty.server.as_(empty.tokens[Scope.READ]).get("/openapi.json").json()

    expect(page.get_by_role("heading", name="Reelworks API")).to_be_visible()
    for path, methods in document["paths"].items():
        for method in methods:
            name = f"{method.upper()} {path}"
            expect(page.get_by_role("article", name=name, exact=True)).to_be_visible()
    for name in document["components"]["schemas"]:
        expect(page.locator(f"#schema-{name}")).to_be_visible()
    post = page.get_by_role("article", name="POST /videos", exact=True)
    expect(post.get_by_text("Idempotency-Key", exact=True)).to_be_visible()
    expect(post.get_by_text("https://example.org/talk.mp4")).to_be_visible()
    assert {urlsplit(one).netloc for one in payload} == {urlsplit(empty.server.url).netloc}
    assert len(payload) >= 3, "page, style and script"


def test_its_policy_is_that_of_every_page(empty):
    caller = empty.server.as_(empty.tokens[Scope.READ])
    for accept in ("text/html", "*/*"):
        answer = caller.get("/docs", headers={"Accept": accept})
        policy = answer.headers["content-security-policy"]
        assert policy == PAGE_HEADERS["Content-Security-Policy"]
        assert "unsafe" not in policy
        linked = re.findall(r'(?:src|href|action)="([^"]*)"', answer.text)
        assert [one for one in linked if not one.startswith(("/", "#")) or one[:2] == "//"] == []
    assert empty.server.get("/docs").status_code == 401
    assert caller.get("/redoc").status_code == 404


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation(opened, scheme):
    page = opened[0](color_scheme=scheme)

    found = Axe().run(page, options=AXE).response["violations"]

    assert {one["id"]: [node["html"] for node in one["nodes"]] for one in found} == {}


@pytest.mark.parametrize("width", [320, 1280])
def test_it_never_scrolls_sideways(opened, width):
    page = opened[0](viewport={"width": width, "height": 800})

    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "string", "maxLength": 5}, Type("text, at most 5 characters")),
        ({"type": "integer", "minimum": 1, "maximum": 9}, Type("whole number, 1 to 9")),
        ({"type": "array", "items": {"$ref": "#/components/schemas/A"}}, Type("list of A", "A")),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, Type("text or null")),
        ({"enum": ["a", "b"]}, Type('"a" or "b"')),
        ({}, Type("anything")),
    ],
)
def test_types_in_words(schema, words):
    assert type_of(schema) == words

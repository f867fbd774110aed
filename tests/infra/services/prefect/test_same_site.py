"""Requests of pages that are not our own, and for names that are not this machine's."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

import pytest

from infra.services.prefect.same_site import SameSiteMiddleware

PORT = 4200


async def answered(kind: str, headers: list[tuple[str, str]]) -> bool:
    """Ask a server behind the middleware, and tell whether it got to see the request."""
    seen = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["type"])

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request"}

    async def send(message: MutableMapping[str, Any]) -> None:
        assert message.get("status", 403) == 403

    raw = [(name.encode(), value.encode()) for name, value in headers]
    await SameSiteMiddleware(app, PORT)({"type": kind, "headers": raw}, receive, send)
    return bool(seen)


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize(
    ("headers", "served"),
    [
        ([("host", "127.0.0.1:4200")], True),
        ([("host", "LOCALHOST:4200")], True),
        ([("host", "localhost:15000")], True),
        ([("host", "localhost:15000"), ("origin", "http://localhost:15000")], True),
        ([("host", "127.0.0.1:4200"), ("origin", "http://localhost:4200")], True),
        ([("host", "127.0.0.1:4200"), ("origin", "http://localhost:3000")], False),
        ([("host", "127.0.0.1:4200"), ("origin", "https://evil.example")], False),
        ([("host", "127.0.0.1:4200"), ("origin", "null")], False),
        ([("host", "evil.example:4200")], False),
        ([("host", "evil.example:4200"), ("origin", "http://evil.example:4200")], False),
        ([("host", "127.0.0.1.evil.example")], False),
        ([("host", "localhost:4200"), ("host", "evil.example")], False),
        ([], False),
    ],
)
async def test_only_our_own_pages_ask_this_machine(
    kind: str, headers: list[tuple[str, str]], served: bool
) -> None:
    assert await answered(kind, headers) is served


async def test_the_start_and_the_end_of_the_server_pass() -> None:
    assert await answered("lifespan", [])

"""Similar frames on a page."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from reelworks.app.web.session import COOKIE
from reelworks.domain.library.access import Scope
from tests.reelworks.app.web.conftest import VIDEO


@pytest.mark.slow
def test_similar_frames_lead_to_their_moments(visitor):
    page = visitor.open(f"/watch/{VIDEO}")

    page.get_by_role("link", name="Similar frames").first.click()

    expect(page.get_by_role("heading", name="Similar frames")).to_be_visible()


def test_a_frame_that_is_not_there_is_said_on_a_page(empty):
    answer = empty.server.client.get(
        "/frames/talk_frame_000/similar",
        headers={"Accept": "text/html", "Cookie": f"{COOKIE}={empty.tokens[Scope.READ]}"},
    )

    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert "No frame has the id talk_frame_000." in answer.text

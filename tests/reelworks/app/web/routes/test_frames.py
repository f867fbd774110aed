"""Similar frames on a page."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.reelworks.app.web.conftest import VIDEO


@pytest.mark.slow
def test_similar_frames_lead_to_their_moments(visitor):
    page = visitor.open(f"/watch/{VIDEO}")

    page.get_by_role("link", name="Similar frames").first.click()

    expect(page.get_by_role("heading", name="Similar frames")).to_be_visible()

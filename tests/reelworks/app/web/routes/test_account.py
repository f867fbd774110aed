"""Signing in with a token, in a browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from reelworks.domain.library.access import Scope
from tests.reelworks.app.web.conftest import VIDEO, Visitor
from tests.reelworks.app.web.routes.test_library import drop

pytestmark = pytest.mark.slow


@pytest.fixture
def guest(browser, guarded):
    guest = Visitor(browser, guarded.server.url)
    yield guest
    guest.close()


def sign_in(page, token: str) -> None:
    page.get_by_label("Token").fill(token)
    page.get_by_role("button", name="Sign in").click()


def test_a_token_leads_to_the_page_that_was_requested(guest, guarded):
    page = guest.open(f"/watch/{VIDEO}?t=5")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()

    sign_in(page, "rw_not-a-token")
    expect(page.get_by_role("alert")).to_contain_text("The token is invalid, expired or revoked")
    sign_in(page, guarded.tokens[Scope.READ])

    page.wait_for_url(f"**/watch/{VIDEO}?t=5")
    expect(page.locator("#lines a[aria-current]")).to_be_visible()
    (cookie,) = page.context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
    assert page.evaluate("document.cookie") == ""
    expect(page.get_by_text("Delete…")).to_have_count(0)  # the scope read changes nothing
    expect(page.get_by_text("Index again")).to_have_count(0)

    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert page.context.cookies() == []


def test_who_is_signed_in_may_change_what_the_token_allows(guest, guarded, media, job):
    failed = job(failed=True)
    page = guest.open("/")
    sign_in(page, guarded.tokens[Scope.ADMIN])

    drop(page, "signed.mp4", (media / "odd" / "no_audio.mp4").read_bytes())
    uploads = page.get_by_role("region", name="Uploads")
    expect(uploads.get_by_role("listitem")).to_contain_text("Added")

    page.goto("/jobs?status=failed")
    page.locator(f"#job-{failed}").get_by_role("button", name="Retry").click()
    expect(page.get_by_text("1 job is queued again.")).to_be_visible()
    assert guest.complaints == []

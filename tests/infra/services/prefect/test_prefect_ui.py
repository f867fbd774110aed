"""Prefect's UI on the embedded server, in a real browser: it asks for the password first."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect, sync_playwright

from tests.reelworks.app.web.conftest import CHROMIUM, FLAGS
from tests.support.whole_house import WholeHouse

pytestmark = pytest.mark.slow


def test_who_signs_in_sees_the_deployments_and_starts_a_run_by_its_form(
    house_up: WholeHouse, media: Path
) -> None:
    address = house_up.addresses["prefect"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        owner = browser.new_context(viewport={"width": 1280, "height": 1000})
        page = _open(owner, address)
        _sign_in(page, "guess")
        expect(page.get_by_text("Invalid credentials")).to_be_visible()
        _sign_in(page, house_up.password)
        page.wait_for_url("**/dashboard**")

        page.get_by_role("link", name="Deployments").click()
        for name in ("backfill", "sync", "index"):
            expect(page.get_by_role("link", name=name, exact=True).first).to_be_visible()
        page.get_by_role("link", name="index", exact=True).first.click()
        page.get_by_role("button", name="Run").first.click()
        page.get_by_role("menuitem", name="Custom run").click()
        expect(page.get_by_text("typed here in plain text")).to_be_visible()
        page.locator("textarea").first.fill(str(media / "odd" / "single_frame.mp4"))
        page.get_by_role("button", name="Submit").click()
        _wait_for_video(house_up, "single-frame")

        stranger = _open(browser.new_context(), address)
        expect(stranger.locator("input[type=password]")).to_be_visible()
        stranger.goto(f"{address}/v2/deployments")
        expect(stranger.locator("input[type=password]")).to_be_visible()
        assert "backfill" not in stranger.inner_text("body")
        browser.close()


def _open(context: BrowserContext, address: str) -> Page:
    context.set_default_timeout(30_000)
    page = context.new_page()
    page.goto(address)
    page.wait_for_url("**/login**")
    return page


def _sign_in(page: Page, password: str) -> None:
    page.locator("input[type=password]").fill(password)
    page.get_by_role("button", name="Login").click()


def _wait_for_video(house: WholeHouse, name: str) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        ready = [one["id"] for one in house.json("list")["videos"] if one["status"] == "ready"]
        if any(video_id.startswith(name) for video_id in ready):
            return
        time.sleep(1)
    pytest.fail(f"{name} is not ready: {house.call('list').stdout}")

"""Everyone can use the pages: by keyboard, on a phone, in the dark, with a screen reader."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.reelworks.app.web.conftest import VIDEO

pytestmark = pytest.mark.slow

PAGES = {
    "library": "/",
    "nothing matches": "/?title=nothing-like-it",
    "search": "/search",
    "found": "/search?q=accounts&in=speech&in=picture",
    "nothing found": '/search?q="nothing+like+it"',
    "video": f"/watch/{VIDEO}?t=5",
    "frames": f"/frames/{VIDEO}_frame_000/similar",
    "jobs": "/jobs",
    "job": "/jobs/{job}",
}
AXE = {
    "resultTypes": ["violations"],
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation_on_any_page(visitor, job, scheme):
    failed = job(failed=True)
    page = visitor.open("/", color_scheme=scheme, reduced_motion="reduce")
    found = {}
    for name, path in PAGES.items():
        page.goto(path.format(job=failed))
        for menu in page.locator("details").all():
            menu.evaluate("menu => { menu.open = true }")
        body = Axe().run(page, options=AXE)
        found |= {
            f"{name}: {one['id']}": [node["html"] for node in one["nodes"]]
            for one in body.response["violations"]
        }
    assert found == {}


def test_axe_finds_no_violation_on_the_sign_in_page_and_on_an_error(browser, guarded, site):
    for address in (f"{guarded.server.url}/sign-in", f"{site.url}/watch/nothing"):
        page = browser.new_page()
        page.goto(address)
        assert Axe().run(page, options=AXE).response["violations"] == []
        page.close()


@pytest.mark.parametrize("width", [320, 768])
def test_no_page_scrolls_sideways(visitor, job, width):
    failed = job(failed=True)
    page = visitor.open("/", viewport={"width": width, "height": 640})
    for name, path in PAGES.items():
        page.goto(path.format(job=failed))
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name


def test_the_way_from_the_library_to_a_moment_needs_no_mouse(visitor):
    page = visitor.open("/")

    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"

    page.get_by_role("searchbox", name="Search all videos").focus()
    page.keyboard.type("accounts")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?q=accounts")

    seen = []
    for _ in range(30):
        page.keyboard.press("Tab")
        seen.append(page.evaluate("document.activeElement.className"))
        if "play" in seen[-1]:
            break
    assert "play" in seen[-1], seen
    page.keyboard.press("Enter")
    expect(page.locator(".clip video")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.locator(".clip video")).to_have_count(0)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/watch/{VIDEO}?t=*")
    expect(page.locator("#lines a[aria-current]")).to_be_visible()


def test_every_focus_is_visible(visitor):
    page = visitor.open("/jobs")
    for _ in range(12):
        page.keyboard.press("Tab")
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none", page.evaluate("document.activeElement.outerHTML")


def test_pages_work_without_script(visitor):
    page = visitor.open("/?library=default", java_script_enabled=False)

    page.get_by_role("link", name="voicestudio-en").click()
    page.get_by_role("link", name="No accounts").click()
    page.wait_for_url(f"**/watch/{VIDEO}?t=*#player")
    page.get_by_role("searchbox", name="Search all videos").fill("accounts")
    page.get_by_role("button", name="Search").click()
    expect(page.locator(".moment")).not_to_have_count(0)

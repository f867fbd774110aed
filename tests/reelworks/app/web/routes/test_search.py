"""Search in a browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.reelworks.app.web.conftest import VIDEO, until

pytestmark = pytest.mark.slow


def test_a_moment_is_found_with_its_words_marked(visitor):
    page = visitor.open("/")
    page.get_by_role("searchbox", name="Search all videos").fill("no cloud")
    page.keyboard.press("Enter")

    moment = page.locator(".moment").first
    expect(moment.locator("mark", has_text="cloud")).to_be_visible()
    expect(moment).to_contain_text("these words in speech")
    moment.get_by_role("link", name="voicestudio-en").click()
    expect(page.locator("#lines a[aria-current]")).to_be_visible()


def test_a_press_plays_the_moment_without_sound(visitor):
    page = visitor.open("/search?q=%22no+accounts%22")
    clip = page.locator(".clip").first
    start = float(clip.get_attribute("data-start"))

    play = clip.get_by_role("button")
    play.click()

    video = clip.locator("video")
    until(page, "document.querySelector('.clip video')?.currentTime > 0")
    assert video.evaluate("v => [v.muted, v.paused]") == [True, False]
    assert video.evaluate("v => v.currentTime") >= start - 0.1
    expect(play).to_have_attribute("aria-pressed", "true")
    play.click()
    expect(video).to_have_count(0)


def test_hover_plays_and_leaving_stops(visitor):
    page = visitor.open("/search?q=%22no+accounts%22")

    page.locator(".clip").first.hover()
    expect(page.locator(".clip video")).to_have_count(1)
    page.get_by_role("searchbox").hover()
    expect(page.locator(".clip video")).to_have_count(0)


def test_nothing_moves_by_itself_for_who_wants_less_motion(visitor):
    page = visitor.open("/search?q=%22no+accounts%22", reduced_motion="reduce")

    page.locator(".clip").first.hover()
    page.wait_for_timeout(700)
    expect(page.locator(".clip video")).to_have_count(0)
    page.locator(".play").first.click()
    expect(page.locator(".clip video")).to_have_count(1)


def test_filters_and_the_cut_list_ask_for_the_same(visitor):
    page = visitor.open("/search?q=accounts&in=speech&library=default&language=en&length=0-60")

    expect(page.get_by_label("Speech")).to_be_checked()
    expect(page.locator(".moment")).not_to_have_count(0)
    page.get_by_text("Cut list").click()
    with page.expect_download() as begun:
        page.get_by_role("link", name="EDL").click()
    edl = begun.value.path().read_text()
    assert edl.startswith("TITLE: accounts")
    assert f"* VIDEO ID: {VIDEO}" in edl

    page.get_by_label("Text on screen", exact=True).check()
    page.get_by_label("Speech").uncheck()
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("heading", name="Nothing found")).to_be_visible()


def test_a_question_that_cannot_be_searched_is_answered_in_words(site):
    answer = site.get("/search?q=%22%22", headers={"Accept": "text/html"})

    assert answer.status_code == 422
    assert "The query has no words" in answer.text


def test_the_spelling_of_the_library_is_a_link(visitor):
    page = visitor.open("/search?q=acconts&in=speech")

    page.get_by_role("link", name="accounts", exact=True).click()
    expect(page.get_by_role("searchbox", name="What to look for")).to_have_value("accounts")
    expect(page.get_by_role("checkbox", name="Speech")).to_be_checked()

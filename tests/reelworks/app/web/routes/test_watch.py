"""A video's page in a browser."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from playwright.sync_api import expect
from sqlalchemy import text

from reelworks.domain.jobs.job import JobSelection, NewJob
from reelworks.domain.jobs.result import JobResult
from reelworks.domain.video.video import AudioMix, AudioTrack, NormalizedAudio, Probe
from reelworks.store.db.database import transaction
from reelworks.store.jobs import claims, leases
from reelworks.store.jobs import jobs as job_queue
from reelworks.store.jobs.attempts import attempt_of
from reelworks.store.jobs.leases import Heartbeat
from reelworks.store.library.publish import publish_audio, publish_probe
from tests.reelworks.app.web.conftest import VIDEO, until

pytestmark = pytest.mark.slow

CURRENT = "#lines a[aria-current]"


def player_time(page) -> float:
    return page.locator("#player video").evaluate("video => video.currentTime")


def test_the_player_begins_at_the_second_of_the_address(visitor):
    page = visitor.open(f"/watch/{VIDEO}?t=5.000")

    expect(page.locator(CURRENT)).to_contain_text("entirely on your machine")
    assert 4.9 <= player_time(page) <= 5.1
    assert page.locator("#player video").evaluate("v => v.textTracks[0].kind") == "captions"


def test_the_transcript_follows_the_player(visitor):
    page = visitor.open(f"/watch/{VIDEO}")

    page.locator("#player video").evaluate("v => { v.muted = true; v.currentTime = 6.5; v.play() }")

    expect(page.locator(CURRENT)).to_contain_text("No accounts, no cloud")


def test_a_line_of_the_transcript_jumps_there_by_press_and_by_enter(visitor):
    page = visitor.open(f"/watch/{VIDEO}")
    page.locator("#player video").evaluate("v => v.muted = true")

    page.get_by_role("link", name=re.compile("No accounts")).click()
    until(page, "document.querySelector('video').currentTime >= 6.7")
    assert re.search(r"\?t=6\.\d{3}$", page.url)

    page.get_by_role("link", name=re.compile("Voice Studio is")).focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    until(page, "Math.abs(document.querySelector('video').currentTime - 5.4) < 1")


def test_arrows_go_through_the_scenes(visitor):
    page = visitor.open(f"/watch/{VIDEO}")
    scenes = page.locator("[data-strip] a")
    assert scenes.count() >= 2

    scenes.first.focus()
    page.keyboard.press("ArrowRight")
    expect(scenes.nth(1)).to_be_focused()
    page.keyboard.press("Home")
    expect(scenes.first).to_be_focused()


def test_everything_can_be_downloaded(visitor):
    page = visitor.open(f"/watch/{VIDEO}")
    page.get_by_text("Download", exact=True).click()

    for name, suffix in (("SRT", ".srt"), ("WebVTT", ".vtt"), ("JSON", ".json"), ("MP4", ".mp4")):
        with page.expect_download() as begun:
            page.get_by_role("link", name=re.compile(name)).click()
        assert begun.value.suggested_filename.endswith(suffix)


def test_another_audio_track_is_chosen(visitor, site):
    address = {"url": "https://example.org/t.mkv", "id": "two-tracks", "index": False}
    site.post("/videos", json=address)
    tracks = (AudioTrack(1, "aac", 48_000, 2, "eng"), AudioTrack(2, "aac", 48_000, 2, "fra"))
    probe = Probe("matroska", 9.0, audio_tracks=tracks, audio=tracks[0])
    mix = AudioMix(1, reason="Audio track 1 was chosen by the user.")
    publish_probe(site.engine, "two-tracks", probe, upload_path="uploads/t.mkv", sha256="ab")
    publish_audio(
        site.engine, "two-tracks", NormalizedAudio(9.0, tracks[0], (), mix), has_picture=False
    )
    page = visitor.open("/watch/two-tracks")
    expect(page.get_by_text("Audio track 1 was chosen by the user.")).to_be_visible()

    page.get_by_text("Index again").click()
    page.get_by_label("Audio track").select_option(label="2, fra")
    page.get_by_role("button", name="Start").click()

    expect(page.get_by_text("The job is in the queue.")).to_be_visible()
    job_id = page.url.rpartition("/")[2].partition("?")[0]
    assert job_queue.get_job(site.engine, job_id).params == {"audio_track": 2}
    job_queue.cancel_jobs(site.engine, JobSelection(ids=(job_id,)))


def test_the_page_is_updated_in_place_while_its_job_waits_runs_and_ends(visitor, site, job):
    job_queue.cancel_jobs(site.engine, JobSelection())  # those of other tests
    job_id = job()
    page = visitor.open(f"/watch/{VIDEO}?t=5.000")
    now = page.get_by_role("region", name="Indexing")
    expect(now).to_contain_text(re.compile("Queued: .* in the queue"))
    page.evaluate("window.sameDocument = true")
    page.locator("#lines").evaluate("list => (list.scrollTop = 7)")

    (claimed,) = (
        one for one in claims.claim(site.engine, "test", 60, limit=1000) if one.id == job_id
    )
    leases.begin(site.engine, attempt_of(claimed), f"run-{job_id}", 60)
    expect(now).to_contain_text("Running")
    expect(now.get_by_role("progressbar")).to_be_visible()
    nothing = Heartbeat({}, {}, Decimal(0))
    leases.finish(site.engine, attempt_of(claimed), f"run-{job_id}", nothing, JobResult())

    expect(now).to_be_hidden()
    expect(page.get_by_text("Index again")).to_be_visible()
    assert page.evaluate("window.sameDocument === true"), "it was not loaded again"
    assert 4.9 <= player_time(page) <= 5.1
    page.locator("#player video").evaluate("video => (video.currentTime = 6.9)")
    expect(page.locator(CURRENT)).to_contain_text("No accounts, no cloud")


def test_transcript_and_player_appear_on_an_open_page(visitor, site):
    with transaction(site.engine) as connection:
        connection.execute(
            text("INSERT INTO videos (id, original_path, title) VALUES ('new', '/n.mp4', 'New')")
        )
    job_queue.add_jobs(site.engine, [NewJob("job-new", "new")])
    page = visitor.open("/watch/new")
    expect(page.get_by_text("can be played once it is normalized")).to_be_visible()
    page.evaluate("window.sameDocument = true")

    with transaction(site.engine) as connection:
        connection.execute(
            text(
                "UPDATE videos SET status = 'ready', duration_sec = 11,"
                f" normalized_path = 'processed/{VIDEO}/normalized.mp4' WHERE id = 'new'"
            )
        )
        connection.execute(
            text(
                "INSERT INTO transcript_segments (id, video_id, t_start, t_end, text, model)"
                " VALUES ('new_segment_000', 'new', 1, 2, 'A line that came later.', 'm')"
            )
        )
    job_queue.cancel_jobs(site.engine, JobSelection(ids=("job-new",)))

    expect(page.get_by_text("A line that came later.")).to_be_visible()
    expect(page.locator("#player video")).to_have_count(1)
    expect(page.get_by_label("Follow")).to_be_checked()
    assert page.evaluate("window.sameDocument === true"), "it was not loaded again"
    visitor.complaints.clear()  # the rows of this video have no media


def test_what_is_not_there_is_said_on_a_page(browser, site):
    page = browser.new_page(base_url=site.url)
    answer = page.goto("/watch/nothing")

    assert answer.status == 404
    expect(page.get_by_role("main")).to_contain_text("No video has the id nothing.")
    page.close()

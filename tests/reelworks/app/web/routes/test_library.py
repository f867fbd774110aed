"""The library in a browser."""

from __future__ import annotations

import re
import secrets

import pytest
from playwright.sync_api import expect

from reelworks.domain.jobs.job import JobSelection
from reelworks.domain.jobs.progress import StageProgress
from reelworks.domain.jobs.result import JobResult
from reelworks.store.jobs import claims, leases
from reelworks.store.jobs import jobs as job_queue
from reelworks.store.jobs.attempts import Attempt
from reelworks.store.jobs.leases import Heartbeat
from tests.reelworks.app.web.conftest import VIDEO

pytestmark = pytest.mark.slow


def test_videos_are_shown_with_poster_length_and_language(visitor):
    page = visitor.open("/")

    card = page.locator(f"#video-{VIDEO}")
    expect(card.get_by_role("link")).to_have_text("voicestudio-en")
    expect(card).to_contain_text("0:11")
    expect(card).to_contain_text("English")
    assert card.locator("img").evaluate("image => image.decode().then(() => image.naturalWidth)")


def test_a_filter_leaves_what_matches_and_says_when_nothing_does(visitor):
    page = visitor.open("/")

    page.get_by_label("Title").fill("studio")
    page.get_by_role("button", name="Filter").click()
    expect(page.locator(f"#video-{VIDEO}")).to_be_visible()

    page.get_by_label("Title").fill("nothing like it")
    page.get_by_role("button", name="Filter").click()
    expect(page.get_by_role("heading", name="No video matches")).to_be_visible()


def test_a_running_job_is_followed_and_its_end_is_seen(visitor, site, job):
    page = visitor.open("/")
    job_id = job()
    claims.claim(site.engine, "test", 60, limit=1000)
    attempt = Attempt(job_id, job_queue.get_job(site.engine, job_id).attempts)
    leases.begin(site.engine, attempt, "run", 60)

    card = page.locator(f"#video-{VIDEO}")
    expect(card.get_by_role("progressbar")).to_be_visible()

    body = {"normalize": StageProgress("running", done=9.0, total=10.0)}
    leases.beat(site.engine, attempt, "run", 60, Heartbeat(body, {}, 0))
    expect(card.get_by_role("progressbar")).to_have_attribute("value", re.compile("0.1"))
    expect(card).to_contain_text("Normalize the video")

    leases.finish(site.engine, attempt, "run", Heartbeat(body, {}, 0), JobResult())
    expect(card.get_by_role("progressbar")).to_have_count(0)


def drop(page, name: str, content: bytes) -> None:
    """Drop a file onto the page, as a person does."""
    carried = page.evaluate_handle(
        """([name, bytes]) => {
            const carried = new DataTransfer();
            carried.items.add(new File([Uint8Array.from(bytes)], name));
            return carried;
        }""",
        [name, list(content)],
    )
    for kind in ("dragenter", "dragover", "drop"):
        page.dispatch_event("body", kind, {"dataTransfer": carried})


def test_a_file_that_is_dropped_is_added_and_its_job_waits(visitor, site, media):
    page = visitor.open("/")

    own = b"\0\0\0\x10free" + secrets.token_bytes(8)  # bytes that the library does not have
    drop(page, "dropped.mp4", (media / "odd" / "no_audio.mp4").read_bytes() + own)

    uploads = page.get_by_role("region", name="Uploads")
    expect(uploads).to_contain_text("its job is in the queue")
    added = uploads.get_by_role("link", name="dropped")
    video_id = added.get_attribute("href").rpartition("/")[2]
    assert job_queue.list_jobs(site.engine, JobSelection(video_id=video_id), limit=1)
    expect(page.locator(f"#video-{video_id}")).to_be_visible()  # without a reload


def test_a_file_that_is_no_video_is_refused_in_words(browser, site):
    page = browser.new_page(base_url=site.url)  # the refusal shows on the console: no visitor
    page.goto("/")

    page.get_by_label("Add videos").set_input_files(
        {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"no video at all " * 99}
    )

    line = page.get_by_role("region", name="Uploads").get_by_role("listitem")
    expect(line).to_contain_text("notes.txt")
    expect(line.locator(".reason")).to_contain_text(re.compile("media|video", re.IGNORECASE))
    line.get_by_role("button", name=re.compile("Dismiss")).click()
    expect(line).to_have_count(0)
    page.close()


def test_an_upload_can_be_cancelled(visitor, site):
    page = visitor.open("/")
    window = page.context
    stopped = []
    window.route("**/videos", lambda route: stopped.append(route))  # noqa: PLW0108 - wants a lambda

    name = f"{secrets.token_hex(4)}.mp4"
    drop(page, name, b"\0" * 4096)
    line = page.get_by_role("region", name="Uploads").get_by_role("listitem")
    expect(line).to_contain_text(name)
    line.get_by_role("button", name=f"Cancel the upload of {name}").click()

    expect(line).to_have_count(0)
    expect(page.locator("#announce")).to_have_text(f"The upload of {name} was cancelled.")


def test_more_videos_come_below_and_take_the_focus(visitor, site):
    from sqlalchemy import text

    from reelworks.store.db.database import transaction

    with transaction(site.engine) as connection:
        connection.execute(
            text(
                "INSERT INTO videos (id, original_path, title, library)"
                " SELECT 'many-' || n, '/x', 'Number ' || n, 'many' FROM generate_series(1, 30) n"
            )
        )
    page = visitor.open("/?library=many")
    expect(page.locator("#items > li")).to_have_count(24)

    page.get_by_role("link", name="Show more").click()

    expect(page.locator("#items > li")).to_have_count(30)
    expect(page.get_by_role("link", name="Show more")).to_have_count(0)
    assert page.evaluate("document.activeElement.closest('#items > li') !== null")

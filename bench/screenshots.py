"""Screenshots of the README: ``python -m bench.screenshots``.

Starts every service in a folder of its own, adds the sample and some of the test media through the
API, and takes screenshots of the pages in Chromium while a job runs.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import httpx
from playwright.sync_api import Page, sync_playwright

from infra.services.supervision.parts import ServicePaths
from infra.services.supervision.state import Service, read_state
from infra.services.supervision.supervisor import down, up
from reelworks.settings import Settings

ROOT = Path(__file__).parents[1]
SCREENSHOTS = ROOT / "docs" / "pictures"
CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--disable-gpu", "--autoplay-policy=no-user-gesture-required"]
SIZE = {"width": 1280, "height": 800}
LARGEST = 300_000
"""Bytes of a screenshot."""
FILMS = {
    "tests/media/speech/jfk.flac": ("Inaugural address, 1961", "archive"),
    "tests/media/speech/two_cities.flac": ("A Tale of Two Cities, read aloud", "archive"),
    "tests/media/video/nasa_13013.mp4": ("The Webb telescope in the clean room", "archive"),
    "tests/media/video/voicestudio-en.mp4": ("Voice Studio in eleven seconds", "product"),
    "tests/media/video/sintel-trailer-30s.mp4": ("Sintel, trailer", "films"),
    "samples/reelworks-demo.mp4": ("Reelworks demo", "product"),
}
"""Title and library of each file, the oldest first. Origins: tests/media/README.md."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=SCREENSHOTS)
    out: Path = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    for name in ("DATABASE_URL", "PREFECT_API_URL", "S3_ENDPOINT_URL"):
        os.environ.pop(name, None)
    with tempfile.TemporaryDirectory(prefix="rw-", ignore_cleanup_errors=True) as folder:
        os.environ["DATA_DIR"] = folder
        settings = Settings(_env_file=None, data_dir=Path(folder))
        try:
            up(settings)
            address = f"http://127.0.0.1:{port_of(settings)}"
            with httpx.Client(base_url=address, timeout=60) as api:
                wait_for(lambda: is_well(api), 60)
                ids = fill(api)
                take_all(address, api, ids, out)
        finally:
            down(settings, force=True)


def port_of(settings: Settings) -> int:
    return read_state(ServicePaths(settings.data_dir).run).parts[Service.API].ports[0]


def is_well(api: httpx.Client) -> bool:
    try:
        return api.get("/healthz").status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


def wait_for(done: Callable[[], bool], seconds: float) -> None:
    until = time.monotonic() + seconds
    while not done():
        if time.monotonic() > until:
            raise SystemExit("It took too long; see the logs in DATA_DIR.")
        time.sleep(0.2)


def fill(api: httpx.Client) -> dict[str, str]:
    """Add the films and a job that fails; return the videos' ids by title."""
    ids = {}
    for path, (title, library) in FILMS.items():
        with (ROOT / path).open("rb") as file:
            form = {"title": title, "library": library}
            answer = api.post("/videos", files={"file": (Path(path).name, file)}, data=form)
        ids[title] = answer.raise_for_status().json()["video"]["id"]
        print("added", title, flush=True)
    lost = {"s3_key": "incoming/keynote.mp4", "title": "Keynote", "library": "product"}
    lost_id = api.post("/videos", json=lost).raise_for_status().json()["video"]["id"]
    wait_for(lambda: all(status(api, one) == "ready" for one in ids.values()), 600)
    wait_for(lambda: bool(api.get("/jobs", params=failed_of(lost_id)).json()["jobs"]), 300)
    return ids


def failed_of(video_id: str) -> dict[str, str]:
    return {"video_id": video_id, "status": "failed"}


def status(api: httpx.Client, video_id: str) -> str:
    found: str = api.get(f"/videos/{video_id}").raise_for_status().json()["status"]
    return found


def take_all(address: str, api: httpx.Client, ids: dict[str, str], out: Path) -> None:
    demo, film = ids["Reelworks demo"], ids["Sintel, trailer"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        light = browser.new_page(base_url=address, viewport=SIZE, color_scheme="light")
        dark = browser.new_page(base_url=address, viewport=SIZE, color_scheme="dark")
        light.goto(f"/watch/{demo}?t=17.5")
        light.wait_for_selector("#lines a[aria-current]")
        take(light, out / "watch.png")
        light.goto("/search?q=country+or+telescope+or+wisdom")
        light.locator(".play").first.click()
        until(light, "document.querySelector('.clip video')?.currentTime > 0")
        take(light, out / "search.png")
        job = {"video_id": film, "recompute": ["normalize", "scenes", "frames", "vision"]}
        api.post("/jobs", json=job).raise_for_status()
        light.goto("/")
        dark.goto("/")
        until(light, "document.querySelector('.card progress')?.value > 0.2")
        take(light, out / "library.png")
        light.goto("/jobs")
        take(light, out / "jobs.png")
        take(dark, out / "library-dark.png")
        browser.close()


def until(page: Page, expression: str) -> None:
    """Wait for something on a page; Playwright's own wait violates the page's policy."""
    wait_for(lambda: page.evaluate(expression) is True, 120)


def take(page: Page, path: Path) -> None:
    """Write a screenshot of the page, small enough for a README."""
    until(page, "[...document.images].every(one => one.complete || one.loading == 'lazy')")
    page.wait_for_timeout(500)
    page.screenshot(path=path, animations="disabled")
    image = cv2.imread(str(path))
    cv2.imwrite(str(path), image, [cv2.IMWRITE_PNG_COMPRESSION, 9])
    size = path.stat().st_size
    print(f"{path.name} {size // 1000} kB", flush=True)
    if size > LARGEST:
        raise SystemExit(f"{path} is larger than {LARGEST // 1000} kB; choose calmer media.")


if __name__ == "__main__":
    main()

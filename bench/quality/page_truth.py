"""Pages with known controls: rendered in Chromium, their truth read from the DOM.

A page is 1280x720. A control counts when at least half of it lies inside the window. Its label is
what a person sees: its own text or value, else the text of its ``label``, else its placeholder.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import sync_playwright

from reelworks.domain.video.vision import Box, Control, ControlKind

CHROMIUM = Path("/usr/bin/chromium")
WIDTH, HEIGHT = 1280, 720
JPEG_QUALITY = 90
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PAGES = Path(__file__).parent / "pages"

Image = NDArray[np.uint8]

_READ_CONTROLS = """() => {
  const kinds = [
    ['menu', 'select, [role=menuitem][aria-haspopup], [role=combobox]'],
    ['checkbox', 'input[type=checkbox], [role=checkbox]'],
    ['radio', 'input[type=radio], [role=radio]'],
    ['slider', 'input[type=range], [role=slider]'],
    ['button', 'button, [role=button], input[type=submit], input[type=reset], input[type=button]'],
    ['tab', '[role=tab]'],
    ['field', 'textarea, input'],
    ['link', 'a[href]']];
  const seen = new Set(), found = [];
  const clean = s => (s || '').replace(/\\s+/g, ' ').trim();
  for (const [kind, selector] of kinds) for (const e of document.querySelectorAll(selector)) {
    if (seen.has(e)) continue;
    seen.add(e);
    const box = kind === 'link' ? textBox(e) : e.getBoundingClientRect();
    const secret = e.type === 'password';
    const own = kind === 'menu' && e.tagName === 'SELECT' ? e.selectedOptions[0].text
      : kind === 'field' ? (secret ? '' : e.value || e.placeholder) : e.innerText || e.value;
    const tag = e.labels && e.labels.length ? e.labels[0].innerText : '';
    const toggle = kind === 'checkbox' || kind === 'radio';
    found.push({kind, label: clean(toggle || kind === 'slider' ? tag : own || tag),
                x: box.left, y: box.top, w: box.width, h: box.height});
  }
  function textBox(e) {
    const range = document.createRange();
    range.selectNodeContents(e);
    return range.getBoundingClientRect();
  }
  return found;
}"""


@dataclass(frozen=True, slots=True)
class Page:
    """One rendered page: its image (HxWx3 uint8 RGB) and the controls that the DOM states."""

    name: str
    image: Image
    truth: tuple[Control, ...]


def soften(image: Image) -> Image:
    """Put an RGB image through JPEG at quality 90, as the pipeline's frames are."""
    bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    _, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    return decode(data)


def decode(data: Image) -> Image:
    """Decode the bytes of an image to HxWx3 uint8 RGB."""
    return cv2.cvtColor(cv2.imdecode(data, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB).astype(np.uint8)


def load_truth(path: Path) -> tuple[Control, ...]:
    """Read the truth of one page from a JSON file that ``bench.quality.controls --save`` wrote."""
    return _controls(json.loads(path.read_text()))


def dump_truth(truth: Iterable[Control]) -> str:
    """Return controls as JSON in pixels of the 1280x720 window."""
    rows = [
        {
            "kind": str(c.kind),
            "label": c.label,
            "x": round(c.box.x * WIDTH, 1),
            "y": round(c.box.y * HEIGHT, 1),
            "w": round(c.box.w * WIDTH, 1),
            "h": round(c.box.h * HEIGHT, 1),
        }
        for c in truth
    ]
    return "[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n"


def render(half: str) -> Iterator[Page]:
    """Render the pages of one half, ``dev`` or ``heldout``, in order of their names.

    Raises ``RuntimeError`` when Chromium is not installed.
    """
    if not CHROMIUM.exists():
        raise RuntimeError(f"Chromium is not installed at {CHROMIUM}: install it to render pages.")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        try:
            window = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
            for path in sorted((PAGES / half).glob("*.html")):
                window.set_content(path.read_text())
                shot = np.frombuffer(window.screenshot(), np.uint8)
                yield Page(path.stem, decode(shot), _controls(window.evaluate(_READ_CONTROLS)))
        finally:
            browser.close()


def _controls(rows: list[dict[str, str | float]]) -> tuple[Control, ...]:
    boxes = [
        (
            row,
            Box(
                float(row["x"]) / WIDTH,
                float(row["y"]) / HEIGHT,
                float(row["w"]) / WIDTH,
                float(row["h"]) / HEIGHT,
            ),
        )
        for row in rows
    ]
    return tuple(
        Control(ControlKind(row["kind"]), str(row["label"]), box)
        for row, box in boxes
        if box.y + box.h / 2 < 1 and box.x + box.w / 2 < 1
    )

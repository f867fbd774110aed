"""Benchmark of the control finder on rendered pages and on a real screen recording.

``python -m bench.quality.controls``. Twelve pages are rendered in Chromium, six to develop with
(``dev``) and six held out; each passes through JPEG at quality 90 before it is read. Sixteen frames
of a recording are labelled by hand (``recording_truth``), half of them held out, each in two sizes.
``--misses`` lists what was missed or invented, ``--save FOLDER`` writes each page's PNG and truth.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import cv2

from bench.quality.control_score import Score, matches
from bench.quality.page_truth import Page, dump_truth, render, soften
from bench.quality.recording_truth import HALVES, SIZES, labelled_frames
from reelworks.domain.video.vision import Control, ControlKind
from reelworks.models.vision.controls import find_controls
from reelworks.models.vision.ocr import Image, text_reader

BOXED = (ControlKind.BUTTON, ControlKind.FIELD, ControlKind.CHECKBOX)
EVERY_KIND = tuple(ControlKind)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="*", default=["pages", "recording"])
    parser.add_argument("--misses", action="store_true")
    parser.add_argument("--save", type=Path)
    chosen = parser.parse_args()
    if "pages" in chosen.what:
        for half in ("dev", "heldout"):
            measure_pages(half, misses=chosen.misses, save_to=chosen.save)
    if "recording" in chosen.what:
        for half in HALVES:
            for size in SIZES:
                measure_recording(half, size, misses=chosen.misses)


def measure_pages(half: str, *, misses: bool, save_to: Path | None) -> None:
    """Print the scores of one half of the rendered pages."""
    score = Score()
    for page in render(half):
        found = controls_on(soften(page.image))
        score.add(found, page.truth)
        if misses:
            print_misses(page.name, found, page.truth)
        if save_to:
            save(page, save_to)
    print(table(f"pages, {half}", score))


def measure_recording(half: str, size: str, *, misses: bool) -> None:
    """Print the scores of one half of the recording's frames in one size.

    The last row leaves out the bars that every frame shows: they would count sixteen times.
    """
    score, own = Score(), Score()
    for frame in labelled_frames(half, size):
        found = frame.judged(controls_on(frame.image))
        score.add(found, frame.truth)
        own.add(frame.own(found), frame.truth[frame.everywhere :])
        if misses:
            print_misses(frame.name, found, frame.truth)
    print(table(f"{size}, {half}", score, [row("all but the bars", own, EVERY_KIND)]))


def controls_on(image: Image) -> tuple[Control, ...]:
    """Read an image and find its controls, as the vision stage does."""
    return find_controls(image, text_reader().read(image))


def table(title: str, score: Score, more: Sequence[str] = ()) -> str:
    head = f"{title:<20}{'true':>6}{'found':>7}{'hit':>6}{'precision':>11}{'recall':>8}{'F1':>7}"
    kinds = [kind for kind in ControlKind if score.true[kind] or score.found[kind]]
    groups = [(str(kind), (kind,)) for kind in kinds]
    groups += [("button+field+check", BOXED), ("all", EVERY_KIND)]
    rows = [head, *(row(name, score, members) for name, members in groups), *more]
    rows.append(f"labels right: {score.labels} of {sum(score.hits.values())} hits\n")
    return "\n".join(rows)


def row(name: str, score: Score, kinds: Sequence[ControlKind]) -> str:
    counts = (sum(c[k] for k in kinds) for c in (score.true, score.found, score.hits))
    true, found, hits = counts
    precision, recall, f1 = score.rates(kinds)
    return f"{name:<20}{true:>6}{found:>7}{hits:>6}{precision:>11.3f}{recall:>8.3f}{f1:>7.3f}"


def print_misses(name: str, found: Sequence[Control], truth: Sequence[Control]) -> None:
    pairs = matches(found, truth)
    hit = [id(control) for pair in pairs for control in pair]
    print(name)
    for word, controls in (("missed", truth), ("invented", found)):
        for c in controls:
            if id(c) not in hit:
                x, y, w, h = c.box.x * 1280, c.box.y * 720, c.box.w * 1280, c.box.h * 720
                print(f"  {word} {c.kind} {c.label!r} at {x:.0f},{y:.0f} {w:.0f}x{h:.0f}")
    for f, t in pairs:
        if f.label.lower() != t.label.lower():
            print(f"  label of {t.kind}: {f.label!r}, true {t.label!r}")


def save(page: Page, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    bgr = cv2.cvtColor(page.image, cv2.COLOR_RGB2BGR)
    cv2.imwrite(str(folder / f"{page.name}.png"), bgr, [cv2.IMWRITE_PNG_COMPRESSION, 9])
    (folder / f"{page.name}.json").write_text(dump_truth(page.truth))


if __name__ == "__main__":
    main()
